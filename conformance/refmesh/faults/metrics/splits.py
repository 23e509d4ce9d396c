"""Metrics APIs whose figures of TrafficSplits are wrong."""

from collections.abc import Mapping
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    document_fault,
    each_item,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json, metrics_of
from conformance.refmesh.metrics.traffic import Side, added


def _is_splits(question: Question) -> bool:
    return question.resource.plural == "trafficsplits"


def _root_only(document: Json, question: Question, _api: WrongApi) -> Json:
    """Tell all calls of a split as those of its first backend."""
    if not _is_splits(question) or len(document["items"]) <= 1:
        return document
    return {**document, "items": document["items"][:1]}


def _backend_changed(document: Json, question: Question, **changes: Any) -> Json:
    if not _is_splits(question):
        return document
    return each_item(document, lambda item: {**item, "backend": {**item["backend"], **changes}})


def _apex_swapped(document: Json, question: Question, _api: WrongApi) -> Json:
    if not _is_splits(question):
        return document

    def swap(backend: Mapping[str, Any]) -> Json:
        return {**backend, "apex": backend["name"], "name": backend["apex"]}

    return each_item(document, lambda item: {**item, "backend": swap(item["backend"])})


def _direct_too(document: Json, question: Question, api: WrongApi) -> Json:
    """Count calls made straight to a backend's own Service as calls of the split."""
    if not _is_splits(question):
        return document

    def anew(item: Json) -> Json:
        key = f"{item['resource']['namespace']}/{item['backend']['name']}"
        seen = [
            one.tally for one in api.figures().traffic.flows if one.side is Side.CLIENT and one.backend == key
        ]
        return {**item, "metrics": metrics_of(added(seen))}

    return each_item(document, anew)


def _mixed_failures(document: Json, question: Question, _api: WrongApi) -> Json:
    """Spread a split's failures over its backends, whoever failed."""
    if not _is_splits(question) or not document["items"]:
        return document
    items = document["items"]
    failed = sum(value_of(one) for item in items for one in item["metrics"] if one["name"] == "failure_count")

    def anew(item: Json) -> Json:
        share = rendering.quantity(failed / len(items))
        metrics = [
            {**one, "value": share} if one["name"] == "failure_count" else one for one in item["metrics"]
        ]
        return {**item, "metrics": metrics}

    return each_item(document, anew)


FAULTS: tuple[Fault, ...] = (
    document_fault("metrics-split-root-only", "A split shows one backend only.", _root_only),
    document_fault(
        "metrics-split-fixed-weight",
        "The weight shown for a backend is always fifty.",
        lambda document, question, _api: _backend_changed(document, question, weight=50),
    ),
    document_fault("metrics-split-swaps-apex", "Apex and name of a backend are swapped.", _apex_swapped),
    document_fault(
        "metrics-split-counts-direct", "Calls straight to a backend count as calls of the split.", _direct_too
    ),
    document_fault(
        "metrics-one-failed-backend-for-all", "Failures of one backend are shown for all.", _mixed_failures
    ),
)
