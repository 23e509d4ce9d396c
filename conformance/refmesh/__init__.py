"""The reference mesh: Envoy beside each pod, steered by a control plane that reads SMI for itself.

It shares no reading of the spec with the oracle, knows no cluster, and starts no processes.
"""

from conformance.refmesh.certificates import CredentialSettings
from conformance.refmesh.control_plane import ControlPlane, ControlPlaneSettings, SidecarLaunch
from conformance.refmesh.envoy import envoy_version
from conformance.refmesh.interception import Interception
from conformance.refmesh.progress import ResourceKind
from conformance.refmesh.server import ServerSettings
from conformance.refmesh.snapshot import Snapshot
from conformance.refmesh.store import Rejection, SidecarStatus

__all__ = [
    "ControlPlane",
    "ControlPlaneSettings",
    "CredentialSettings",
    "Interception",
    "Rejection",
    "ResourceKind",
    "ServerSettings",
    "SidecarLaunch",
    "SidecarStatus",
    "Snapshot",
    "envoy_version",
]
