"""Metrics APIs that put pods together wrongly: what belongs to what, and what becomes of its figures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from statistics import mean

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    DocumentStage,
    Metric,
    aggregates_alone,
    document_fault,
    each_item,
    inventory_fault,
    is_latency,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.inventory import Inventory, Name, PodFacts
from conformance.refmesh.metrics.rendering import Json, metrics_of, quantity
from conformance.refmesh.metrics.traffic import Side, Tally, added

_LABEL = "app"


def _aggregating(change: Callable[[list[Tally]], Tally]) -> Callable[[Json, Question, WrongApi], Json]:
    """Make an aggregate anew from its pods, in a wrong way."""

    @aggregates_alone
    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        pods = api.figures().received("pods")

        def anew(item: Json) -> Json:
            members = [pods.get(one, Tally()) for one in _members(item, question, api)]
            return {**item, "metrics": metrics_of(change(members))} if members else item

        return each_item(document, anew)

    return stage


def _members(item: Json, question: Question, api: WrongApi) -> list[Name]:
    resource = item["resource"]
    name = (resource.get("namespace", ""), resource["name"])
    known = api.known
    return [
        (pod.namespace, pod.name)
        for key, pod in sorted(known.pods.items())
        if name in known.holders(question.resource.plural, key)
    ]


def _average(tallies: list[Tally]) -> Tally:
    total = added(tallies)
    return replace(
        total, success=total.success / max(len(tallies), 1), failure=total.failure / max(len(tallies), 1)
    )


def _busiest(tallies: list[Tally]) -> Tally:
    return max(tallies, key=lambda one: one.success + one.failure)


def _merged_percentiles(merge: Callable[[list[float]], float]) -> DocumentStage:
    """Make the percentiles of an aggregate from those of its pods."""

    @aggregates_alone
    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        pods = api.figures().received("pods")

        def anew(item: Json) -> Json:
            seen = [metrics_of(pods[one]) for one in _members(item, question, api) if one in pods]
            if not seen:
                return item
            return {**item, "metrics": [_of_others(merge, one, seen) for one in item["metrics"]]}

        return each_item(document, anew)

    return stage


def _of_others(
    merge: Callable[[list[float]], float], metric: Metric, others: list[list[Mapping[str, str]]]
) -> Metric:
    if not is_latency(metric):
        return metric
    same = [value_of(one) for each in others for one in each if one["name"] == metric["name"]]
    return {**metric, "value": quantity(merge(same))}


def _swallowing_prefixed(document: Json, question: Question, api: WrongApi) -> Json:
    """Count the pods of deployments whose name begins like a deployment's to that one as well."""
    if question.edges or question.resource.plural != "deployments":
        return document
    received = api.figures().received("deployments")

    def anew(item: Json) -> Json:
        namespace, name = item["resource"]["namespace"], item["resource"]["name"]
        near = [
            tally
            for (there, other), tally in received.items()
            if there == namespace and other.startswith(name)
        ]
        return {**item, "metrics": metrics_of(added(near))} if near else item

    return each_item(document, anew)


def _owners(
    change: Callable[[PodFacts, Inventory], Iterable[tuple[str, str]]],
) -> Callable[[Inventory], Inventory]:
    def inventory(known: Inventory) -> Inventory:
        pods = {key: replace(pod, owners=tuple(change(pod, known))) for key, pod in known.pods.items()}
        return replace(known, pods=pods)

    return inventory


def _by_label(pod: PodFacts, known: Inventory) -> Iterable[tuple[str, str]]:
    """Give a pod the owners of all pods of its namespace that carry the same ``app``."""
    label = pod.labels.get(_LABEL)
    yield from _with_owners_of(pod, known, lambda one: one.labels.get(_LABEL) == label)


def _direct(pod: PodFacts, _known: Inventory) -> Iterable[tuple[str, str]]:
    yield from pod.owners[:1]


def _by_account(pod: PodFacts, known: Inventory) -> Iterable[tuple[str, str]]:
    """Give a pod the owners of all pods of its namespace that run as the same account."""
    yield from _with_owners_of(pod, known, lambda one: one.account == pod.account)


