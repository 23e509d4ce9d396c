"""Metrics APIs whose objects are not of the shape that the text has, or whose latencies are in wrong units."""

from datetime import UTC, datetime, timedelta

from conformance.refmesh.faults.metrics.changing import (
    Metric,
    document_fault,
    is_latency,
    item_fault,
    metric_fault,
    scaled,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json, quantity, time_text

_LONG_AGO = time_text(datetime(2019, 4, 8, 22, 25, 55, tzinfo=UTC))
_P90, _P99 = (f"p{one}_response_latency" for one in (90, 99))


def _no_quantity(metric: Metric) -> Metric:
    return {**metric, "value": f"{value_of(metric)} calls"} if not is_latency(metric) else metric


def _nan_when_idle(item: Json) -> Json:
    if any(not is_latency(one) and value_of(one) for one in item["metrics"]):
        return item
    return {
        **item,
        "metrics": [{**one, "value": "NaN"} if is_latency(one) else one for one in item["metrics"]],
    }


def _without_p90(item: Json) -> Json:
    return {**item, "metrics": [one for one in item["metrics"] if one["name"] != _P90]}


def _doubled_name(item: Json) -> Json:
    return {**item, "metrics": [*item["metrics"], item["metrics"][-1]]}


def _other_object(item: Json) -> Json:
    return {**item, "resource": {**item["resource"], "name": f"{item['resource']['name']}-other"}}


def _labelled_ms(metric: Metric) -> Metric:
    return {**metric, "unit": "ms"} if is_latency(metric) else metric


def _without_unit(metric: Metric) -> Metric:
    return {key: value for key, value in metric.items() if key != "unit"}


def _swapped(metric: Metric) -> Metric:
    return {**metric, "name": {_P90: _P99, _P99: _P90}.get(metric["name"], metric["name"])}


def _mean(item: Json) -> Json:
    latencies = [value_of(one) for one in item["metrics"] if is_latency(one)]
    mean = quantity(sum(latencies) / len(latencies))
    return {
        **item,
        "metrics": [{**one, "value": mean} if is_latency(one) else one for one in item["metrics"]],
    }


def _stuck(item: Json) -> Json:
    return {**item, "timestamp": _LONG_AGO}


def _no_duration(item: Json) -> Json:
    return {**item, "window": 30}


def _too_long(metric: Metric) -> Metric:
    return scaled(metric, 3) if is_latency(metric) else metric


def _ahead(document: Json, _question: Question, _api: WrongApi) -> Json:
    """Give single objects, not those in lists, the time of a clock that runs fast."""
    ahead = time_text(datetime.now(UTC) + timedelta(seconds=5))
    items = document.get("items")
    return {**document, "timestamp": ahead} if items is None else document


FAULTS = (
    metric_fault(
        "metrics-value-no-quantity", "Counts are written with a word behind the number.", _no_quantity
    ),
    item_fault("metrics-idle-is-nan", "Latencies of an object without traffic are NaN.", _nan_when_idle),
    item_fault("metrics-omits-p90", "The 90th percentile is left out.", _without_p90),
    item_fault("metrics-duplicate-names", "A metric stands twice in an object.", _doubled_name),
    item_fault(
        "metrics-other-object", "An object refers to another resource than was asked for.", _other_object
    ),
    metric_fault("metrics-seconds-as-ms", "Latencies in seconds are labelled as milliseconds.", _labelled_ms),
    metric_fault("metrics-unit-missing", "Latencies have no unit.", _without_unit),
    metric_fault("metrics-swaps-p90-p99", "The 90th and the 99th percentile are swapped.", _swapped),
    item_fault("metrics-mean-for-percentiles", "All percentiles are the same mean.", _mean),
    metric_fault("metrics-latency-threefold", "Latencies are three times as long as they were.", _too_long),
    item_fault("metrics-timestamp-stuck", "The timestamp is that of a day long ago.", _stuck),
    item_fault("metrics-window-no-duration", "The window is a bare number.", _no_duration),
    document_fault("metrics-timestamp-ahead", "The timestamp of an object lies in the future.", _ahead),
)
