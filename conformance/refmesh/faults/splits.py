"""Meshes that split the wrong calls, choose at the wrong moment, or have a split do more than share calls out."""

from collections.abc import Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Body, Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import (
    Json,
    each_sidecar,
    is_inbound,
    listener_of,
    rewritten,
    routes_of,
    with_listeners,
    with_routes,
)
from conformance.refmesh.faults.understood import each_split
from conformance.refmesh.faults.written import each, field, with_field
from conformance.refmesh.policy import Grant, Policy, SplitRule
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import envoy
from conformance.refmesh.world import MeshWorld

_CONNECTION = "smi.connection"


def _everything_for_broken(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    yield replace(split, matches=split.matches or None)


def _everybody_split(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    yield replace(split, matches=None)


def _first_group(split: Body) -> Body:
    return with_field(split, "matches", list(field(split, "matches") or ())[:1])


def _no_split(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del split, world
    return ()


def _leaking(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    yield split
    for name in sorted({one.service for one in split.backends} - {split.root}):
        yield replace(split, root=name, origin=f"{split.origin} as seen from {name}")


def _in_every_namespace(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    for namespace in sorted({one.namespace for one in world.services if one.name == split.root}):
        yield replace(split, namespace=namespace)


def _granting(policy: Policy, world: MeshWorld) -> Policy:
    """Whoever may reach one backend of a split may reach all of them."""
    added = [new for split in policy.splits for new in _shared_grants(split, policy.grants, world)]
    return replace(policy, grants=(*policy.grants, *added))


def _shared_grants(split: SplitRule, grants: Iterable[Grant], world: MeshWorld) -> Iterable[Grant]:
    services = [world.service(split.namespace, one.service) for one in split.backends]
    behind = {pod.identity for one in services if one for pod in world.ready_pods(one)}
    for grant in grants:
        if grant.destination in behind:
            yield from (replace(grant, destination=one) for one in sorted(behind))


def _failing_the_rest(snapshots: Snapshots, situation: Situation) -> Snapshots:
    conditional = {
        f"service|{one.namespace}/{one.root}|" for one in situation.policy.splits if one.matches is not None
    }
    return each_sidecar(snapshots, lambda one: _without_default(one, conditional))


def _without_default(snapshot: Snapshot, roots: Iterable[str]) -> Snapshot:
    """Leave out the plain route that follows the routes of a split with matches; Envoy then answers 404."""

    def is_default(route: Json) -> bool:
        name = listener_of(route)
        return any(name.startswith(root) for root in roots) and route.get("route", {}).get("cluster") == name

    return with_routes(snapshot, [one for one in routes_of(snapshot) if not is_default(one)])


def _first_port_only(snapshots: Snapshots, situation: Situation) -> Snapshots:
    first = {f"service|{one.key}|{one.ports[0].number}" for one in situation.world.services if one.ports}
    return each_sidecar(
        snapshots, lambda one: with_routes(one, [_plain_unless(route, first) for route in routes_of(one)])
    )


def _plain_unless(route: Json, listeners: Iterable[str]) -> Json:
    name = listener_of(route)
    if is_inbound(name) or name in listeners or "weighted_clusters" not in route.get("route", {}):
        return route
    return {**route, "route": {"cluster": name, "timeout": "0s"}}


def _per_connection(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, _sticky)


def _sticky(snapshot: Snapshot) -> Snapshot:
    """Let a split choose by a hash of the caller's connection instead of at random."""
    value = {"text_format_source": {"inline_string": "%CONNECTION_ID%"}}
    entry = {"object_key": _CONNECTION, "factory_key": "envoy.hashable_string", "format_string": value}
    mark = envoy.extension("connection", envoy.SET_FILTER_STATE, {"on_new_connection": [entry]})

    def marked(name: str, listener: Resource) -> Resource:
        (chain,) = listener["filter_chains"]
        return (
            listener
            if is_inbound(name)
            else {**listener, "filter_chains": [{**chain, "filters": [mark, *chain["filters"]]}]}
        )

    def hashed(node: Json) -> Json:
        shares = node.get("weighted_clusters")
        if shares is None:
            return node
        policy = [{"filter_state": {"key": _CONNECTION}}]
        return {**node, "weighted_clusters": {**shares, "use_hash_policy": True}, "hash_policy": policy}

    return with_routes(
        with_listeners(snapshot, marked), [rewritten(one, hashed) for one in routes_of(snapshot)]
    )


FAULTS = (
    Fault(
        name="ignores-splits",
        says="Splits have no effect: calls go to the root Service's own endpoints.",
        policy=each_split(_no_split),
    ),
    Fault(
        name="ignores-split-matches",
        says="A split with matches shares out all calls, also those that it does not select.",
        policy=each_split(_everybody_split),
    ),
    Fault(
        name="broken-split-matches-everything",
        says="A split whose matches lead to no route group shares out all calls.",
        policy=each_split(_everything_for_broken),
    ),
    Fault(
        name="first-split-match-only",
        says="Of several route groups that a split refers to only the first counts.",
        objects=each("TrafficSplit", _first_group),
    ),
    Fault(
        name="split-unmatched-fail",
        says="Calls that a split with matches does not select get a 404 instead of the root Service.",
        snapshots=_failing_the_rest,
    ),
    Fault(
        name="splits-first-port-only",
        says="Only the root Service's first port is split.",
        snapshots=_first_port_only,
    ),
    Fault(
        name="splits-per-connection",
        says="The backend is chosen once for each connection, not for each request.",
        snapshots=_per_connection,
    ),
    Fault(
        name="split-leaks-to-backends",
        says="Calls to a backend's own Service are shared out as well.",
        policy=each_split(_leaking),
    ),
    Fault(
        name="split-in-every-namespace",
        says="A Service of the root's name in another namespace is split as well.",
        policy=each_split(_in_every_namespace),
    ),
    Fault(
        name="split-grants-access",
        says="Whoever may reach one backend of a split may reach all of them.",
        policy=_granting,
    ),
)
