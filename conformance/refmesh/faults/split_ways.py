"""Meshes that choose a backend rightly and then lead the call somewhere else, or somewhere else as well."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import (
    Json,
    each_sidecar,
    is_inbound,
    listener_of,
    rewritten,
    routes_of,
    with_routes,
)
from conformance.refmesh.faults.understood import each_split
from conformance.refmesh.policy import SplitRule
from conformance.refmesh.translate import names
from conformance.refmesh.translate.splits import split_of
from conformance.refmesh.world import MeshWorld, Service

_MOST = 100

Change = Callable[[Json, Service, int, SplitRule], Json]
"""Changes one route to a split's root, of which Service and port it is."""


def _each_root_route(change: Change) -> Callable[[Snapshots, Situation], Snapshots]:
    """Make a stage that changes the outbound routes of every port of every split Service."""

    def stage(snapshots: Snapshots, situation: Situation) -> Snapshots:
        roots = {
            names.to_service(service.key, port.number): (service, port.number, split)
            for service in situation.world.services
            if (split := split_of(service, situation.policy.splits))
            for port in service.ports
        }

        def changed(route: Json) -> Json:
            name = listener_of(route)
            return change(route, *roots[name]) if not is_inbound(name) and name in roots else route

        return each_sidecar(
            snapshots, lambda one: with_routes(one, [changed(each) for each in routes_of(one)])
        )

    return stage


def _with_clusters(route: Json, change: Callable[[str], str]) -> Json:
    """Lead the shares of a route to other clusters."""

    def led(node: Json) -> Json:
        is_share = "weight" in node and "name" in node
        return {**node, "name": change(node["name"])} if is_share else node

    changed: Json = rewritten(route, led)
    return changed


def _first_port(route: Json, root: Service, port: int, split: SplitRule) -> Json:
    del port, split
    first = str(root.ports[0].number)
    return _with_clusters(route, lambda name: f"{name.rpartition('|')[0]}|{first}")


def _by_root_target(snapshots: Snapshots, situation: Situation) -> Snapshots:
    world = situation.world

    def change(route: Json, root: Service, port: int, split: SplitRule) -> Json:
        del split
        return _with_clusters(route, lambda name: _pod_cluster(name, root, port, world))

    return _each_root_route(change)(snapshots, situation)


def _pod_cluster(cluster: str, root: Service, port: int, world: MeshWorld) -> str:
    """Give the first pod behind a backend's cluster, at the port that the root would lead to."""
    namespace, _, name = cluster.split("|")[1].partition("/")
    service, own = world.service(namespace, name), root.port(port)
    for pod in world.ready_pods(service) if service and own else ():
        target = own.target_in(pod) if own else None
        if target in [one.number for one in pod.ports]:
            return names.to_pod(pod.key, int(target or 0))
    return cluster


def _only_port(snapshots: Snapshots, situation: Situation) -> Snapshots:
    world = situation.world

    def change(route: Json, root: Service, port: int, split: SplitRule) -> Json:
        del root
        services = [(world.service(split.namespace, one.service), one.weight) for one in split.backends]
        more = [
            {"name": names.to_service(service.key, service.ports[0].number), "weight": weight}
            for service, weight in services
            if service and service.ports and not service.port(port) and weight
        ]

        def joined(node: Json) -> Json:
            return {**node, "clusters": [*node["clusters"], *more]} if "clusters" in node else node

        return dict(rewritten(route, joined))

    return _each_root_route(change)(snapshots, situation)


def _mirrored(snapshots: Snapshots, situation: Situation) -> Snapshots:
    world = situation.world

    def change(route: Json, root: Service, port: int, split: SplitRule) -> Json:
        del root
        parked = [world.service(split.namespace, one.service) for one in split.backends if not one.weight]
        mirrors = [{"cluster": names.to_service(one.key, port)} for one in parked if one and one.port(port)]
        if not mirrors or "weighted_clusters" not in route.get("route", {}):
            return route
        return {**route, "route": {**route["route"], "request_mirror_policies": mirrors}}

    return _each_root_route(change)(snapshots, situation)


def _rest_to_first(route: Json, root: Service, port: int, split: SplitRule) -> Json:
    """Lead what a split does not select to its first backend that has any pods to lead to."""
    del root
    if split.matches is None or "cluster" not in route.get("route", {}) or not split.backends:
        return route
    first = names.to_service(f"{split.namespace}/{split.backends[0].service}", port)
    return {**route, "route": {**route["route"], "cluster": first}}


def _capped(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    yield replace(
        split, backends=tuple(replace(one, weight=min(one.weight, _MOST)) for one in split.backends)
    )


FAULTS = (
    Fault(
        name="splits-collapse-ports",
        says="Calls to any port of a split Service arrive at the port that its first one leads to.",
        snapshots=_each_root_route(_first_port),
    ),
    Fault(
        name="split-uses-root-target-port",
        says="Backends are called at the target port of the root Service instead of their own.",
        snapshots=_by_root_target,
    ),
    Fault(
        name="split-takes-only-port",
        says="A backend without the root's port gets its share at the port that it has.",
        snapshots=_only_port,
    ),
    Fault(
        name="split-mirrors-to-parked",
        says="A backend of weight 0 gets a copy of every call, whose answer is thrown away.",
        snapshots=_mirrored,
    ),
    Fault(
        name="split-unmatched-to-first",
        says="Calls that a split with matches does not select go to its first backend.",
        snapshots=_each_root_route(_rest_to_first),
    ),
    Fault(
        name="weights-capped-at-100",
        says="A weight above 100 counts as 100.",
        policy=each_split(_capped),
    ),
)