def _with_owners_of(
    pod: PodFacts, known: Inventory, is_alike: Callable[[PodFacts], bool]
) -> Iterable[tuple[str, str]]:
    near = (one for one in known.pods.values() if one.namespace == pod.namespace and is_alike(one))
    return dict.fromkeys((*pod.owners, *(owner for one in near for owner in one.owners)))


def _same_names(document: Json, question: Question, api: WrongApi) -> Json:
    """Answer for one object with the figures of all objects of its name, wherever they are."""
    if not question.name or not question.resource.namespaced:
        return document
    received = api.figures().received(question.resource.plural)
    alike = [tally for (_, name), tally in received.items() if name == question.name]
    return each_item(document, lambda item: {**item, "metrics": metrics_of(added(alike))})


def _first_pod(document: Json, question: Question, api: WrongApi) -> Json:
    """Answer for what owns pods with the figures of the pod whose name comes first."""
    if question.resource.plural in {"namespaces", "nodes", "services"}:
        return document
    return _aggregating(lambda tallies: tallies[0])(document, question, api)


def _deployed(pod: PodFacts, _known: Inventory) -> Iterable[tuple[str, str]]:
    yield from (one for one in pod.owners if one[0] in {"Deployment", "ReplicaSet"})


def _no_nodes(known: Inventory) -> Inventory:
    """Read no pod's node; the nodes themselves are listed."""
    return replace(known, pods={key: replace(pod, node="") for key, pod in known.pods.items()})


def _near_only(document: Json, question: Question, api: WrongApi) -> Json:
    """Count calls within a namespace alone."""
    if question.edges or question.resource.plural != "namespaces":
        return document
    pods = api.known.pods

    def anew(item: Json) -> Json:
        near = [
            one.tally
            for one in api.figures().traffic.flows
            if one.side is Side.SERVER
            and one.source in pods
            and pods[one.source].namespace == item["resource"]["name"]
            and one.destination in pods
            and pods[one.destination].namespace == item["resource"]["name"]
        ]
        return {**item, "metrics": metrics_of(added(near))}

    return each_item(document, anew)


FAULTS: tuple[Fault, ...] = (
    document_fault(
        "metrics-aggregate-averages",
        "Counts of an aggregate are the mean of its pods.",
        _aggregating(_average),
    ),
    document_fault(
        "metrics-aggregate-one-pod", "Figures of an aggregate are those of one pod.", _aggregating(_busiest)
    ),
    document_fault(
        "metrics-averaged-percentiles",
        "Percentiles of an aggregate are the mean of its pods' percentiles.",
        _merged_percentiles(mean),
    ),
    document_fault(
        "metrics-aggregate-slowest-pod",
        "Percentiles of an aggregate are the highest of its pods' percentiles.",
        _merged_percentiles(max),
    ),
    document_fault(
        "metrics-membership-by-prefix",
        "Deployments whose name begins alike are counted to one another.",
        _swallowing_prefixed,
    ),
    inventory_fault(
        "metrics-membership-by-label",
        "Pods that share labels are counted to owners that do not own them.",
        _owners(_by_label),
    ),
    inventory_fault(
        "metrics-direct-owners-only",
        "Pods count to their direct owner only, so that Deployments have no figures.",
        _owners(_direct),
    ),
    inventory_fault(
        "metrics-membership-by-account",
        "Pods of one account are counted to one another's owners.",
        _owners(_by_account),
    ),
    document_fault(
        "metrics-same-names-merged",
        "An object has the figures of all that bear its name, in any namespace.",
        aggregates_alone(_same_names),
    ),
    document_fault(
        "metrics-first-pod-only",
        "Owners have the figures of the first of their pods.",
        aggregates_alone(_first_pod),
    ),
    inventory_fault(
        "metrics-owners-are-deployments",
        "Only Deployments and their ReplicaSets own pods.",
        _owners(_deployed),
    ),
    inventory_fault("metrics-nodes-empty", "Nodes have no traffic.", _no_nodes),
    document_fault(
        "metrics-namespaces-near-only",
        "Namespaces do not count what they receive from others.",
        _near_only,
    ),
)
