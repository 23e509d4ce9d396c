"""Metrics APIs that do not keep to what Kubernetes' clients rely on, whatever the API."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import answer_fault, document_fault, item_fault
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
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


FAULTS: tuple[Fault, ...] = (
    document_fault("metrics-list-goes-on", "A whole list says that there is more of it.", _continued),
    item_fault(
        "metrics-metadata-alike", "The metadata of all objects bear one and the same name.", _called_alike
    ),
    answer_fault("metrics-json-as-text", "JSON is said to be plain text.", _as_text),
    answer_fault(
        "metrics-status-other-reason", "A Status has the reason of another code than its own.", _other_reason
    ),
)
