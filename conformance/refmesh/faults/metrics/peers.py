"""Metrics APIs whose edges lead to others than those who exchanged traffic."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    DocumentStage,
    calls_of,
    document_fault,
    each_flow,
    each_item,
    edges_alone,
    kept_items,
    traffic_fault,
    value_of,
    with_edge,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic


@edges_alone
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


@edges_alone
def _near(document: Json, _question: Question, _api: WrongApi) -> Json:
    def anew(item: Json) -> Json:
        here = item["resource"].get("namespace")
        return with_edge(item, resource={**item["edge"]["resource"], **({"namespace": here} if here else {})})

    return each_item(document, anew)


@edges_alone
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


@edges_alone
def _one_less(document: Json, _question: Question, _api: WrongApi) -> Json:
    return {**document, "items": sorted(document["items"], key=calls_of)[1:]}


@edges_alone
def _pods_for_all(document: Json, question: Question, api: WrongApi) -> Json:
    """Name a pod of a peer in place of the peer itself."""

    def anew(item: Json) -> Json:
        peer = item["edge"]["resource"]
        name = (peer.get("namespace", ""), peer["name"])
        for key, pod in api.known.pods.items():
            if name in api.known.holders(question.resource.plural, key):
                return with_edge(item, resource={"kind": "Pod", "namespace": pod.namespace, "name": pod.name})
        return item

    return each_item(document, anew)


@edges_alone
def _nameless(document: Json, _question: Question, _api: WrongApi) -> Json:
    return each_item(document, lambda item: with_edge(item, resource={}))


@edges_alone
def _received_only(document: Json, _question: Question, _api: WrongApi) -> Json:
    return kept_items(document, lambda one: one["edge"]["direction"] == "from")


@edges_alone
def _near_peers(document: Json, _question: Question, _api: WrongApi) -> Json:
    """Leave out those that the object calls in other namespaces."""

    def is_far(item: Json) -> bool:
        edge = item["edge"]
        return bool(
            edge["direction"] == "to"
            and edge["resource"].get("namespace") != item["resource"].get("namespace")
        )

    return kept_items(document, lambda one: not is_far(one))


def _callers_by_account(traffic: Traffic, api: WrongApi) -> Traffic:
    """Take all pods of one account for the first of them where they call."""
    first: dict[tuple[str, str], str] = {}
    for key, pod in sorted(api.known.pods.items()):
        first.setdefault((pod.namespace, pod.account), key)
    callers = {key: first[pod.namespace, pod.account] for key, pod in api.known.pods.items()}

    def change(flow: Flow) -> Flow:
        is_told = flow.side is Side.SERVER
        return replace(flow, source=callers.get(flow.source, flow.source)) if is_told else flow

    return each_flow(traffic, change)


def _top(number: int) -> DocumentStage:
    """Show the busiest edges only."""

    @edges_alone
    def stage(document: Json, _question: Question, _api: WrongApi) -> Json:
        return {**document, "items": sorted(document["items"], key=calls_of, reverse=True)[:number]}

    return stage


@edges_alone
def _not_itself(document: Json, question: Question, _api: WrongApi) -> Json:
    return kept_items(document, lambda one: one["edge"]["resource"]["name"] != question.name)


@edges_alone
def _small_kind(document: Json, _question: Question, _api: WrongApi) -> Json:
    def change(item: Json) -> Json:
        peer = item["edge"]["resource"]
        return with_edge(item, resource={**peer, "kind": peer["kind"].lower()})

    return each_item(document, change)


def _with_successes(document: Json, _question: Question, _api: WrongApi) -> Json:
    return kept_items(
        document,
        lambda item: any(one["name"] == "success_count" and value_of(one) for one in item["metrics"]),
    )


FAULTS: tuple[Fault, ...] = (
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
    document_fault(
        "metrics-edges-near-only",
        "Edges to whom an object calls in other namespaces are left out.",
        _near_peers,
    ),
    traffic_fault("metrics-edges-by-account", "Callers of one account are one peer.", _callers_by_account),
    document_fault("metrics-edges-top-two", "Only the two busiest edges are shown.", _top(2)),
    document_fault(
        "metrics-edges-not-itself", "An object that calls itself has no edge to itself.", _not_itself
    ),
    document_fault("metrics-edges-small-kind", "A peer's kind is written in small letters.", _small_kind),
    document_fault("metrics-edges-top-ten", "Only the ten busiest edges are shown.", _top(10)),
    document_fault(
        "metrics-edges-of-successes", "Who had no success has no edge.", edges_alone(_with_successes)
    ),
)
