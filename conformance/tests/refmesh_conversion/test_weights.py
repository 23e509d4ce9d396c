"""Weights as quantities and as whole numbers."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model.manifest import Manifest
from conformance.refmesh.conversion import convert
from conformance.refmesh.conversion.splits import LARGEST, whole_numbers
from conformance.spec import ApiVersion
from conformance.tests.doubles.asking import spread
from conformance.tests.doubles.smi import a_split


def _weights(weights, version=ApiVersion.V1ALPHA2, written_in="v1alpha1"):
    split = a_split({f"website-v{n}": one for n, one in enumerate(weights, 1)}, version=written_in)
    return [one["weight"] for one in convert(split.body, version)["spec"]["backends"]]


@pytest.mark.parametrize(
    ("quantities", "whole"),
    [
        ([90, 10], [90, 10]),
        (["1", "1000m"], [1, 1]),
        ([1, "500m"], [2, 1]),
        (["500m", "1.5"], [1, 3]),
        (["1k", "1Ki"], [1000, 1024]),
        (["0.001", "1e3"], [1, 1000000]),
        (["1n", 1], [1, 10**9]),
        ([0, "10"], [0, 10]),
        (["0", "0m"], [0, 0]),
        ([], []),
    ],
)
def test_quantities_become_whole_numbers_of_the_same_ratio(quantities, whole):
    """Published converters take 1 and 500m for 1 and 500."""
    assert _weights(quantities) == whole


@pytest.mark.parametrize("quantity", ["-1", "-500m", "1e999"])
def test_quantity_that_draws_nothing_becomes_nothing(quantity):
    """What is negative, or beyond every number that meshes know, is no share of anything."""
    assert _weights([quantity, 1]) == [0, 1]


def test_whole_numbers_are_quantities_as_they_stand():
    """One is one in both."""
    assert _weights([90, 10, 0], ApiVersion.V1ALPHA1, "v1alpha4") == [90, 10, 0]


def test_ratio_beyond_all_whole_numbers_keeps_its_smallest_part():
    """What is more than nothing never becomes nothing, nothing stays so, and no JSON reader loses a digit."""
    assert _weights(["1n", "9E", 0]) == [1, LARGEST, 0]
    assert _weights(["3E", "9E"]) == [1, 3]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.fractions(0, 10**6, max_denominator=10**4), min_size=1, max_size=3))
def test_ratios_are_exact_where_they_can_be(weights):
    """Every pair keeps its ratio."""
    whole = whole_numbers(weights)
    if max(whole) < LARGEST:
        assert [one * sum(weights) for one in whole] == [one * sum(whole) for one in weights]
    assert [one > 0 for one in whole] == [one > 0 for one in weights]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from([1, "1", "250m", "1.5", "2k", "0", "3e2"]), min_size=3, max_size=3),
    st.sampled_from(list(ApiVersion)),
)
def test_every_rendering_shares_out_alike(quantities, version):
    """The oracle expects the same shares of a split in every version."""
    split = a_split({f"website-v{n}": one for n, one in enumerate(quantities, 1)}, version="v1alpha1")
    expected = spread([split]).shares
    assert spread([Manifest(convert(split.body, version))]).shares == expected
    assert not expected or sum(expected.values()) == Fraction(1)
