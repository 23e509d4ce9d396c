"""What is made out of TrafficMetrics objects, whatever their mesh makes of the spec."""

from datetime import UTC, datetime, timedelta

import pytest

from conformance.model.manifest import ObjectRef
from conformance.tests.doubles.metrics_api import a_list, an_edge, an_object
from conformance.top.figures import read_document


def one(**rest):
    (figures,) = read_document(an_object(**rest))
    return figures


def test_object_is_read_whole():
    """Counts, latencies in seconds, window and time."""
    figures = one()
    assert figures.resource == ObjectRef("Deployment", "here", "shop")
    assert (figures.peer, figures.direction, figures.side) == (None, "from", "server")
    assert (figures.success, figures.failure, figures.calls) == (90, 10, 100)
    assert figures.latency == {50: 0.005, 90: 0.02, 99: 0.3}
    assert figures.window == timedelta(seconds=10)
    assert figures.until == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (figures.success_share, figures.rate, figures.is_idle) == (0.9, 10, False)


@pytest.mark.parametrize("unit", ["s", "seconds", "Seconds"])
def test_seconds_are_seconds(unit):
    """The spec's own example: 10m with unit seconds is ten milliseconds."""
    assert one(latencies=("10m", "0.02", "1"), unit=unit).latency == {50: 0.01, 90: 0.02, 99: 1}


@pytest.mark.parametrize("unit", ["ms", "milliseconds"])
def test_milliseconds_are_milliseconds(unit):
    """With quantities as adapters write them."""
    assert one(latencies=("162500m", "268.75", 300), unit=unit).latency == {50: 0.1625, 90: 0.26875, 99: 0.3}


@pytest.mark.parametrize("unit", [None, "", "fortnights"])
def test_latency_without_a_unit_is_not_known(unit):
    """A guess would be wrong by a thousand. The rest is read all the same."""
    figures = one(unit=unit)
    assert figures.latency == {}
    assert figures.calls == 100


@pytest.mark.parametrize(
    ("success", "failure", "calls"),
    [
        ("73492m", "0", 73.492),
        (5, 1, 6),
        ("1k", "0", 1000),
        ("NaN", "1", None),
        ("-1", "1", None),
        (None, "1", None),
    ],
)
def test_counts_are_quantities(success, failure, calls):
    """Fractions of calls come from meshes that extrapolate; what is no number is not known, and no zero."""
    assert one(success=success, failure=failure).calls == calls


def test_no_calls_are_idle():
    """That is known, and there is no share of nothing."""
    figures = one(success="0", failure="0")
    assert figures.is_idle
    assert (figures.rate, figures.success_share) == (0, None)


@pytest.mark.parametrize("window", [None, "", "30", "0s", "-30s"])
def test_without_a_window_there_is_no_rate(window):
    """Counts alone say nothing of how fast."""
    figures = one(window=window)
    assert (figures.window, figures.rate, figures.success_share) == (None, None, 0.9)


@pytest.mark.parametrize("time", [None, "", "yesterday", 5])
def test_time_that_is_none_is_not_known(time):
    """The figures are read all the same."""
    assert one(timestamp=time).until is None


def test_list_is_read_item_by_item():
    """In its order; what is no object of metrics is left out."""
    items = [an_object("a"), {"kind": "Status"}, an_edge("b", "there/c", "to")]
    first, second = read_document({**a_list(*items), "items": [*items, "x", None]})
    assert first.resource.name == "a"
    assert second.peer == ObjectRef("Deployment", "there", "c")
    assert (second.direction, second.side) == ("to", "client")


@pytest.mark.parametrize(
    "nothing",
    [None, [], "x", {}, {"kind": "TrafficMetricsList"}, {"kind": "TrafficMetricsList", "items": None}],
)
def test_what_holds_no_figures_holds_none(nothing):
    """Whatever it is."""
    assert read_document(nothing) == ()


def test_anything_may_be_missing():
    """An object that only names its resource is one of which nothing is known."""
    (figures,) = read_document({"resource": {"name": "shop"}, "edge": None, "metrics": None, "backend": 5})
    assert figures.resource == ObjectRef("", "", "shop")
    assert (figures.calls, figures.rate, figures.success_share, figures.latency) == (None, None, None, {})
    assert (figures.backend, figures.peer, figures.until, figures.is_idle) == (None, None, None, False)


def test_names_cannot_move_the_cursor():
    """A mesh's words end on somebody's terminal."""
    assert one(name="shop\x1b[2J\n").resource.name == "shop[2J"
