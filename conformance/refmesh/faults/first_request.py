"""A mesh that judges connections by the first request on them."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import (
    Json,
    each_sidecar,
    is_inbound,
    rewritten,
    with_http_rules,
    with_listeners,
)
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import envoy

_LUA = "envoy.extensions.filters.http.lua.v3.Lua"
_LATER = "x-smi-later-request"

# A connection stays with one of Envoy's threads, each of which has a table of its own.
_REMEMBER = f"""
local known = {{}}
function envoy_on_request(handle)
  if known[handle:streamInfo():downstreamDirectRemoteAddress()] then
    handle:headers():replace("{_LATER}", "yes")
  else
    handle:headers():remove("{_LATER}")
  end
end
function envoy_on_response(handle)
  if handle:headers():get(":status") ~= "403" then
    known[handle:streamInfo():downstreamDirectRemoteAddress()] = true
  end
end
"""
_EXEMPT: Json = {
    "permissions": [{"header": {"name": _LATER, "string_match": {"exact": "yes"}}}],
    "principals": [{"any": True}],
}


def _judging_once(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, lambda one: _with_own_connections(_remembering(one)))


def _remembering(snapshot: Snapshot) -> Snapshot:
    lua = envoy.extension(
        "envoy.filters.http.lua", _LUA, {"default_source_code": {"inline_string": _REMEMBER}}
    )

    def manager(node: Json) -> Json:
        filters = node.get("http_filters")
        return {**node, "http_filters": [lua, *filters]} if filters else node

    def listener(name: str, one: Resource) -> Resource:
        changed: Resource = rewritten(one, manager) if is_inbound(name) else one
        return changed

    return with_http_rules(
        with_listeners(snapshot, listener),
        lambda rules: {**rules, "policies": {**rules["policies"], "later": _EXEMPT}},
    )


def _with_own_connections(snapshot: Snapshot) -> Snapshot:
    """Give each of an application's connections one of its own to the other sidecar: nothing is pooled."""
    clusters = {
        name: {**one, "connection_pool_per_downstream_connection": True}
        for name, one in snapshot.clusters.items()
    }
    return replace(snapshot, clusters=clusters)


FAULTS = (
    Fault(
        name="judges-first-request-only",
        says="After a request that is granted, whatever follows on its connection is let through unasked.",
        snapshots=_judging_once,
    ),
)
