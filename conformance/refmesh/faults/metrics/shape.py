"""Metrics APIs whose objects are not of the shape that the text has."""

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    counts_only,
    document_fault,
    edges_alone,
    is_latency,
    item_fault,
    lists_alone,
    metric_fault,
    splits_alone,
    value_of,
    with_items,
)
from conformance.refmesh.metrics.rendering import Json

_P90, _P99 = (f"p{one}_response_latency" for one in (90, 99))


def _sent(item: Json) -> Json:
    is_own = not item["edge"].get("resource") and "backend" not in item
    return {**item, "edge": {**item["edge"], "direction": "to"}} if is_own else item


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


def _lower_kind(item: Json) -> Json:
    resource = item["resource"]
    return {**item, "resource": {**resource, "kind": resource["kind"].lower()}}


def _without_namespace(item: Json) -> Json:
    return {**item, "resource": {key: value for key, value in item["resource"].items() if key != "namespace"}}


FAULTS: tuple[Fault, ...] = (
    metric_fault(
        "metrics-value-no-quantity", "Counts are written with a word behind the number.", _no_quantity
    ),
    item_fault("metrics-idle-is-nan", "Latencies of an object without traffic are NaN.", _nan_when_idle),
    item_fault("metrics-omits-p90", "The 90th percentile is left out.", _without_p90),
    item_fault("metrics-duplicate-names", "A metric stands twice in an object.", _doubled_name),
    item_fault(
        "metrics-other-object", "An object refers to another resource than was asked for.", _other_object
    ),
    item_fault("metrics-received-as-sent", "An object's own figures have the direction to.", _sent),
    item_fault("metrics-kind-in-small-letters", "An object's kind is written in small letters.", _lower_kind),
    item_fault(
        "metrics-resource-without-namespace", "An object does not say its namespace.", _without_namespace
    ),
    document_fault(
        "metrics-list-counts-only",
        "Objects in lists have no latencies.",
        lists_alone(with_items(counts_only)),
    ),
    document_fault(
        "metrics-edges-counts-only", "Edges have no latencies.", edges_alone(with_items(counts_only))
    ),
    document_fault(
        "metrics-split-counts-only",
        "Backends of splits have no latencies.",
        splits_alone(with_items(counts_only)),
    ),
)
