"""Metrics APIs that refuse wrongly, or not at all."""

from dataclasses import replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import AnswerStage, answer_fault
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import ROOT, MetricsAnswer, MetricsRequest
from conformance.refmesh.metrics.inventory import BY_PLURAL
from conformance.refmesh.metrics.rendering import Json

_OK = HTTPStatus.OK
_LIST_DEPTH = 6  # slashes in /apis/GROUP/VERSION/namespaces/NS/RESOURCE


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


def _stored(method: str) -> AnswerStage:
    """Answer one way of writing as if it were done."""

    def stage(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
        is_meant = request.method == method and answer.status == HTTPStatus.METHOD_NOT_ALLOWED
        return MetricsAnswer(status=_OK, body={}) if is_meant else answer

    return stage


def _unknown_type_is_empty(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    plural = request.path.rpartition("/")[2]
    if answer.status != HTTPStatus.NOT_FOUND or plural in BY_PLURAL or "/namespaces/" not in request.path:
        return answer
    is_list = request.path.count("/") == _LIST_DEPTH
    return MetricsAnswer(status=_OK, body=rendering.metrics_list({"kind": plural}, ())) if is_list else answer


def _lenient(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
    """Answer for the object, whatever stands behind its name."""
    path, _, sub = request.path.rpartition("/")
    if answer.status != HTTPStatus.NOT_FOUND or sub == "edges" or path.count("/") != _LIST_DEPTH + 1:
        return answer
    return api.answer(replace(request, path=path))


def _named_edges(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
    """Take an object called edges for the edges of all."""
    path, _, name = request.path.rpartition("/")
    is_meant = (
        name == "edges" and path.rpartition("/")[2] in BY_PLURAL and answer.status == HTTPStatus.NOT_FOUND
    )
    return api.answer(replace(request, path=path)) if is_meant else answer


def _empty_list_is_500(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    is_meant = answer.body.get("items") == [] and not request.query and not request.path.endswith("/edges")
    return _broken("no such namespace") if is_meant else answer


def _other_code(answer: MetricsAnswer, _request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    is_refusal = answer.body.get("kind") == "Status"
    return replace(answer, body={**answer.body, "code": 500}) if is_refusal else answer


def _not_found(answer: MetricsAnswer) -> MetricsAnswer:
    """Answer in the place of a list that there is no such path."""
    if "items" not in answer.body:
        return answer
    code = HTTPStatus.NOT_FOUND
    words = "the server could not find the requested resource"
    return MetricsAnswer(status=code, body=rendering.status(code, "NotFound", words))


def _wide_pods_only(answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi) -> MetricsAnswer:
    resource = BY_PLURAL.get(request.path.removeprefix(ROOT).strip("/"))
    is_wide = resource is not None and resource.namespaced and resource.plural != "pods"
    return _not_found(answer) if is_wide else answer


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
    answer_fault("metrics-accepts-patch", "A PATCH is answered with 200.", _stored("PATCH")),
    answer_fault("metrics-accepts-delete", "A DELETE is answered with 200.", _stored("DELETE")),
    answer_fault("metrics-accepts-post", "A POST is answered with 200.", _stored("POST")),
    answer_fault(
        "metrics-unknown-type-is-empty",
        "A type that nobody serves has an empty list.",
        _unknown_type_is_empty,
    ),
    answer_fault("metrics-any-subresource", "Any path below an object is answered as the object.", _lenient),
    answer_fault("metrics-edges-as-name", "An object called edges is taken for the list.", _named_edges),
    answer_fault(
        "metrics-empty-list-is-500", "A list without objects is answered with 500.", _empty_list_is_500
    ),
    answer_fault("metrics-status-other-code", "A Status has another code than its answer.", _other_code),
    answer_fault("metrics-wide-lists-of-pods", "Only pods are listed over all namespaces.", _wide_pods_only),
)
