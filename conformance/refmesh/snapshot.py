"""What one sidecar is told: a consistent set of Envoy resources.

Policy that HTTP calls meet lies in one route configuration, `POLICY`, which every HTTP listener of the sidecar uses,
inbound and outbound; so one message carries a whole change of policy, and Envoy takes it over in one piece.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]
"""One Envoy resource as JSON, with ``@type``."""

POLICY = "policy"
"""Name of the route configuration that carries a sidecar's whole HTTP policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All resources of one sidecar at one moment, by name."""

    listeners: Mapping[str, Resource]
    clusters: Mapping[str, Resource]
    routes: Mapping[str, Resource]
