"""Metrics APIs that refuse wrongly, or not at all."""

from dataclasses import replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    answer_fault,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.api import MetricsAnswer, MetricsRequest
from conformance.refmesh.metrics.rendering import Json

_OK = HTTPStatus.OK


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


FAULTS: tuple[Fault, ...] = (
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
)
