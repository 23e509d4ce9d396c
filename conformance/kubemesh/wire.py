"""What control plane and sidecars say to each other, as JSON over one WebSocket per sidecar. Pure.

The control plane sends what has changed since its last message on this connection::

    {"serial": 7, "routes": {...}}                   any of listeners, clusters, routes; absent is as before

and the sidecar's agent says how far its Envoy is::

    {"acted": 7, "refusals": []}
"""

import json
from typing import Any

from conformance.refmesh.snapshot import Snapshot

_PARTS = ("listeners", "clusters", "routes")


def encode(serial: int, sent: Snapshot | None, wanted: Snapshot) -> str:
    """Write what of *wanted* is not as it was *sent* before."""
    parts = {
        one: getattr(wanted, one)
        for one in _PARTS
        if sent is None or getattr(sent, one) is not getattr(wanted, one)
    }
    return json.dumps({"serial": serial, **parts}, default=dict, separators=(",", ":"))


def decode(text: str, had: Snapshot | None) -> tuple[int, Snapshot]:
    """Read what `encode` wrote, for who has *had* the message before; give its serial and the whole snapshot."""
    message = json.loads(text)
    old: dict[str, Any] = {one: getattr(had, one) for one in _PARTS} if had else {}
    listeners, clusters, routes = (message.get(one, old.get(one, {})) for one in _PARTS)
    return int(message["serial"]), Snapshot(listeners=listeners, clusters=clusters, routes=routes)
