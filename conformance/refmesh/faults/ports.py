"""Meshes that mistake ports, or raw TCP for HTTP and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault
from conformance.refmesh.faults.understood import each_grant
from conformance.refmesh.faults.written import each, field, with_field
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
