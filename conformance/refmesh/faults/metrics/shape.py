"""Metrics APIs whose objects are not of the shape that the text has."""

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    counts_only,
    document_fault,
    each_item,
    edges_alone,
    is_latency,
    item_fault,
    lists_alone,
    metric_fault,
    splits_alone,
    value_of,
    with_edge,
    with_items,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.rendering import GROUP, Json

_P90, _P99 = (f"p{one}_response_latency" for one in (90, 99))
_OTHER = f"{GROUP}/v1alpha2"


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


def _nan_without_success(item: Json) -> Json:
    values = {one["name"]: value_of(one) for one in item["metrics"]}
    if values.get("success_count") or not values.get("failure_count"):
        return item
    return {
        **item,
        "metrics": [{**one, "value": "NaN"} if is_latency(one) else one for one in item["metrics"]],
    }


def _all_in_core(item: Json) -> Json:
    core = {**item, "resource": {**item["resource"], "apiVersion": "v1"}}
    peer = item["edge"].get("resource")
    return with_edge(core, resource={**peer, "apiVersion": "v1"}) if peer else core


def _other_version(document: Json, _question: Question, _api: WrongApi) -> Json:
    changed = each_item(document, lambda item: {**item, "apiVersion": _OTHER})
    return {**changed, "apiVersion": _OTHER}


def _null_for_empty(document: Json, _question: Question, _api: WrongApi) -> Json:
    return {**document, "items": None} if document.get("items") == [] else document


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
    item_fault("metrics-failed-is-nan", "Latencies are NaN where no call succeeded.", _nan_without_success),
    item_fault(
        "metrics-references-in-core",
        "References say that every kind is of the API version v1.",
        _all_in_core,
    ),
    document_fault(
        "metrics-objects-other-version",
        "Objects and lists are of another version than was asked for.",
        _other_version,
    ),
    document_fault(
        "metrics-list-as-sent", "Objects in lists have the direction to.", lists_alone(with_items(_sent))
    ),
    document_fault("metrics-null-for-empty", "A list without items is null.", _null_for_empty),
)
