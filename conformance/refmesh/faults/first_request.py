"""A mesh that judges connections by the first request on them."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import each_sidecar, with_exemption, with_lua
from conformance.refmesh.snapshot import Snapshot

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
_IS_LATER = {"header": {"name": _LATER, "string_match": {"exact": "yes"}}}


def _judging_once(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(
        snapshots, lambda one: _with_own_connections(with_exemption(with_lua(one, _REMEMBER), _IS_LATER))
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
