"""A plain request to a cluster's API server, and what it answers: for APIs that are read and not applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.model.topology import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """What a client without any library of its own would send."""

    path: str
    """Such as ``/apis/metrics.smi-spec.io/v1alpha1/namespaces/here/pods``; without the query."""
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    """Pairs in the order they are sent, not yet encoded."""
    body: Mapping[str, Any] | None = None
    """A JSON object, for methods that carry one."""
    account: Identity | None = None
    """Whose credentials are shown; None shows the suite's own."""

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        who = f" as {self.account}" if self.account else ""
        return f"{self.method} {self.path}{'?' if query else ''}{query}{who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """What came back: raw facts, no opinion."""

    status: int
    """HTTP status."""
    body: bytes
    """To the letter; JSON where the server keeps to Kubernetes' manners."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAction:
    """What an account wants to do to a resource, in RBAC's words."""

    account: Identity
    verb: str
    """Such as ``get`` or ``list``."""
    group: str
    resource: str
    """Plural, and with its sub-resource where it has one: ``pods/edges``."""
    namespace: str = ""
    """Empty for what is not namespaced, and for all namespaces. A namespace itself lies in the one of its own name:
    Kubernetes reads ``namespaces/here`` so, and a Role in ``here`` can grant it."""
    name: str = ""
    """Empty for lists."""
