"""Kubernetes quantities, read exactly."""

from fractions import Fraction

import pytest

from conformance.oracle.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1000m", 1),
        ("500m", Fraction(1, 2)),
        ("0.5", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("1.", 1),
        ("1k", 1000),
        ("1Ki", 1024),
        ("2e3", 2000),
        ("2E-1", Fraction(1, 5)),
        ("3E", 3 * 10**18),
        ("10n", Fraction(1, 10**8)),
        ("-200", -200),
        ("0m", 0),
    ],
)
def test_quantity_is_an_exact_number(text, value):
    """Suffixes and exponents scale without rounding."""
    assert parse_quantity(text) == value


@pytest.mark.parametrize("text", ["", "m", "1mm", "1 m", "one", "1K", "1e", "1e999", "१"])
def test_text_that_is_no_quantity_is_none(text):
    """Nothing is guessed from text that Kubernetes would refuse."""
    assert parse_quantity(text) is None
