"""Meshes that share calls out wrongly."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

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
from conformance.refmesh.policy import Backend, Grant, Policy, SplitRule
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import envoy
from conformance.refmesh.world import MeshWorld

_PERCENT = 100
_CONNECTION = "smi.connection"


def _weights(
    change: Callable[[list[int]], list[int]],
) -> Callable[[SplitRule, MeshWorld], Iterable[SplitRule]]:
    """Change the weights of a split, in the order of its backends."""

    def stage(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
        del world
        weights = change([one.weight for one in split.backends])
        pairs = zip(split.backends, weights, strict=True)
        yield replace(split, backends=tuple(replace(one, weight=weight) for one, weight in pairs))

    return stage


def _equal(weights: list[int]) -> list[int]:
    return [1] * len(weights)


def _reversed(weights: list[int]) -> list[int]:
    return weights[::-1]


def _as_percent(weights: list[int]) -> list[int]:
    """All but the last as percent as far as 100 go, the last what is left."""
    left, taken = _PERCENT, list[int]()
    for weight in weights[:-1]:
        taken.append(min(weight, left))
        left -= taken[-1]
    return [*taken, left] if weights else []


def _rest_to_last(weights: list[int]) -> list[int]:
    """Scaled to whole percent, rounded down, the last what is left."""
    total = sum(weights)
    if not total:
        return weights
    return _as_percent([weight * _PERCENT // total for weight in weights])


def _two_percent_for_zero(weights: list[int]) -> list[int]:
    """49 shares of every weight, and for each weight of 0 one share of the total: about 2 % each."""
    total = sum(weights)
    return [weight * 49 or total for weight in weights]


def _rounded_up(weights: list[int]) -> list[int]:
    """Scaled to whole percent, but at least 1 % for each positive weight."""
    total = sum(weights)
    return [max(1, round(weight * _PERCENT / total)) if weight else 0 for weight in weights]


def _root_joins(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    total = sum(one.weight for one in split.backends)
    scaled = [replace(one, weight=one.weight * 9) for one in split.backends]
    yield replace(split, backends=(*scaled, Backend(service=split.root, weight=total)))


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


def _by_pods(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    """Count a weight once for every pod behind its backend."""

    def times_pods(one: Backend) -> Backend:
        service = world.service(split.namespace, one.service)
        return replace(one, weight=one.weight * len(world.ready_pods(service))) if service else one

    yield replace(split, backends=tuple(map(times_pods, split.backends)))


def _leaking(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    yield split
    for name in sorted({one.service for one in split.backends} - {split.root}):
        yield replace(split, root=name, origin=f"{split.origin} as seen from {name}")


def _in_every_namespace(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    for namespace in sorted({one.namespace for one in world.services if one.name == split.root}):
        yield replace(split, namespace=namespace)


def _nested(policy: Policy, world: MeshWorld) -> Policy:
    del world
    roots = {(one.namespace, one.root): one for one in policy.splits}

    def expanded(split: SplitRule) -> SplitRule:
        inner = [(one, roots.get((split.namespace, one.service))) for one in split.backends]
        parts = [
            _inside(one, other) if other and other is not split else [(one.service, one.weight, 1)]
            for one, other in inner
        ]
        flat = [part for some in parts for part in some]
        return replace(split, backends=_common(flat))

    return replace(policy, splits=tuple(expanded(one) for one in policy.splits))


def _inside(backend: Backend, split: SplitRule) -> list[tuple[str, int, int]]:
    total = sum(one.weight for one in split.backends) or 1
    return [(one.service, backend.weight * one.weight, total) for one in split.backends]


def _common(parts: list[tuple[str, int, int]]) -> tuple[Backend, ...]:
    whole = 1
    for _, _, below in parts:
        whole *= below
    return tuple(Backend(service=name, weight=above * whole // below) for name, above, below in parts)


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


def _digits_only(split: Body) -> Body:
    def bare(backend: Mapping[str, Any]) -> Mapping[str, Any]:
        weight = str(backend.get("weight", "0")).rstrip("numkMGTPEi").replace(".", "")
        return {**backend, "weight": weight}

    if not str(split["apiVersion"]).endswith("/v1alpha1"):
        return split
    return with_field(split, "backends", [bare(one) for one in field(split, "backends") or ()])


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
        name="ignores-weights",
        says="Every backend gets the same share, whatever its weight.",
        policy=each_split(_weights(_equal)),
    ),
    Fault(
        name="weights-per-pod",
        says="A weight is that of each pod behind a backend, so that a Service of two pods gets twice its share.",
        policy=each_split(_by_pods),
    ),
    Fault(
        name="swaps-weights",
        says="Weights are given to the backends in reverse order.",
        policy=each_split(_weights(_reversed)),
    ),
    Fault(
        name="weight-percent-only",
        says="Weights are read as percent, and the last backend gets what is left to 100.",
        policy=each_split(_weights(_as_percent)),
    ),
    Fault(
        name="last-backend-gets-rest",
        says="Shares are rounded down to whole percent, and the last backend gets what is left.",
        policy=each_split(_weights(_rest_to_last)),
    ),
    Fault(
        name="small-share-rounded-up",
        says="Every backend with a positive weight gets at least one percent.",
        policy=each_split(_weights(_rounded_up)),
    ),
    Fault(
        name="zero-weight-gets-traffic",
        says="A backend of weight 0 still gets about 2 % of the calls.",
        policy=each_split(_weights(_two_percent_for_zero)),
    ),
    Fault(
        name="root-gets-extra-share",
        says="A tenth of the calls goes to the root Service's own endpoints, past the backends.",
        policy=each_split(_root_joins),
    ),
    Fault(
        name="quantity-suffix-dropped",
        says="A weight such as 500m is read as 500: the quantity's suffix is dropped.",
        objects=each("TrafficSplit", _digits_only),
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
        name="splits-nest",
        says="A backend that is the root of another split is shared out by that one too.",
        policy=_nested,
    ),
    Fault(
        name="split-grants-access",
        says="Whoever may reach one backend of a split may reach all of them.",
        policy=_granting,
    ),
)
