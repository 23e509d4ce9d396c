"""Metrics APIs that do not keep to what Kubernetes' clients rely on, whatever the API."""

from dataclasses import replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import answer_fault, document_fault, item_fault
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.rendering import Json


def _continued(document: Json, _question: Question, _api: WrongApi) -> Json:
    if "items" not in document:
        return document
    return {**document, "metadata": {**document.get("metadata", {}), "continue": "next"}}


def _called_alike(item: Json) -> Json:
    return {**item, "metadata": {**item["metadata"], "name": "traffic-metrics"}}


def _as_text(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    return replace(answer, content_type="text/plain; charset=utf-8")


def _other_reason(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    is_refusal = answer.body.get("kind") == "Status"
    return replace(answer, body={**answer.body, "reason": "InternalError"}) if is_refusal else answer


def _strict(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    unknown = sorted(request.query.keys() - {"labelSelector"})
    if not unknown:
        return answer
    code = HTTPStatus.BAD_REQUEST
    words = f"unknown parameters: {', '.join(unknown)}"
    return MetricsAnswer(status=code, body=rendering.status(code, "BadRequest", words))


def _nobody_for_no_selector(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    is_meant = request.query.get("labelSelector") == "" and "items" in answer.body
    return replace(answer, body={**answer.body, "items": []}) if is_meant else answer


def _cut(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    limit = int(request.query.get("limit", 0))
    if not limit or "items" not in answer.body:
        return answer
    return replace(answer, body={**answer.body, "items": answer.body["items"][:limit]})


FAULTS: tuple[Fault, ...] = (
    document_fault("metrics-list-goes-on", "A whole list says that there is more of it.", _continued),
    item_fault(
        "metrics-metadata-alike", "The metadata of all objects bear one and the same name.", _called_alike
    ),
    answer_fault("metrics-strict-query", "What a query says beside a selector is refused.", _strict),
    answer_fault(
        "metrics-empty-selector", "A selector without conditions chooses nobody.", _nobody_for_no_selector
    ),
    answer_fault("metrics-limit-cuts", "A list ends at its limit, and does not say that it goes on.", _cut),
    answer_fault("metrics-json-as-text", "JSON is said to be plain text.", _as_text),
    answer_fault(
        "metrics-status-other-reason", "A Status has the reason of another code than its own.", _other_reason
    ),
)
