"""What translation has to be told about the mesh it is for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CERTIFICATE = "certificate"
"""Name of the SDS secret with a sidecar's own certificate; its file is ``certificate.yaml``."""
AUTHORITIES = "authorities"
"""Name of the SDS secret with the mesh's certificate authorities; its file is ``authorities.yaml``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """Where iptables leads the connections of a pod: listeners are then found by where a connection was going."""

    outbound: int = 15001
    """Port that takes what the application opens; a destination nobody knows is passed through as it is."""
    inbound: int = 15006
    """Port that takes what comes from elsewhere; what is for no known port is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshSettings:
    """Names and places that are the same for all snapshots of one mesh."""

    credentials: Callable[[str], str | Path]
    """Gives the directory with the secrets of a sidecar, by its id ``namespace/pod``. Asked often; must be
    quick.
    """
    config_source: Mapping[str, Any]
    """Envoy's ConfigSource through which the route configuration is fetched."""
    redirection: Redirection | None = None
    """With it listeners stand at the real addresses of Services and pods, without binding to them; None binds."""
    trust_domain: str = "cluster.local"
    """First part of every SPIFFE id."""
