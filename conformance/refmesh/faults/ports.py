"""Meshes that mistake ports, or raw TCP for HTTP and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects
from conformance.refmesh.faults.understood import each_grant
from conformance.refmesh.faults.written import (
    each,
    field,
    forgetful,
    is_route_rule,
    key_of,
    kind_of,
    namespace_of,
    renamed,
    with_field,
)
from conformance.refmesh.policy import Grant, Policy
from conformance.refmesh.world import MeshWorld


def _no_port(target: Body) -> Body:
    destination: Mapping[str, Any] = field(target, "destination") or {}
    return with_field(
        target, "destination", {key: value for key, value in destination.items() if key != "port"}
    )


def _with_ports(route: Body, ports: list[int]) -> Body:
    return with_field(route, "matches", {"ports": ports})


def _listed(route: Body) -> list[int]:
    matches: Mapping[str, Any] = field(route, "matches") or {}
    return list(matches.get("ports") or ())


def _every_port(route: Body) -> Body:
    return _with_ports(route, [])


def _first_port(route: Body) -> Body:
    return _with_ports(route, _listed(route)[:1])


def _range_of_ports(route: Body) -> Body:
    listed = _listed(route)
    return _with_ports(route, list(range(min(listed), max(listed) + 1))) if listed else route


def _no_port_for_empty(route: Body) -> Body:
    return route if _listed(route) else _with_ports(route, [-1])


def _open_tcp(policy: Policy, world: MeshWorld) -> Policy:
    everybody = frozenset(pod.identity for pod in world.pods)
    opened = [
        Grant(destination=one, sources=everybody, http=(), raw_tcp=True, origin="open by default")
        for one in sorted(everybody)
    ]
    return replace(policy, grants=(*policy.grants, *opened))


def _tcp_for_http(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    yield replace(grant, raw_tcp=grant.raw_tcp or bool(grant.http))


def _either_of_route_and_port(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    if grant.http is None or grant.ports is None:
        yield grant
        return
    yield replace(grant, ports=None, raw_tcp=False)
    yield replace(grant, http=None)


def _route_needs_tcp(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    if grant.raw_tcp:
        yield grant


def _tcp_recombined(policy: Policy, world: MeshWorld) -> Policy:
    """Add, for each destination, every TCP source on every TCP port."""
    del world
    raw = [one for one in policy.grants if one.raw_tcp]
    added = [
        replace(one, sources=one.sources | other.sources, http=())
        for one in raw
        for other in raw
        if one is not other and one.destination == other.destination
    ]
    return replace(policy, grants=(*policy.grants, *added))


def _last_tcp_route(target: Body) -> Body:
    rules = list(field(target, "rules") or ())
    last = [rule for rule in rules if is_route_rule(rule, "TCPRoute")][-1:]
    return with_field(
        target, "rules", [rule for rule in rules if not is_route_rule(rule, "TCPRoute") or rule in last]
    )


def _tcp_on_any_port(objects: Objects) -> Objects:
    """Give each target with a port and a TCPRoute a twin that has the TCPRoute and no port."""
    return [*objects, *(_tcp_twin(one) for one in objects if kind_of(one) == "TrafficTarget")]


def _tcp_twin(target: Body) -> Body:
    rules = [rule for rule in field(target, "rules") or () if is_route_rule(rule, "TCPRoute")]
    has_port = "port" in (field(target, "destination") or {})
    twin = renamed(target, f"{key_of(target)[2]} without its port")
    return _no_port(with_field(twin, "rules", rules if has_port else []))


def _tcp_for_missing(objects: Objects) -> Objects:
    known = {key_of(one) for one in objects if kind_of(one) == "TCPRoute"}
    wanted = {
        ("TCPRoute", namespace_of(target), str(rule.get("name")))
        for target in objects
        if kind_of(target) == "TrafficTarget"
        for rule in field(target, "rules") or ()
        if is_route_rule(rule, "TCPRoute")
    }
    return [*objects, *(_all_tcp(space, name) for _, space, name in sorted(wanted - known))]


def _all_tcp(namespace: str, name: str) -> Body:
    return {
        "apiVersion": "specs.smi-spec.io/v1alpha3",
        "kind": "TCPRoute",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {},
    }


FAULTS = (
    Fault(
        name="ignores-destination-port",
        says="The destination's port is not enforced: the grant opens all its ports.",
        objects=each("TrafficTarget", _no_port),
    ),
    Fault(
        name="ignores-tcp-ports",
        says="A TCPRoute's ports are not enforced: it opens every port.",
        objects=each("TCPRoute", _every_port),
    ),
    Fault(
        name="first-tcp-port-only",
        says="Only the first port of a TCPRoute is opened.",
        objects=each("TCPRoute", _first_port),
    ),
    Fault(
        name="tcp-ports-are-a-range",
        says="A TCPRoute opens everything from its lowest to its highest port.",
        objects=each("TCPRoute", _range_of_ports),
    ),
    Fault(
        name="empty-ports-grant-nothing",
        says="A TCPRoute that lists no port opens none instead of all.",
        objects=each("TCPRoute", _no_port_for_empty),
    ),
    Fault(
        name="last-tcp-route-only",
        says="Of several TCPRoutes of a target only the last counts.",
        objects=each("TrafficTarget", _last_tcp_route),
    ),
    Fault(
        name="missing-tcp-route-opens",
        says="A rule whose TCPRoute does not exist opens every port.",
        objects=forgetful(_tcp_for_missing),
    ),
    Fault(
        name="destination-port-for-http-only",
        says="The destination's port is enforced for HTTP and not for raw TCP.",
        objects=forgetful(_tcp_on_any_port),
    ),
    Fault(
        name="recombines-tcp",
        says="Sources and ports of all TCP grants for one destination are thrown together.",
        policy=_tcp_recombined,
    ),
    Fault(
        name="tcp-open-by-default",
        says="Raw TCP is let through without any grant.",
        policy=_open_tcp,
    ),
    Fault(
        name="http-grant-opens-tcp",
        says="A target with route groups only also opens raw TCP.",
        policy=each_grant(_tcp_for_http),
    ),
    Fault(
        name="tcp-and-http-either-or",
        says="A TCPRoute and a route group in one target are alternatives: the route on any port, and the"
        " port for any request.",
        policy=each_grant(_either_of_route_and_port),
    ),
    Fault(
        name="route-group-needs-tcp-route",
        says="A route group grants nothing unless the target has a TCPRoute too.",
        policy=each_grant(_route_needs_tcp),
    ),
)
