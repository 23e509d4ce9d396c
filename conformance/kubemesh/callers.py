"""Who asks the control plane for a certificate: what the API server says of the token that a pod shows.

Nothing that the caller says of itself counts. A token of this kind is bound to its pod: the API server does not know
it any more once the pod is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.kubemesh.names import AUDIENCE
from conformance.kubemesh.rest import Rest

_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
_EXTRA = "authentication.kubernetes.io/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A pod that has proved who it is."""

    namespace: str
    account: str
    pod: str
    uid: str
    """Of the pod."""


def review_token(rest: Rest, token: str) -> Caller | None:
    """Ask the API server whose token this is; None when it is nobody's, or not a pod's, or not meant for us.

    Raises:
        EnvironmentBrokenError: The API server refuses the question, or does not answer.
    """
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [AUDIENCE]},
    }
    return caller_of(rest.post(_REVIEWS, asked).get("status") or {})


def caller_of(status: Mapping[str, Any]) -> Caller | None:
    """Read a TokenReview's status."""
    user = status.get("user") or {}
    extra = user.get("extra") or {}
    parts = str(user.get("username", "")).split(":")
    pod, uid = (_only(extra.get(f"{_EXTRA}{one}")) for one in ("pod-name", "pod-uid"))
    is_ours = status.get("authenticated") is True and AUDIENCE in (status.get("audiences") or ())
    match parts:
        case ["system", "serviceaccount", namespace, account] if is_ours and pod and uid:
            return Caller(namespace=namespace, account=account, pod=pod, uid=uid)
        case _:
            return None


def _only(values: object) -> str:
    return values[0] if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str) else ""
