"""The reference mesh inside Kubernetes: control plane, admission webhooks, sidecar's agent, and how it is installed.

What policy means is in `conformance.refmesh` and the same as on the embedded cluster. What stands here is for whoever
has a cluster; it is loaded when it is asked for, since a sidecar has no use for it.

How it hangs together::

    API server ── list + watch ──> sources ─> steering (the pipeline of `refmesh`) ─> discovery
         │                                                                            │ wire, one WebSocket
         ├── admission: /inject (patch), /convert                                     v
         ├── aggregation: metering
         └── TokenReview (callers) <── token ── identity ── agent: following ─> store ─> Envoy, polling

What it does not do: a pod's HTTP and TCP probes on its own ports come from outside the mesh and are refused, so pods
need exec probes; init containers of a pod's own come before its sidecar and reach nobody; a Job does not end, since
its sidecar goes on; of IPv6 all TCP is refused; the authority is not rotated.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.kubemesh.faulting import set_faults
    from conformance.kubemesh.installing import install, uninstall
    from conformance.kubemesh.manifests import MeshInstall
    from conformance.kubemesh.metering.settings import period_of
    from conformance.kubemesh.reporting import installed_window, status

__all__ = ["MeshInstall", "install", "installed_window", "period_of", "set_faults", "status", "uninstall"]

_PLACES = {
    "MeshInstall": "manifests",
    "install": "installing",
    "installed_window": "reporting",
    "period_of": "metering.settings",
    "set_faults": "faulting",
    "status": "reporting",
    "uninstall": "installing",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(f"conformance.kubemesh.{_PLACES[name]}"), name)
