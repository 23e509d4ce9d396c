"""Metrics APIs that are nearly right: wrong in corners that a quick look does not reach."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    answer_fault,
    document_fault,
    flow_fault,
    is_latency,
    item_fault,
    metric_fault,
)
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics.api import ROOT, Action, MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.inventory import Inventory, PodFacts
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.traffic import Flow, Side

_ZERO = "0"
_LABEL = "app"


def _get_only(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if request.path.rstrip("/") != ROOT or "resources" not in answer.body:
        return answer
    return replace(
        answer,
        body={**answer.body, "resources": [{**one, "verbs": ["get"]} for one in answer.body["resources"]]},
    )


def _negative(metric: Metric) -> Metric:
    return metric if is_latency(metric) or metric["value"] != _ZERO else {**metric, "value": "-1"}


def _sent(item: Json) -> Json:
    is_own = not item["edge"].get("resource") and "backend" not in item
    return {**item, "edge": {**item["edge"], "direction": "to"}} if is_own else item


def _failures_lost_at_server(flow: Flow) -> Flow:
    return flow if flow.side is Side.CLIENT else replace(flow, tally=replace(flow.tally, failure=0))


def _owners(
    change: Callable[[PodFacts, Inventory], Iterable[tuple[str, str]]],
) -> Callable[[Inventory], Inventory]:
    def inventory(known: Inventory) -> Inventory:
        pods = {key: replace(pod, owners=tuple(change(pod, known))) for key, pod in known.pods.items()}
        return replace(known, pods=pods)

    return inventory


def _by_label(pod: PodFacts, known: Inventory) -> Iterable[tuple[str, str]]:
    """Give a pod the owners of all pods of its namespace that carry the same ``app``."""
    alike = [
        one
        for one in known.pods.values()
        if one.namespace == pod.namespace and one.labels.get(_LABEL) == pod.labels.get(_LABEL)
    ]
    yield from dict.fromkeys((*pod.owners, *(owner for one in alike for owner in one.owners)))


def _direct(pod: PodFacts, _known: Inventory) -> Iterable[tuple[str, str]]:
    yield from pod.owners[:1]


def _short(document: Json, question: Question, _api: WrongApi) -> Json:
    if question.name or len(document["items"]) < 2:  # noqa: PLR2004  # a list of one would be empty
        return document
    return {**document, "items": document["items"][:-1]}


def _received_only(document: Json, question: Question, _api: WrongApi) -> Json:
    if not question.edges:
        return document
    return {**document, "items": [one for one in document["items"] if one["edge"]["direction"] == "from"]}


def _cluster_only(action: Action) -> Action | None:
    return None if action.namespace else action


FAULTS: tuple[Fault, ...] = (
    answer_fault("metrics-discovery-get-only", "Resources are listed without the verb list.", _get_only),
    metric_fault("metrics-negative-when-idle", "A count of nothing is -1.", _negative),
    item_fault("metrics-received-as-sent", "An object's own figures have the direction to.", _sent),
    flow_fault("metrics-drops-failures", "The called end does not count failures.", _failures_lost_at_server),
    Fault(
        name="metrics-membership-by-label",
        says="Pods that share labels are counted to owners that do not own them.",
        metrics=MetricsStages(inventory=_owners(_by_label)),
    ),
    Fault(
        name="metrics-direct-owners-only",
        says="Pods count to their direct owner only, so that Deployments have no figures.",
        metrics=MetricsStages(inventory=_owners(_direct)),
    ),
    document_fault("metrics-list-drops-last", "The last object of a list is left out.", _short),
    document_fault(
        "metrics-edges-receive-only", "Edges to those whom an object calls are left out.", _received_only
    ),
    Fault(
        name="metrics-open-in-namespaces",
        says="Rights are asked for only where figures of the whole cluster are wanted.",
        metrics=MetricsStages(may=_cluster_only),
    ),
)
