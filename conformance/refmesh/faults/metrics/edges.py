"""Metrics APIs whose edges are wrong."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    answer_fault,
    document_fault,
    each_item,
    is_latency,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.api import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.rendering import Json, metrics_of
from conformance.refmesh.metrics.traffic import Side, Tally

_OK = HTTPStatus.OK
DocumentStage = Callable[[Json, Question, WrongApi], Json]


def _unserved_edges(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if answer.status != _OK or not request.path.rstrip("/").endswith("/edges"):
        return answer
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=404, body=rendering.status(404, "NotFound", words))


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


def _received_only(document: Json, question: Question, _api: WrongApi) -> Json:
    if not question.edges:
        return document
    return {**document, "items": [one for one in document["items"] if one["edge"]["direction"] == "from"]}


FAULTS: tuple[Fault, ...] = (
    answer_fault(
        "metrics-edges-missing",
        "The edges of an object are not served.",
        _unserved_edges,
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
    document_fault(
        "metrics-edges-receive-only", "Edges to those whom an object calls are left out.", _received_only
    ),
    document_fault("metrics-edges-pods-for-all", "Peers are pods, whatever was asked for.", _pods_for_all),
    document_fault("metrics-edges-nameless", "Edges do not say who the peer is.", _nameless),
    document_fault("metrics-edges-wrong-list", "The list of edges does not say whose they are.", _wrong_list),
)
