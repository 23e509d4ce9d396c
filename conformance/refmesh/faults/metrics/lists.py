"""Metrics APIs whose lists, edges and splits are wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import document_fault, each_item, is_latency, value_of
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json, metrics_of
from conformance.refmesh.metrics.selectors import fits
from conformance.refmesh.metrics.traffic import Side, Tally, added

DocumentStage = Callable[[Json, Question, WrongApi], Json]


def _is_list(question: Question) -> bool:
    return not question.name and not question.edges and question.resource.plural != "trafficsplits"


def _leaking(document: Json, question: Question, api: WrongApi) -> Json:
    if not _is_list(question):
        return document
    return {**document, "items": api.clean(replace(question, namespace=""))["items"]}


def _unfiltered(document: Json, question: Question, api: WrongApi) -> Json:
    if not question.selector:
        return document
    return {**document, "items": api.clean(replace(question, selector=()))["items"]}


def _filtered_series(document: Json, question: Question, api: WrongApi) -> Json:
    """Count only calls of callers that fit the selector, too."""
    if not question.selector or question.resource.plural != "pods":
        return document
    pods = api.known.pods
    chosen = {key for key, pod in pods.items() if fits(question.selector, pod.labels)}

    def anew(item: Json) -> Json:
        key = f"{item['resource']['namespace']}/{item['resource']['name']}"
        flows = [
            one.tally
            for one in api.figures().traffic.flows
            if one.side is Side.SERVER and one.destination == key and one.source in chosen
        ]
        return {**item, "metrics": metrics_of(added(flows))}

    return each_item(document, anew)


def _doubled(document: Json, question: Question, _api: WrongApi) -> Json:
    if not _is_list(question):
        return document
    return {**document, "items": [each for one in document["items"] for each in (one, one)]}


def _named(document: Json, question: Question, _api: WrongApi) -> Json:
    if not _is_list(question) or not document["items"]:
        return document
    return {**document, "resource": document["items"][0]["resource"]}


def _merged(document: Json, question: Question, api: WrongApi) -> Json:
    items = document.get("items")
    if not question.selector or not items:
        return document
    received = api.figures().received(question.resource.plural)
    names = [(one["resource"].get("namespace", ""), one["resource"]["name"]) for one in items]
    tally = added(received.get(one, Tally()) for one in names)
    return {**document, "items": [{**items[0], "metrics": metrics_of(tally)}]}


def _unshown(document: Json, _question: Question, _api: WrongApi) -> Json:
    return {key: value for key, value in document.items() if key != "selector"}


def _edges_alone(change: DocumentStage) -> DocumentStage:
    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        if not question.edges or question.resource.plural == "trafficsplits":
            return document
        return change(document, question, api)

    return stage


@_edges_alone
def _totals(document: Json, question: Question, api: WrongApi) -> Json:
    total = api.figures().received(question.resource.plural).get(question.key, Tally())
    return each_item(document, lambda item: {**item, "metrics": metrics_of(total)})


def _with_edge(item: Json, **changed: object) -> Json:
    return {**item, "edge": {**item["edge"], **changed}}


@_edges_alone
def _swapped(document: Json, _question: Question, _api: WrongApi) -> Json:
    other = {"from": "to", "to": "from"}
    return each_item(document, lambda item: _with_edge(item, direction=other[item["edge"]["direction"]]))


@_edges_alone
def _constant_side(document: Json, _question: Question, _api: WrongApi) -> Json:
    return each_item(document, lambda item: _with_edge(item, side="client"))


@_edges_alone
def _declared(document: Json, question: Question, api: WrongApi) -> Json:
    """Show an edge from every object of the namespace, whether it has ever called or not."""
    items = list(document["items"])
    known = {item["edge"]["resource"]["name"] for item in items}
    for name in api.known.names(question.resource.plural):
        if name[0] == question.key[0] and name != question.key and name[1] not in known:
            peer = rendering.reference(question.resource, name)
            traffic = api.figures().traffic
            items.append(
                rendering.metrics_object(
                    question.resource,
                    question.key,
                    rendering.edge("from", Side.SERVER, peer),
                    Tally(),
                    at=traffic.at,
                    window=traffic.span,
                )
            )
    return {**document, "items": items}


@_edges_alone
def _near(document: Json, _question: Question, _api: WrongApi) -> Json:
    def anew(item: Json) -> Json:
        here = item["resource"].get("namespace")
        return _with_edge(
            item, resource={**item["edge"]["resource"], **({"namespace": here} if here else {})}
        )

    return each_item(document, anew)


@_edges_alone
def _others_too(document: Json, question: Question, api: WrongApi) -> Json:
    """Add the edges of another object that has some."""
    items = list(document["items"])
    for name in api.known.names(question.resource.plural):
        if name != question.key:
            more = api.clean(replace(question, namespace=name[0], name=name[1]))["items"]
            if more:
                return {
                    **document,
                    "items": [*items, *({**one, "resource": document["resource"]} for one in more)],
                }
    return document


@_edges_alone
def _one_less(document: Json, _question: Question, _api: WrongApi) -> Json:
    def calls(item: Json) -> float:
        return sum(value_of(one) for one in item["metrics"] if not is_latency(one))

    items = sorted(document["items"], key=calls)
    return {**document, "items": items[1:]}


@_edges_alone
def _pods_for_all(document: Json, question: Question, api: WrongApi) -> Json:
    """Name a pod of a peer in place of the peer itself."""

    def anew(item: Json) -> Json:
        peer = item["edge"]["resource"]
        name = (peer.get("namespace", ""), peer["name"])
        for key, pod in api.known.pods.items():
            if name in api.known.holders(question.resource.plural, key):
                return _with_edge(
                    item, resource={"kind": "Pod", "namespace": pod.namespace, "name": pod.name}
                )
        return item

    return each_item(document, anew)


@_edges_alone
def _nameless(document: Json, _question: Question, _api: WrongApi) -> Json:
    return each_item(document, lambda item: _with_edge(item, resource={}))


@_edges_alone
def _wrong_list(document: Json, question: Question, _api: WrongApi) -> Json:
    about = {"kind": question.resource.kind, "namespace": question.namespace}
    return {**document, "resource": about}


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
    document_fault("metrics-list-leaks-namespaces", "A list shows other namespaces as well.", _leaking),
    document_fault("metrics-list-ignores-selector", "A list does not look at its selector.", _unfiltered),
    document_fault(
        "metrics-selector-filters-series",
        "A selector leaves out calls of callers that do not fit.",
        _filtered_series,
    ),
    document_fault("metrics-list-duplicates", "A list shows every object twice.", _doubled),
    document_fault("metrics-list-names-an-object", "A list says that it is about one object.", _named),
    document_fault("metrics-selector-merges", "A selector makes one item of several.", _merged),
    document_fault(
        "metrics-selector-not-shown", "A list does not show the selector that it applied.", _unshown
    ),
    document_fault("metrics-edges-copy-totals", "Every edge has the figures of the whole object.", _totals),
    document_fault("metrics-edges-swap-direction", "Edges are told from their other end.", _swapped),
    document_fault(
        "metrics-edges-constant-side", "Every edge says that the client's side saw it.", _constant_side
    ),
    document_fault("metrics-edges-declared", "Objects that never exchanged a call have an edge.", _declared),
    document_fault(
        "metrics-edges-assume-namespace", "Every peer is told to be in the object's own namespace.", _near
    ),
    document_fault("metrics-edges-leak", "An object's edges show those of another one.", _others_too),
    document_fault("metrics-edges-drop-one", "The smallest edge is left out.", _one_less),
    document_fault("metrics-edges-pods-for-all", "Peers are pods, whatever was asked for.", _pods_for_all),
    document_fault("metrics-edges-nameless", "Edges do not say who the peer is.", _nameless),
    document_fault("metrics-edges-wrong-list", "The list of edges does not say whose they are.", _wrong_list),
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
