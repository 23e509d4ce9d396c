"""Selectors as scenarios write them, and as lists show them."""

import pytest

from conformance.judge.metrics.parsing import read_selector
from conformance.model.labels import Condition, fits, parse_selector

LABELS = {"app": "website", "version": "v1"}


@pytest.mark.parametrize(
    ("written", "is_met"),
    [
        ("app=website", True),
        ("app==website,version=v2", False),
        ("app!=shop", True),
        ("tier!=front", True),
        ("app in (shop, website)", True),
        ("app in(shop)", False),
        ("app notin (shop,bank), version", True),
        ("tier notin (front)", True),
        ("tier", False),
        ("!tier", True),
        ("! app", False),
        ("", True),
    ],
)
def test_conditions_are_those_of_kubernetes(written, is_met):
    """What is not there is neither in a set nor equal."""
    assert fits(parse_selector(written), LABELS) is is_met


@pytest.mark.parametrize("written", ["app in shop", "a=b=c", "a b"])
def test_what_is_no_condition_is_told(written):
    """To the author of a scenario."""
    with pytest.raises(ValueError, match="no condition"):
        parse_selector(written)


def test_list_may_show_equality_in_both_ways():
    """MatchLabels is short for In with one value."""
    short = read_selector({"matchLabels": {"app": "shop"}})
    long = read_selector({"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop"]}]})
    assert short == long == parse_selector("app=shop")


def test_conditions_without_values_are_read():
    """As Kubernetes writes them."""
    found = read_selector({"matchExpressions": [{"key": "version", "operator": "DoesNotExist"}]})
    assert found == {Condition("version", "DoesNotExist")} == parse_selector("!version")
