"""Enforcement at the caller: each sidecar judges the calls that leave its own pod, by the Service or pod
called.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.refmesh.faults.fault import Situation, Snapshots
from conformance.refmesh.faults.resources import (
    Json,
    is_inbound,
    listener_of,
    rewritten,
    routes_of,
    with_listeners,
    with_routes,
)
from conformance.refmesh.policy import Grant
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import access, envoy, names
from conformance.refmesh.world import MeshWorld, Pod


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """One caller's sidecar and what it knows."""

    situation: Situation
    destinations: dict[str, tuple[Pod, int]]
    """A pod with its port behind each outbound listener, by the listener's name."""
    grants: tuple[Grant, ...]
    """Those that name this caller."""

    def rules(self, listener: str, *, raw: bool) -> Json:
        write = access.tcp_rules if raw else access.http_rules
        pod, port = self.destinations[listener]
        trust_domain = self.situation.settings.trust_domain
        rules = write(self.grants, pod, port, self.situation.world, trust_domain)
        return rewritten_principals(rules)


def rewritten_principals(rules: Json) -> Json:
    """Take away who has to call: the judge has already looked that up."""
    policies = {name: {**one, "principals": [{"any": True}]} for name, one in rules["policies"].items()}
    return {**rules, "policies": policies}


def judged_by_callers(snapshots: Snapshots, situation: Situation) -> Snapshots:
    """Put the grants into callers' outbound listeners. Pods outside the mesh are called freely, as ever."""
    destinations = dict(_destinations(situation.world))
    pods = {pod.key: pod for pod in situation.world.pods}
    judges = {
        key: _Judge(situation=situation, destinations=destinations, grants=_naming(pods[key], situation))
        for key in snapshots
    }
    return {key: _judged(snapshot, judges[key]) for key, snapshot in snapshots.items()}


def _naming(caller: Pod, situation: Situation) -> tuple[Grant, ...]:
    return tuple(
        one for one in situation.policy.grants if any(caller.is_meant_by(who) for who in one.sources)
    )


def _destinations(world: MeshWorld) -> Iterable[tuple[str, tuple[Pod, int]]]:
    for service in world.services:
        for port in service.ports:
            pod = next((one for one in world.ready_pods(service) if one.is_meshed), None)
            target = port.target_in(pod) if pod else None
            if pod and target:
                yield names.to_service(service.key, port.number), (pod, target)
    for pod in world.sidecars:
        for own in pod.ports:
            yield names.to_pod(pod.key, own.number), (pod, own.number)


def _judged(snapshot: Snapshot, judge: _Judge) -> Snapshot:
    judged = [_judged_route(one, judge) for one in routes_of(snapshot)]
    return with_routes(with_listeners(snapshot, lambda name, one: _judging(name, one, judge)), judged)


def _judged_route(route: Json, judge: _Judge) -> Json:
    name = listener_of(route)
    if is_inbound(name):
        return route
    # The guard lets nobody through unless a route says so, and pods outside the mesh are to be reached as
    # before.
    allow = {
        "action": "ALLOW",
        "policies": {"all": {"permissions": [{"any": True}], "principals": [{"any": True}]}},
    }
    rules = judge.rules(name, raw=False) if name in judge.destinations else allow
    guard = envoy.typed(envoy.HTTP_RBAC_PER_ROUTE, {"rbac": {"rules": rules}})
    return {**route, "typed_per_filter_config": {names.RBAC: guard}}


def _judging(name: str, listener: Resource, judge: _Judge) -> Resource:
    if is_inbound(name):
        return listener
    http_guard = envoy.extension(names.RBAC, envoy.HTTP_RBAC, {"rules": access.DENY_ALL})

    def manager(node: Json) -> Json:
        filters = node.get("http_filters")
        return {**node, "http_filters": [http_guard, *filters]} if filters else node

    changed: Json = rewritten(listener, manager)
    if changed == listener and name in judge.destinations:
        return _with_tcp_guard(listener, judge.rules(name, raw=True))
    return changed


def _with_tcp_guard(listener: Resource, rules: Json) -> Resource:
    body = {"rules": rules, "stat_prefix": "grants"}
    guard = envoy.extension("envoy.filters.network.rbac", envoy.NETWORK_RBAC, body)
    (chain,) = listener["filter_chains"]
    return {**listener, "filter_chains": [{**chain, "filters": [guard, *chain["filters"]]}]}
