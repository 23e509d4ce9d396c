"""Questions about what Kubernetes' clients rely on in every API, of what an answer may also leave out."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.metrics.case import Case, Remark
from conformance.model.measuring import Reading

_JSON = "application/json"
_REASONS: Mapping[str, int] = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "InternalError": 500,
    "ServiceUnavailable": 503,
}
"""The status of each reason of Kubernetes' that a refusal to read may have; others are open.

Source: Kubernetes, apimachinery, ``pkg/apis/meta/v1/types.go``: "StatusReasonNotFound [...] Status code 404".
"""


def conventions(case: Case) -> Iterator[Remark]:
    """What is written beside the figures keeps to Kubernetes' conventions."""
    yield from _media_type(case)
    metadata = _metadata(case.body)
    if case.is_list and metadata.get("continue") and not has_limit(case):
        yield Remark(
            "a list that says it is whole, as no limit was asked for",
            f"metadata.continue is {metadata['continue']!r}",
            "continue may be set if the user set a limit on the number of items returned",
        )
    if case.read.reading is not Reading.EDGES and case.resource.kind != "TrafficSplit":
        yield from _names(case)


def has_limit(case: Case) -> bool:
    """Say whether the list was asked for piece by piece."""
    return "limit" in dict(case.read.query)


def may_go_on(case: Case) -> bool:
    """Say whether a list is a piece of one, and says so."""
    return has_limit(case) and bool(_metadata(case.body).get("continue"))


def reason(case: Case) -> Iterator[Remark]:
    """A Status that gives a reason of Kubernetes' has the one of its code."""
    found = case.body.get("reason") if isinstance(case.body, Mapping) else None
    code = _REASONS.get(str(found))
    if code is not None and code != case.status:
        yield Remark(
            f"a reason that goes with {case.status}",
            f"{found}, which is that of {code}",
            "clients tell by the reason what a refusal is about",
        )


def _media_type(case: Case) -> Iterator[Remark]:
    written = case.once.main.answer.headers.get("content-type", _JSON)
    if written.partition(";")[0].strip().lower() != _JSON:
        yield Remark(
            f"an answer of the type {_JSON}",
            f"it is said to be {written!r}",
            "by default, Kubernetes returns objects serialized to JSON with content type application/json",
        )


def _names(case: Case) -> Iterator[Remark]:
    """Metadata, which may be missing, names an object as its path does.

    Source: Kubernetes' API conventions, "Metadata": it "is used in the path when retrieving an individual object".
    """
    for item, body in zip(case.items, case.raw_items, strict=False):
        metadata = _metadata(body)
        named = (metadata.get("namespace"), metadata.get("name"))
        wanted = (item.resource.namespace, item.resource.name)
        if any(written and written != right for written, right in zip(named, wanted, strict=True)):
            yield Remark(
                f"metadata of {item.resource}",
                f"they name {'/'.join(str(one) for one in named if one)}",
                "metadata.name is used in the path when retrieving an individual object",
            )


def _metadata(body: Any) -> Mapping[str, Any]:
    found = body.get("metadata") if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}
