"""From an answer's JSON to types: each documented reading, and nothing invented for what is none."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from conformance.judge.metrics.parsing import (
    read_latency,
    read_object,
    read_reference,
    read_time,
    read_window,
)
from conformance.judge.metrics.shapes import mistakes_of
from conformance.model.metrics import Reference

EXAMPLE = {
    "kind": "TrafficMetrics",
    "resource": {"name": "foo-775b9cbd88-ntxsl", "namespace": "foobar", "kind": "Pod"},
    "edge": {
        "direction": "to",
        "side": "client",
        "resource": {"name": "baz-577db7d977-lsk2q", "namespace": "foobar", "kind": "Pod"},
    },
    "timestamp": "2019-04-08T22:25:55Z",
    "window": "30s",
    "metrics": [
        {"name": "p99_response_latency", "unit": "seconds", "value": "10m"},
        {"name": "p90_response_latency", "unit": "seconds", "value": "10m"},
        {"name": "p50_response_latency", "unit": "seconds", "value": "10m"},
        {"name": "success_count", "value": 100},
        {"name": "failure_count", "value": 100},
    ],
}
"""As the document has it."""


def test_example_of_the_document_has_its_form():
    """The published shape takes the document's own example."""
    assert list(mistakes_of(EXAMPLE, "object")) == []


def test_example_of_the_document_is_read():
    """Figures, edge, time and window are what they say."""
    found = read_object(EXAMPLE)
    assert found.resource == Reference("Pod", "foobar", "foo-775b9cbd88-ntxsl")
    assert found.timestamp == datetime(2019, 4, 8, 22, 25, 55, tzinfo=UTC)
    assert found.window == timedelta(seconds=30)
    assert read_latency(found, "p99_response_latency") == Fraction(1, 100)
    assert found.value("success_count") == 100


@pytest.mark.parametrize(
    ("unit", "value", "seconds"),
    [
        ("ms", "12500m", Fraction(125, 10**4)),
        ("milliseconds", "10", Fraction(1, 100)),
        ("s", "10m", Fraction(1, 100)),
        ("", "10m", None),
        ("minutes", "1", None),
        ("ms", "NaN", None),
        ("ms", 12.5, None),
    ],
)
def test_latency_is_read_with_its_unit(unit, value, seconds):
    """Without a unit that is documented, or a quantity, there is no latency."""
    metric = {"name": "p50_response_latency", "unit": unit, "value": value}
    assert read_latency(read_object({"metrics": [metric]}), "p50_response_latency") == seconds


def test_kinds_of_the_sdk_are_known():
    """The SDK spells Daemonset what Kubernetes spells DaemonSet."""
    assert read_reference({"kind": "Daemonset", "name": "x"}).kind == "DaemonSet"


@pytest.mark.parametrize("written", ["2026-01-01T12:00:00.123456789Z", "2026-01-01T13:00:00.123456+01:00"])
def test_times_may_have_any_fraction_and_zone(written):
    """Go writes nine digits."""
    assert read_time(written) == (datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC), False)


@pytest.mark.parametrize(
    "written", ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00.000Z", "2026-01-01t12:00:00z"]
)
def test_whole_seconds_are_known_however_they_are_written(written):
    """A fraction of zeros is written by who has none."""
    assert read_time(written) == (datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC), True)


@pytest.mark.parametrize("written", ["yesterday", "2026-01-01", "2026-01-01T12:00:00", 5, None])
def test_what_is_no_time_is_none(written):
    """A time without a zone is none either."""
    assert read_time(written)[0] is None


@pytest.mark.parametrize("written", ["30", "half", 30, None])
def test_what_is_no_duration_is_none(written):
    """A number without a unit is no duration of Go's."""
    assert read_window(written) is None


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": []},
        {"metrics": [{"name": "success_count", "value": 1.5}]},
        {"metrics": [{"name": "success_count", "value": "NaN"}]},
        {"edge": {"direction": "sideways"}},
        {"resource": {"kind": "Pod"}},
        {"kind": "PodMetrics"},
    ],
    ids=str,
)
def test_shape_finds_what_is_off(change):
    """Each deviation from the example is told."""
    assert list(mistakes_of({**EXAMPLE, **change}, "object"))
