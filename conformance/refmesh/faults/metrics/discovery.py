"""Metrics APIs whose discovery is wrong."""

from collections.abc import Callable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import AnswerStage, answer_fault
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import ROOT, MetricsAnswer, MetricsRequest
from conformance.refmesh.metrics.rendering import Json

_WRITING = ("create", "update", "patch", "delete")


def _with_entries(change: Callable[[list[Json]], list[Json]]) -> AnswerStage:
    def stage(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
        if answer.body.get("kind") != "APIResourceList":
            return answer
        return replace(answer, body={**answer.body, "resources": change(answer.body["resources"])})

    return stage


def _hidden(entries: list[Json]) -> list[Json]:
    return [one for one in entries if one["name"] != "pods"]


def _called_pod(entries: list[Json]) -> list[Json]:
    return [{**one, "kind": "Pod"} for one in entries]


def _all_namespaced(entries: list[Json]) -> list[Json]:
    return [{**one, "namespaced": True} for one in entries]


def _unserved_jobs(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    below = request.path.removeprefix(ROOT).strip("/").split("/")
    if not {"jobs", "cronjobs"} & set(below):
        return answer
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=404, body=rendering.status(404, "NotFound", words))


def _get_only(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if request.path.rstrip("/") != ROOT or "resources" not in answer.body:
        return answer
    return replace(
        answer,
        body={**answer.body, "resources": [{**one, "verbs": ["get"]} for one in answer.body["resources"]]},
    )


def _other_version(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    if answer.body.get("kind") != "APIResourceList":
        return answer
    return replace(answer, body={**answer.body, "groupVersion": f"{rendering.GROUP}/v1alpha2"})


def _no_slash(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    words = "the server could not find the requested resource"
    is_meant = request.path == f"{ROOT}/"
    return MetricsAnswer(status=404, body=rendering.status(404, "NotFound", words)) if is_meant else answer


FAULTS: tuple[Fault, ...] = (
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
    answer_fault("metrics-discovery-get-only", "Resources are listed without the verb list.", _get_only),
    answer_fault(
        "metrics-discovery-other-version",
        "The list of resources is said to be of another version.",
        _other_version,
    ),
    answer_fault(
        "metrics-discovery-no-slash", "Discovery is not found with a slash behind its path.", _no_slash
    ),
    answer_fault(
        "metrics-discovery-twice",
        "Every resource is listed twice.",
        _with_entries(lambda all_: [*all_, *all_]),
    ),
    answer_fault(
        "metrics-discovery-writing",
        "Resources are listed with verbs that write.",
        _with_entries(lambda all_: [{**one, "verbs": [*one["verbs"], *_WRITING]} for one in all_]),
    ),
    answer_fault(
        "metrics-advertises-more",
        "Cron jobs are listed, and not found.",
        _with_entries(lambda all_: [*all_, {**all_[0], "name": "cronjobs"}]),
    ),
)
