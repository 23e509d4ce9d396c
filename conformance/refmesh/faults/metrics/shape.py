"""APIs whose objects have another shape than the spec's."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction

from conformance.refmesh.faults.metrics.documents import (
    answering,
    is_latency,
    is_own,
    items_of,
    showing,
    tally_behind,
    with_items,
    with_metric,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json, quantity, span_text, time_text
from conformance.refmesh.metrics.traffic import Tally, Traffic
from conformance.refmesh.reading.quantity import parse_quantity

_TEXT = "2019-04-08T22:25:55Z"
"""The time in the spec's example."""
_P50, _P90, _P99 = (f"p{one}_response_latency" for one in (50, 90, 99))


def _metrics(change: Callable[[Json], Json | None]) -> Callable[[Json, Question, WrongApi], Json]:
    def item(one: Json, question: Question, api: WrongApi) -> Json:
        del question, api
        return with_metric(one, change)

    return item


def _latencies(change: Callable[[Json], Json]) -> Callable[[Json, Question, WrongApi], Json]:
    return _metrics(lambda metric: change(metric) if is_latency(metric) else metric)


def _number(metric: Json) -> Fraction:
    return parse_quantity(metric["value"]) or Fraction(0)


def _worded(metric: Json) -> Json:
    return {**metric, "value": f"{float(_number(metric)):.3f} {metric.get('unit', 'calls')}"}


def _without_unit(metric: Json) -> Json:
    return {name: value for name, value in metric.items() if name != "unit"}


def _swapped(metric: Json) -> Json:
    other = {_P90: _P99, _P99: _P90}
    return {**metric, "name": other.get(metric["name"], metric["name"])}


def _twice(item: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {**item, "metrics": [*item["metrics"], item["metrics"][-1]]}


def _nan_if_idle(item: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    counts = [one for one in item["metrics"] if not is_latency(one)]
    if any(_number(one) for one in counts):
        return item
    return with_metric(item, lambda one: {**one, "value": "NaN"} if is_latency(one) else one)


def _neighbour(body: Json, question: Question, api: WrongApi) -> Json:
    names = sorted(api.known.names(question.resource.plural))

    def other(item: Json) -> Json:
        resource = item["resource"]
        mine = (resource.get("namespace", ""), resource["name"])
        others = [one for one in names if one[0] == mine[0] and one != mine] or [(mine[0], "another")]
        return {**item, "resource": {**resource, "name": others[0][1]}}

    if not question.name or question.edges:
        return body
    return with_items(body, [other(one) for one in items_of(body)])


def _mean(item: Json, question: Question, api: WrongApi) -> Json:
    tally = tally_behind(item, question, api.figures())
    value = quantity(mean_of(tally) / 1_000_000)
    return with_metric(item, lambda one: {**one, "value": value} if is_latency(one) else one)


def mean_of(tally: Tally) -> float:
    """Give the mean latency in microseconds; 0 without any."""
    total = sum(tally.bins.values())
    weighed = sum((lower + upper) / 2 * count for (lower, upper), count in tally.bins.items())
    return weighed / total if total else 0.0


def _with_time(change: Callable[[Json, Traffic], Json]) -> Callable[[Json, Question, WrongApi], Json]:
    def item(one: Json, question: Question, api: WrongApi) -> Json:
        del question
        return change(one, api.figures().traffic)

    return item


def _field(name: str, value: str) -> Callable[[Json, Question, WrongApi], Json]:
    return lambda item, question, api: {**item, name: value}  # noqa: ARG005  # as stages are called


def _client_side(item: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {**item, "edge": {**item["edge"], "direction": "to"}} if is_own(item) else item


FAULTS = (
    showing("metrics-idle-is-nan", "Percentiles of an object without traffic are NaN.", _nan_if_idle),
    showing(
        "metrics-value-no-quantity",
        "Values are words, such as 12 milliseconds, and no Kubernetes quantities.",
        _metrics(_worded),
    ),
    showing(
        "metrics-omits-p90",
        "There is no p90_response_latency.",
        _metrics(lambda metric: None if metric["name"] == _P90 else metric),
    ),
    answering(
        "metrics-other-object", "An object's figures say that they are those of another object.", _neighbour
    ),
    showing("metrics-duplicate-names", "A metric is listed twice in one object.", _twice),
    showing(
        "metrics-seconds-as-ms",
        "Latencies in seconds are labelled as milliseconds.",
        _latencies(lambda metric: {**metric, "unit": "ms"}),
    ),
    showing("metrics-unit-missing", "Latencies have no unit.", _latencies(_without_unit)),
    showing("metrics-swaps-p90-p99", "The figures of p90 and p99 change places.", _metrics(_swapped)),
    showing("metrics-mean-for-percentiles", "All three percentiles are the mean.", _mean),
    showing(
        "metrics-timestamp-stuck",
        "The timestamp never moves: it is always that of the spec's example.",
        _field("timestamp", _TEXT),
    ),
    showing(
        "metrics-timestamp-ahead",
        "The timestamp is an hour ahead, as by a clock of another time zone.",
        _with_time(lambda item, traffic: {**item, "timestamp": time_text(traffic.at + timedelta(hours=1))}),
    ),
    showing("metrics-window-no-duration", "The window is a number without a unit.", _field("window", "30")),
    showing(
        "metrics-window-too-long",
        "The window that is told is ten times as long as the span that figures cover.",
        _with_time(lambda item, traffic: {**item, "window": span_text(traffic.span * 10)}),
    ),
    showing(
        "metrics-negative-when-idle",
        "Counts of an object without traffic are -1.",
        _metrics(
            lambda metric: metric if is_latency(metric) or _number(metric) else {**metric, "value": "-1"}
        ),
    ),
    showing(
        "metrics-received-as-sent",
        "What an object receives is said to be what it sends: its own figures have direction to.",
        _client_side,
    ),
)
