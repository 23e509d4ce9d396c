"""Kubernetes quantities, read exactly, and durations."""

from datetime import timedelta
from fractions import Fraction

import pytest

from conformance.model.quantities import LATENCY_UNITS, parse_duration, parse_quantity


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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1m0s", 60),
        ("1m30s", 90),
        ("1h2m3s", 3723),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("1.s", 1),
        ("1500ms", 1.5),
        ("2us", 2e-6),
        ("2µs", 2e-6),
        ("2000ns", 2e-6),
        ("0", 0),
        ("0s", 0),
        ("-2s", -2),
        ("+2s", 2),
    ],
)
def test_duration_is_read_as_go_writes_it(text, seconds):
    """Parts add up, each with its unit."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "30", "s", "30 s", "30sec", "1d", "PT30S", "1s-2s", "٣s", "99999999999999h"]
)
def test_text_that_is_no_duration_is_none(text):
    """Nothing is guessed from text that Go would refuse."""
    assert parse_duration(text) is None


def test_latency_units_agree():
    """Ten milliseconds are ten milliseconds in each of the spellings."""
    ten = {parse_quantity(value) * LATENCY_UNITS[unit] for value, unit in [("10m", "seconds"), ("10", "ms")]}
    assert ten == {Fraction(1, 100)}
    assert LATENCY_UNITS["s"] == LATENCY_UNITS["seconds"]
    assert LATENCY_UNITS["ms"] == LATENCY_UNITS["milliseconds"]
