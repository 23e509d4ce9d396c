"""What an API server's answers mean, in words that help: pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from conformance.errors import EnvironmentBrokenError, ManifestRefusedError, ObjectRefusedError
from conformance.model.manifest import ObjectRef

RBAC_HINT = "grant the suite's account what fixtures/rbac/suite.yaml lists"

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_NOT_AUTHORIZED = (" cannot ", " is attempting to grant RBAC permissions not currently held")
"""Stand in what the API server says when RBAC refuses.

``User "x" cannot create resource "pods" ...``, or that a Role would grant what the account lacks itself.
"""
_DENIED = re.compile(r'admission webhook "([^"]+)" denied the request')
_NOT_VALID = 422


class ApiError(EnvironmentBrokenError):
    """The API server said no, or nothing. Who can tell what it means for an object says so in other words."""

    def __init__(self, what: str, where: str, hint: str, answer: "Answer | None" = None) -> None:
        super().__init__(what, where, hint)
        self.answer = answer or Answer(status=0, reason="", message=what)


class NotOursError(ManifestRefusedError):
    """An object was to be changed or deleted that this run did not create; it was left alone."""

    code = "not-ours"


class Answer:
    """An answer of the API server that is not the object asked for."""

    __slots__ = ("message", "reason", "status")

    def __init__(self, *, status: int, reason: str, message: str) -> None:
        self.status = status
        """HTTP status; 0 when there was no answer at all."""
        self.reason = reason
        """The API's own word, such as ``AlreadyExists``."""
        self.message = message

    @property
    def is_gone(self) -> bool:
        """Whether there is no such object."""
        return self.status == 404  # noqa: PLR2004  HTTP's

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else was faster, or the object is there already."""
        return self.status == 409  # noqa: PLR2004  HTTP's

    @property
    def is_expired(self) -> bool:
        """Whether a watch asked for changes that the server has forgotten."""
        return self.status == 410 or self.reason == "Expired"  # noqa: PLR2004  HTTP's

    @property
    def is_transient(self) -> bool:
        """Whether asking again may help: the server, or a webhook it asks, is not up to it now."""
        return self.status in _TRANSIENT

    @property
    def is_unknown_resource(self) -> bool:
        """Whether the server does not serve this path, whatever the object."""
        return self.is_gone and "could not find the requested resource" in self.message

    @property
    def may_be_early(self) -> bool:
        """Whether a server that has just started may say so, too, before it has read its roles and CRDs."""
        return self.is_unknown_caller or self.is_forbidden or self.is_unknown_resource

    @property
    def is_unknown_caller(self) -> bool:
        """Whether the server does not take the credentials."""
        return self.status == 401  # noqa: PLR2004  HTTP's

    @property
    def is_forbidden(self) -> bool:
        """Whether the account lacks a right. An admission webhook's refusal has this status and is none."""
        return self.status == 403 and any(one in self.message for one in _NOT_AUTHORIZED)  # noqa: PLR2004  HTTP's


def read_answer(status: int, body: bytes) -> Answer:
    """Read the Status object of an answer; a proxy's page, or nothing, stands as it is."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Answer(status=status, reason="", message=body[:300].decode("utf-8", "replace").strip())
    return answer_of(said, status)


def answer_of(said: Mapping[str, Any], status: int = 0) -> Answer:
    """Read a Status object."""
    return Answer(
        status=int(said.get("code") or status),
        reason=str(said.get("reason") or ""),
        message=str(said.get("message") or f"HTTP status {status}"),
    )


def api_error(answer: Answer, request: str, host: str) -> ApiError:
    """Say what an answer means where nothing is known of the object that was asked for.

    Args:
        answer: What the server said.
        request: Such as ``GET /api/v1/pods``.
        host: The server's address.
    """
    where = f"{request}, {host}"
    if answer.is_unknown_caller:
        return ApiError(
            "the API server does not take the credentials",
            where,
            "renew the login of this kubeconfig",
            answer,
        )
    if answer.is_forbidden:
        return ApiError(f"the account may not do this: {answer.message}", where, RBAC_HINT, answer)
    return ApiError(
        f"the API server answered {answer.status}: {answer.message}",
        where,
        "see whether the cluster is well: kubectl get --raw='/readyz?verbose'",
        answer,
    )


def refused(answer: Answer, ref: ObjectRef, cluster: str, served: str) -> ManifestRefusedError | None:
    """Say what an answer means for a manifest; None where it says nothing about the manifest.

    Args:
        answer: What the server said.
        ref: What was applied.
        cluster: The cluster's name.
        served: Versions in which the kind is served, in words; empty when that is not in question.
    """
    where = f"{ref}, cluster {cluster}"
    if answer.is_unknown_resource:
        known = served or "it in no version"
        return ManifestRefusedError(
            f'no matches for kind "{ref.kind}" in this version', where, f"this cluster serves {known}"
        )
    if answer.is_unknown_caller or answer.is_forbidden or (answer.is_transient and not _of_webhook(answer)):
        return None
    webhook = _DENIED.search(answer.message)
    if webhook or _is_of_schema(answer):
        name = webhook[1] if webhook else ""
        return ObjectRefusedError(answer.message, where, _hint(answer), str(ref), name)
    return ManifestRefusedError(answer.message, where, _hint(answer))


def _is_of_schema(answer: Answer) -> bool:
    """Say whether the schema of its kind does not have the object so; what a webhook says can look alike."""
    if _of_webhook(answer) or "denied request" in answer.message:
        return False
    return answer.status == _NOT_VALID or "strict decoding error" in answer.message


def _of_webhook(answer: Answer) -> bool:
    return "webhook" in answer.message


def _hint(answer: Answer) -> str:
    if denied := _DENIED.search(answer.message):
        return f"if {denied[1]} is the mesh's own webhook, name it in smi.webhooks of its profile; else lift its rule"
    if _of_webhook(answer):
        return "the webhook is the mesh's, or another controller's: see whether its pods are well"
    if "strict decoding error" in answer.message:
        return "remove the field, or write the version that has it"
    if answer.is_gone or "being terminated" in answer.message:
        return "see whether something else deletes the objects of this run"
    return "write the manifest as the API server wants it"
