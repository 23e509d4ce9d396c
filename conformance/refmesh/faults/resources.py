"""How faults take hold of what sidecars are told: the rules at a pod's own ports, and its listeners."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Snapshots
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import envoy, names, routes

Json = dict[str, Any]

_LUA = "envoy.extensions.filters.http.lua.v3.Lua"

ALLOW_ALL: Json = {
    "action": "ALLOW",
    "policies": {"everybody": {"permissions": [{"any": True}], "principals": [{"any": True}]}},
}
"""RBAC rules that let everybody do everything."""


def each_sidecar(snapshots: Snapshots, change: Callable[[Snapshot], Snapshot]) -> Snapshots:
    """Change every snapshot alike."""
    return {key: change(snapshot) for key, snapshot in snapshots.items()}


def is_inbound(name: str) -> bool:
    """Say whether this is the name of a listener on a pod's own port."""
    return name.startswith(names.inbound(0)[:-1])


def listener_of(route: Mapping[str, Any]) -> str:
    """Name the listener whose calls *route* takes."""
    return str(route["match"]["filter_state"][0]["string_match"]["exact"])


def routes_of(snapshot: Snapshot) -> list[Json]:
    """List the routes of a sidecar, in the order in which they are tried."""
    return [
        dict(route)
        for configuration in snapshot.routes.values()
        for host in configuration["virtual_hosts"]
        for route in host["routes"]
    ]


def with_routes(snapshot: Snapshot, changed: list[Json]) -> Snapshot:
    """Give the sidecar other routes."""
    return replace(snapshot, routes=routes.route_configuration(changed))


def with_listeners(snapshot: Snapshot, change: Callable[[str, Resource], Resource]) -> Snapshot:
    """Change every listener of a sidecar; *change* is told its name."""
    changed = {name: change(name, one) for name, one in snapshot.listeners.items()}
    return replace(snapshot, listeners=changed)


def with_lua(snapshot: Snapshot, program: str) -> Snapshot:
    """Have HTTP calls to the pod's own ports meet a program before any other filter does."""
    lua = envoy.extension("envoy.filters.http.lua", _LUA, {"default_source_code": {"inline_string": program}})

    def manager(node: Json) -> Json:
        filters = node.get("http_filters")
        return {**node, "http_filters": [lua, *filters]} if filters else node

    def listener(name: str, one: Resource) -> Resource:
        changed: Resource = rewritten(one, manager) if is_inbound(name) else one
        return changed

    return with_listeners(snapshot, listener)


def with_exemption(snapshot: Snapshot, permission: Json) -> Snapshot:
    """Let everybody in the mesh send what has *permission*."""
    exempt = {"permissions": [permission], "principals": [{"any": True}]}
    return with_http_rules(
        snapshot, lambda rules: {**rules, "policies": {**rules["policies"], "exempt": exempt}}
    )


def rewritten(value: Any, change: Callable[[Json], Json]) -> Any:
    """Copy JSON, putting what *change* gives in the place of every object in it, innermost first."""
    if isinstance(value, Mapping):
        return change({key: rewritten(one, change) for key, one in value.items()})
    if isinstance(value, list):
        return [rewritten(one, change) for one in value]
    return value


def with_http_rules(snapshot: Snapshot, change: Callable[[Json], Json]) -> Snapshot:
    """Change every set of RBAC rules that HTTP calls to the pod's own ports meet."""
    rules = _in_rules(change)
    return with_routes(
        snapshot,
        [rewritten(one, rules) if is_inbound(listener_of(one)) else one for one in routes_of(snapshot)],
    )


def with_rules(snapshot: Snapshot, change: Callable[[Json], Json]) -> Snapshot:
    """Change every set of RBAC rules at the pod's own ports, HTTP and TCP."""
    rules = _in_rules(change)

    def listener(name: str, one: Resource) -> Resource:
        return dict(rewritten(one, rules)) if is_inbound(name) else one

    return with_http_rules(with_listeners(snapshot, listener), change)


def _in_rules(change: Callable[[Json], Json]) -> Callable[[Json], Json]:
    return lambda node: (
        {**node, "rules": change(node["rules"])} if "policies" in node.get("rules", {}) else node
    )
