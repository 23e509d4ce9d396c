"""How things are called. Names are stable, so that an update changes a thing and never replaces it."""

LISTENER_MARK = "smi.listener"
"""Filter state that says through which listener a call came; routes select by it."""
CONTROL_PLANE = "control-plane"
"""The cluster, from the bootstrap, through which configuration is fetched."""
RBAC = "envoy.filters.http.rbac"
"""Name of the HTTP filter that enforces grants; per-route configuration is keyed by it."""
TRANSPORT_MATCH = "envoy.transport_socket_match"
"""Endpoint metadata that chooses between mTLS and plain text."""


CATCH_OUTBOUND = "redirected|outbound"
"""The listener that iptables leads an application's connections to."""
CATCH_INBOUND = "redirected|inbound"
"""The listener that iptables leads connections from elsewhere to."""
ONWARD = "onward"
"""The cluster that leads to wherever a connection was going."""


def inbound(port: int) -> str:
    """Name the listener that takes calls to a pod's own port."""
    return f"inbound|{port}"


def application(port: int) -> str:
    """Name the cluster that leads to the application behind the sidecar."""
    return f"application|{port}"


def to_service(key: str, port: int) -> str:
    """Name the cluster of a Service's port; its outbound listener has the same name."""
    return f"service|{key}|{port}"


def to_pod(key: str, port: int) -> str:
    """Name the cluster of a pod's port; its outbound listener has the same name."""
    return f"pod|{key}|{port}"
