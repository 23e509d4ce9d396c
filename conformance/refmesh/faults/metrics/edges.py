"""Metrics APIs whose edges are wrong."""

from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    answer_fault,
    document_fault,
    each_item,
    edges_alone,
    with_edge,
    with_metrics,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.inventory import BY_PLURAL
from conformance.refmesh.metrics.rendering import Json, metrics_of
from conformance.refmesh.metrics.traffic import Tally, added

_OK = HTTPStatus.OK


def _unserved_edges(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if answer.status != _OK or not request.path.rstrip("/").endswith("/edges"):
        return answer
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=404, body=rendering.status(404, "NotFound", words))


@edges_alone
def _totals(document: Json, question: Question, api: WrongApi) -> Json:
    total = api.figures().received(question.resource.plural).get(question.key, Tally())
    return each_item(document, lambda item: {**item, "metrics": metrics_of(total)})


@edges_alone
def _swapped(document: Json, _question: Question, _api: WrongApi) -> Json:
    other = {"from": "to", "to": "from"}
    return each_item(document, lambda item: with_edge(item, direction=other[item["edge"]["direction"]]))


@edges_alone
def _constant_side(document: Json, _question: Question, _api: WrongApi) -> Json:
    return each_item(document, lambda item: with_edge(item, side="client"))


@edges_alone
def _wrong_list(document: Json, question: Question, _api: WrongApi) -> Json:
    about = {"kind": question.resource.kind, "namespace": question.namespace}
    return {**document, "resource": about}


@edges_alone
def _one_per_peer(document: Json, question: Question, api: WrongApi) -> Json:
    """Show one edge for a peer with which calls went both ways, with the figures of both."""
    found = api.figures().edges(question.resource.plural, question.key)
    kept: dict[str, Json] = {}
    for item in document["items"]:
        peer = item["edge"]["resource"]
        name = (peer.get("namespace", ""), peer["name"])
        both = added(tally for one, tally in found.items() if one.name == name)
        kept.setdefault(f"{name}", {**item, "metrics": metrics_of(both)})
    return {**document, "items": list(kept.values())}


def _counts_swapped(metric: Metric) -> Metric:
    other = {"success_count": "failure_count", "failure_count": "success_count"}
    return {**metric, "name": other.get(metric["name"], metric["name"])}


@edges_alone
def _of_pods_alone(document: Json, question: Question, _api: WrongApi) -> Json:
    return document if question.resource.plural in {"pods", "deployments"} else {**document, "items": []}


def _unknown_without_edges(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if answer.status != HTTPStatus.NOT_FOUND or not request.path.endswith("/edges"):
        return answer
    plural, name, _ = request.path.split("/")[-3:]
    resource = BY_PLURAL.get(plural)
    if resource is None:
        return answer
    return MetricsAnswer(
        status=_OK, body=rendering.metrics_list(rendering.reference(resource, ("", name)), ())
    )


def _of_no_service(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
    return _unserved_edges(answer, request, api) if "/services/" in request.path else answer


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
    document_fault("metrics-edges-wrong-list", "The list of edges does not say whose they are.", _wrong_list),
    document_fault("metrics-edges-merge-ways", "Two that call each other have one edge.", _one_per_peer),
    document_fault(
        "metrics-edges-swap-counts",
        "On edges, successes and failures are swapped.",
        edges_alone(with_metrics(_counts_swapped)),
    ),
    document_fault("metrics-edges-of-few-kinds", "Only pods and deployments have edges.", _of_pods_alone),
    answer_fault(
        "metrics-edges-of-unknown",
        "Somebody who does not exist has an empty list of edges.",
        _unknown_without_edges,
    ),
    answer_fault("metrics-services-without-edges", "The edges of Services are not found.", _of_no_service),
)
