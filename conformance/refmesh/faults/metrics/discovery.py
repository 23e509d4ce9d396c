"""APIs that say wrong things of what they serve, or answer wrongly where there is nothing to show."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics.api import ROOT, MetricsAnswer, MetricsRequest
from conformance.refmesh.metrics.rendering import Json

_READING = frozenset({"GET", "HEAD"})
_NOTHING = "0"


def _answers(name: str, says: str, change: Callable[[MetricsAnswer, MetricsRequest], MetricsAnswer]) -> Fault:
    def answer(given: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
        del api
        return change(given, request)

    return Fault(name=name, says=says, metrics=MetricsStages(answer=answer))


def _discovery(name: str, says: str, change: Callable[[list[Json]], list[Json]]) -> Fault:
    def answer(given: MetricsAnswer, request: MetricsRequest) -> MetricsAnswer:
        if request.path.rstrip("/") != ROOT or "resources" not in given.body:
            return given
        return replace(given, body={**given.body, "resources": change(given.body["resources"])})

    return _answers(name, says, answer)


def _unserved(resources: list[Json]) -> list[Json]:
    return [*resources, {**resources[0], "name": "cronjobs"}]


def _turned(resources: list[Json]) -> list[Json]:
    return [{**one, "namespaced": not one["namespaced"]} for one in resources]


def _instead_of(
    status: int, then: int, body: Json
) -> Callable[[MetricsAnswer, MetricsRequest], MetricsAnswer]:
    def answer(given: MetricsAnswer, request: MetricsRequest) -> MetricsAnswer:
        if given.status != status or request.method not in _READING:
            return given
        return MetricsAnswer(
            status=then, body=body or {**given.body, "code": then, "reason": "InternalError"}
        )

    return answer


def _is_idle(body: Json) -> bool:
    counts = [one["value"] for one in body.get("metrics", ()) if one["name"].endswith("_count")]
    return body.get("kind") == "TrafficMetrics" and all(one == _NOTHING for one in counts)


def _failing_if_idle(given: MetricsAnswer, request: MetricsRequest) -> MetricsAnswer:
    del request
    if not _is_idle(given.body):
        return given
    words = "no data for this object"
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return MetricsAnswer(status=500, body={**body, "message": words, "reason": "InternalError", "code": 500})


def _accepting(given: MetricsAnswer, request: MetricsRequest) -> MetricsAnswer:
    if given.status != 405:  # noqa: PLR2004  # Method Not Allowed
        return given
    status = 201 if request.method == "POST" else 200
    return MetricsAnswer(status=status, body={"kind": "Status", "apiVersion": "v1", "status": "Success"})


def _bare(given: MetricsAnswer, request: MetricsRequest) -> MetricsAnswer:
    del request
    if given.body.get("kind") != "Status":
        return given
    return replace(given, body={"error": given.body.get("message", "")})


FAULTS = (
    _discovery(
        "metrics-discovery-empty", "The list of resources that the metrics API serves is empty.", lambda _: []
    ),
    _discovery(
        "metrics-advertises-unserved",
        "The metrics API lists a resource that it answers with 404.",
        _unserved,
    ),
    _discovery(
        "metrics-hides-served",
        "The metrics API serves deployments and does not list them.",
        lambda found: [one for one in found if one["name"] != "deployments"],
    ),
    _discovery(
        "metrics-discovery-wrong-kind",
        "The metrics API lists its resources with the kind of the object instead of TrafficMetrics.",
        lambda found: [{**one, "kind": one["name"].removesuffix("s").capitalize()} for one in found],
    ),
    _discovery(
        "metrics-discovery-wrong-scope",
        "The metrics API lists what has a namespace as if it had none, and the other way round.",
        _turned,
    ),
    _discovery(
        "metrics-discovery-get-only",
        "The metrics API lists its resources without the verb list.",
        lambda found: [{**one, "verbs": ["get"]} for one in found],
    ),
    _answers(
        "metrics-unknown-is-empty",
        "An object that does not exist is answered with 200 and an empty body.",
        lambda given, request: (
            MetricsAnswer(status=200, body={})
            if given.status == 404 and request.method in _READING  # noqa: PLR2004  # Not Found
            else given
        ),
    ),
    _answers(
        "metrics-unknown-is-500",
        "An object that does not exist is answered with a server error.",
        _instead_of(404, 500, {}),
    ),
    _answers(
        "metrics-idle-is-500",
        "An object without traffic is answered with a server error.",
        _failing_if_idle,
    ),
    _answers(
        "metrics-idle-is-404",
        "An object that exists and has no traffic is answered as if it did not exist.",
        lambda given, request: (
            replace(_failing_if_idle(given, request), status=404) if _is_idle(given.body) else given
        ),
    ),
    _answers(
        "metrics-accepts-writes",
        "Figures may be created, replaced and deleted: the metrics API says that it has done so.",
        _accepting,
    ),
    _answers(
        "metrics-bare-errors",
        "The metrics API refuses with a body of its own instead of a Kubernetes Status.",
        _bare,
    ),
)
