"""APIs that show the wrong edges."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.documents import answering, showing, with_tally_of, written
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics.api import EDGES, MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.rendering import Json, edge, kind_json, reference
from conformance.refmesh.metrics.traffic import Side, Tally

EdgesChange = Callable[[Json, Question, WrongApi], Json]


def _edges(change: EdgesChange) -> EdgesChange:
    """Change lists of edges only."""
    return lambda body, question, api: change(body, question, api) if question.edges else body


def _each(change: Callable[[Json], Json]) -> EdgesChange:
    """Change the ``edge`` of every item in lists of edges."""

    def document(body: Json, question: Question, api: WrongApi) -> Json:
        del question, api
        return {**body, "items": [{**one, "edge": change(one["edge"])} for one in body["items"]]}

    return _edges(document)


def _totals(body: Json, question: Question, api: WrongApi) -> Json:
    if question.resource.plural == "trafficsplits":
        return body
    own = api.clean(replace(question, edges=False))
    return {**body, "items": [with_tally_of(one, own) for one in body["items"]]}


def _turned(found: Json) -> Json:
    other = {"to": "from", "from": "to"}
    return {**found, "direction": other[found["direction"]]}


def _everybody(body: Json, question: Question, api: WrongApi) -> Json:
    """Add an edge without calls from each object of the same type and namespace that has none."""
    shown = {_peer(one) for one in body["items"]}
    names = [one for one in api.known.names(question.resource.plural) if one[0] == question.key[0]]
    others = [one for one in names if one != question.key and one not in shown]
    like = {**written(Tally()), "resource": body["resource"]}
    template = body["items"][0] if body["items"] else {**like, **_times(api, question)}
    added = [
        {
            **template,
            "metrics": written(Tally())["metrics"],
            "edge": edge("from", Side.SERVER, reference(question.resource, one)),
        }
        for one in others
    ]
    return {**body, "items": [*body["items"], *added]}


def _times(api: WrongApi, question: Question) -> dict[str, Any]:
    own = api.clean(replace(question, edges=False))
    return {} if "items" in own else {name: own[name] for name in ("metadata", "timestamp", "window")}


def _peer(item: Json) -> tuple[str, str]:
    found = item["edge"]["resource"]
    return found.get("namespace", ""), found.get("name", "")


def _near(body: Json, question: Question, api: WrongApi) -> Json:
    del api
    if not question.resource.namespaced:
        return body
    items = [
        {
            **one,
            "edge": {**one["edge"], "resource": {**one["edge"]["resource"], "namespace": question.namespace}},
        }
        for one in body["items"]
    ]
    return {**body, "items": items}


def _leaking(body: Json, question: Question, api: WrongApi) -> Json:
    """Show the edges of all objects of the same type as this object's own."""
    others = [one for one in sorted(api.known.names(question.resource.plural)) if one != question.key]
    found = [
        {**item, "resource": body["resource"], "metadata": item["metadata"]}
        for namespace, name in others
        for item in api.clean(replace(question, namespace=namespace, name=name))["items"]
    ]
    return {**body, "items": [*body["items"], *found]}


def _one_less(body: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {**body, "items": body["items"][1:]}


def _by_kind(body: Json, question: Question, api: WrongApi) -> Json:
    del api
    return {**body, "resource": kind_json(question.resource, question.namespace)}


def _missing(given: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
    del api
    if given.status != 200 or not request.path.rstrip("/").endswith(f"/{EDGES}"):  # noqa: PLR2004  # OK
        return given
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=404, body={**body, "message": words, "reason": "NotFound", "code": 404})


def _without_peers(item: Json, question: Question, api: WrongApi) -> Json:
    del api
    return {**item, "edge": {**item["edge"], "resource": {}}} if question.edges else item


def _one_way(body: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {**body, "items": [one for one in body["items"] if one["edge"].get("direction") == "from"]}


FAULTS = (
    answering("metrics-edges-copy-totals", "Each edge has the figures of the whole object.", _edges(_totals)),
    answering("metrics-edges-swap-direction", "Directions to and from are swapped in edges.", _each(_turned)),
    answering(
        "metrics-edges-constant-side",
        "The side of an edge is always said to be server.",
        _each(lambda found: {**found, "side": "server"}),
    ),
    answering(
        "metrics-edges-declared",
        "Edges are shown to all objects of the namespace, whether they were ever called or not.",
        _edges(_everybody),
    ),
    answering(
        "metrics-edges-assume-namespace",
        "The peer of an edge is taken to be in the object's own namespace.",
        _edges(_near),
    ),
    answering(
        "metrics-edges-leak", "The edges of other objects are shown as the object's own.", _edges(_leaking)
    ),
    answering("metrics-edges-drop-one", "One edge is left out.", _edges(_one_less)),
    answering(
        "metrics-edges-receive-only", "Edges to those whom an object calls are left out.", _edges(_one_way)
    ),
    showing("metrics-edges-nameless", "Edges do not say who the peer is.", _without_peers),
    Fault(
        name="metrics-edges-missing",
        says="There are no lists of edges: they are answered with 404.",
        metrics=MetricsStages(answer=_missing),
    ),
    answering(
        "metrics-edges-wrong-list",
        "A list of edges says that it is about a type, and not whose edges they are.",
        _edges(_by_kind),
    ),
)
