"""Which kinds the mesh listens to, and under which path each is served."""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from conformance.kubemesh.names import CONFIG_MAP, NAMESPACE
from conformance.kubemesh.rest import ApiRefusedError
from conformance.kubemesh.watching import Source, Watched
from conformance.spec import KINDS, ApiVersion, Kind

_PODS = Watched(api_version="v1", kind="Pod", path="/api/v1/pods")
_SERVICES = Watched(api_version="v1", kind="Service", path="/api/v1/services")
_NAMESPACES = Watched(api_version="v1", kind="Namespace", path="/api/v1/namespaces")
_FAULTS = Watched(
    api_version="v1",
    kind="ConfigMap",
    path=f"/api/v1/namespaces/{NAMESPACE}/configmaps",
    selector=f"metadata.name={CONFIG_MAP}",
)

CORE = (_NAMESPACES, _PODS, _SERVICES)
"""Where workloads are, and which of them belong to the mesh."""
FAULTS = _FAULTS
"""How the mesh is to be wrong."""
_REMEMBERED = 1.0  # seconds; so that a control plane that starts does not ask six times


class Discovery:
    """Knows in which versions the cluster serves each kind of SMI. Safe to use from several threads."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._served: dict[str, frozenset[str]] = {}
        self._asked = float("-inf")

    def finder(self, kind: Kind) -> Callable[[], Watched | None]:
        """Make a function that says where to listen for *kind*; it gives None where the cluster has no such kind.

        Of several versions the newest is the stored one, on our own CRDs; on others it says the most.
        """
        return lambda: self._find(kind)

    def _find(self, kind: Kind) -> Watched | None:
        for version in sorted(kind.versions, key=lambda one: -one.ordinal):
            if kind.plural in self._resources(kind, version):
                api_version = kind.api_version(version)
                return Watched(
                    api_version=api_version, kind=kind.name, path=f"/apis/{api_version}/{kind.plural}"
                )
        return None

    def _resources(self, kind: Kind, version: ApiVersion) -> frozenset[str]:
        with self._lock:
            if time.monotonic() - self._asked > _REMEMBERED:
                self._served, self._asked = {}, time.monotonic()
            api_version = kind.api_version(version)
            if api_version not in self._served:
                self._served[api_version] = self._ask(api_version)
            return self._served[api_version]

    def _ask(self, api_version: str) -> frozenset[str]:
        try:
            listed = self._source.get(f"/apis/{api_version}")
        except ApiRefusedError as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return frozenset()
            raise
        return frozenset(one["name"] for one in listed.get("resources") or ())


SMI = KINDS
"""Every kind of SMI that is stored."""
