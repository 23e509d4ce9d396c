"""Metrics APIs whose discovery, refusals or rights are wrong."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import answer_fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.api import ROOT, Action, MetricsAnswer, MetricsRequest
from conformance.refmesh.metrics.rendering import Json

AnswerStage = Callable[[MetricsAnswer, MetricsRequest, WrongApi], MetricsAnswer]

_OK = HTTPStatus.OK


def _with_entries(change: Callable[[list[Json]], list[Json]]) -> AnswerStage:
    def stage(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
        if answer.body.get("kind") != "APIResourceList":
            return answer
        return replace(answer, body={**answer.body, "resources": change(answer.body["resources"])})

    return stage


def _hidden(entries: list[Json]) -> list[Json]:
    return [one for one in entries if one["name"] != "pods"]


def _promised(entries: list[Json]) -> list[Json]:
    return [*entries, {**entries[0], "name": "cronjobs"}]


def _called_pod(entries: list[Json]) -> list[Json]:
    return [{**one, "kind": "Pod"} for one in entries]


def _all_namespaced(entries: list[Json]) -> list[Json]:
    return [{**one, "namespaced": True} for one in entries]


def _unknown_is_empty(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    return MetricsAnswer(status=_OK, body={}) if answer.status == HTTPStatus.NOT_FOUND else answer


def _unknown_is_500(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    return _broken("no series found") if answer.status == HTTPStatus.NOT_FOUND else answer


def _idle_is_500(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    return _broken("no series found") if _is_idle(answer.body) else answer


def _is_idle(body: Json) -> bool:
    counts = [one for one in body.get("metrics", ()) if one["name"].endswith("count")]
    return bool(counts) and all(one["value"] == "0" for one in counts)


def _broken(message: str) -> MetricsAnswer:
    code = HTTPStatus.INTERNAL_SERVER_ERROR
    return MetricsAnswer(status=code, body=rendering.status(code, "InternalError", message))


def _accepting(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    return MetricsAnswer(status=_OK, body={}) if answer.status == HTTPStatus.METHOD_NOT_ALLOWED else answer


def _bare(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    is_refusal = answer.body.get("kind") == "Status"
    return replace(answer, body={"error": answer.body["message"]}) if is_refusal else answer


def _unserved_edges(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if answer.status != _OK or not request.path.rstrip("/").endswith("/edges"):
        return answer
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=404, body=rendering.status(404, "NotFound", words))


def _unserved_jobs(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    below = request.path.removeprefix(ROOT).strip("/").split("/")
    if not {"jobs", "cronjobs"} & set(below):
        return answer
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=404, body=rendering.status(404, "NotFound", words))


def _as_parent(action: Action) -> Action:
    return replace(action, resource=action.resource.removesuffix("/edges"))


FAULTS = (
    answer_fault(
        "metrics-discovery-empty",
        "The metrics API lists no resources, though it serves them.",
        _with_entries(lambda _: []),
    ),
    answer_fault(
        "metrics-advertises-unserved",
        "The metrics API lists jobs, and answers 404 for them.",
        _unserved_jobs,
    ),
    answer_fault("metrics-hides-served", "Pods are served and not listed.", _with_entries(_hidden)),
    answer_fault(
        "metrics-discovery-wrong-kind",
        "Resources are listed with the kind Pod in place of TrafficMetrics.",
        _with_entries(_called_pod),
    ),
    answer_fault(
        "metrics-discovery-wrong-scope",
        "Namespaces and nodes are listed as namespaced.",
        _with_entries(_all_namespaced),
    ),
    answer_fault(
        "metrics-unknown-is-empty",
        "An unknown object is answered with 200 and nothing.",
        _unknown_is_empty,
    ),
    answer_fault(
        "metrics-unknown-is-500", "An object that does not exist is answered with 500.", _unknown_is_500
    ),
    answer_fault("metrics-idle-is-500", "An object without traffic is answered with 500.", _idle_is_500),
    answer_fault("metrics-accepts-writes", "Writing to the metrics API is answered with 200.", _accepting),
    answer_fault("metrics-bare-errors", "Errors of the metrics API are no Kubernetes Status.", _bare),
    answer_fault(
        "metrics-edges-missing",
        "The edges of an object are not served.",
        _unserved_edges,
    ),
    Fault(
        name="metrics-open-to-all",
        says="Whoever is known may read all metrics, whatever RBAC says.",
        metrics=MetricsStages(may=lambda _: None),
    ),
    Fault(
        name="metrics-edges-under-parent",
        says="Whoever may read an object may read its edges, and nobody else.",
        metrics=MetricsStages(may=_as_parent),
    ),
)
