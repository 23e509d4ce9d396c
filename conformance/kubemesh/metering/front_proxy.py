"""Who asks, as the API server says it when it passes a request on: in headers that it alone may set.

Source:
    Kubernetes documentation, "Configure the Aggregation Layer", "Kubernetes Apiserver Authentication Flow". The API
    server shows a client certificate; whose it must be, and under which names its headers stand, is in the ConfigMap
    ``kube-system/extension-apiserver-authentication``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

from conformance.kubemesh.watching import Watched
from conformance.refmesh.metrics import Asker

_NAMESPACE, _NAME = "kube-system", "extension-apiserver-authentication"

CONFIGURATION = Watched(
    api_version="v1",
    kind="ConfigMap",
    path=f"/api/v1/namespaces/{_NAMESPACE}/configmaps",
    selector=f"metadata.name={_NAME}",
)
"""Where the cluster says how its API server is to be known."""


class Headers(Protocol):
    """Headers of a request; names without regard to case."""

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Give all values of a header."""

    def keys(self) -> Any:
        """Give the names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontProxy:
    """What the cluster says of its API server. The default knows nobody."""

    authority: str = ""
    """Who signs the API server's client certificate, PEM text; empty where nobody is believed."""
    allowed: tuple[str, ...] = ()
    """Common names of certificates that may speak for others; empty for all that the authority has signed."""
    user: tuple[str, ...] = field(default=("X-Remote-User",))
    """Headers that name the user; the first that is there counts."""
    uid: tuple[str, ...] = field(default=("X-Remote-Uid",))
    group: tuple[str, ...] = field(default=("X-Remote-Group",))
    extra: tuple[str, ...] = field(default=("X-Remote-Extra-",))
    """First parts of the names of headers that say more."""

    def asker(self, shown: x509.Certificate | None, headers: Headers) -> Asker | None:
        """Say who asks; None where nobody says so who may.

        Args:
            shown: The certificate that the other end has shown and that `authority` has signed.
            headers: Of the request.
        """
        if shown is None or not self.authority or not self._may_speak(shown):
            return None
        user = _first(self.user, headers)
        if not user:
            return None
        return Asker(
            user=user,
            uid=_first(self.uid, headers),
            groups=tuple(value for name in self.group for value in headers.getall(name, [])),
            extra=tuple(sorted(self._extra(headers))),
        )

    def _may_speak(self, shown: x509.Certificate) -> bool:
        named = {str(one.value) for one in shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
        return not self.allowed or not named.isdisjoint(self.allowed)

    def _extra(self, headers: Headers) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name in {str(one).lower() for one in headers.keys()}:  # noqa: SIM118  # a MultiDict's, each name once
            for start in self.extra:
                if name.startswith(start.lower()):
                    yield unquote(name[len(start) :]), tuple(headers.getall(name, []))


def read_front_proxy(config_map: Mapping[str, Any] | None) -> FrontProxy:
    """Read the ConfigMap; where it is missing or says nothing of a front proxy, nobody is believed.

    Raises:
        ValueError: It cannot be read.
    """
    data: Mapping[str, str] = (config_map or {}).get("data") or {}
    plain = FrontProxy()
    return FrontProxy(
        authority=data.get("requestheader-client-ca-file", ""),
        allowed=_listed(data, "requestheader-allowed-names", ()),
        user=_listed(data, "requestheader-username-headers", plain.user),
        uid=_listed(data, "requestheader-uid-headers", plain.uid),
        group=_listed(data, "requestheader-group-headers", plain.group),
        extra=_listed(data, "requestheader-extra-headers-prefix", plain.extra),
    )


def _listed(data: Mapping[str, str], key: str, plain: tuple[str, ...]) -> tuple[str, ...]:
    listed = json.loads(data[key]) if data.get(key) else None
    if listed is None:
        return plain
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ValueError(f"{key} is no list of names: {data[key]!r:.200}")
    return tuple(listed)


def _first(names: tuple[str, ...], headers: Headers) -> str:
    return next((values[0] for name in names if (values := headers.getall(name, [])) and values[0]), "")
