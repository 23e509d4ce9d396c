"""From a world and a policy to one snapshot per sidecar.

It goes in two steps, because policy changes far more often than pods do: the fabric is all that follows from
the world alone, and is made once; a policy is then laid over it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.refmesh.interception import Interception
from conformance.refmesh.policy import Policy
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import access, clusters, listeners, names, routes, splits
from conformance.refmesh.translate.envoy import Json
from conformance.refmesh.translate.settings import MeshSettings
from conformance.refmesh.world import MeshWorld, Pod, Protocol, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A port that can be called: of a Service, or of one pod."""

    name: str
    """Of its cluster and its outbound listener."""
    host: str
    port: int
    protocol: Protocol
    service: Service | None
    """None for a pod's own port, which no split touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """What one sidecar is told whatever the policy is."""

    pod: Pod
    clusters: Mapping[str, Resource]
    http_listeners: Mapping[str, Resource]
    places: tuple[Place, ...]
    hosts: Mapping[str, str]
    """Address on which this sidecar listens for each place, by the place's name."""


def translate(
    world: MeshWorld, policy: Policy, interception: Interception, settings: MeshSettings
) -> Mapping[str, Snapshot]:
    """Say what every sidecar of *world* has to be told for *policy* to hold.

    Returns:
        One snapshot per pod with a sidecar, by ``namespace/pod``.
    """
    return lay_over(world, policy, weave(world, interception, settings), settings)


def weave(world: MeshWorld, interception: Interception, settings: MeshSettings) -> tuple[Fabric, ...]:
    """Make what does not depend on policy: clusters, HTTP listeners, places to call."""
    places = tuple(_places(world))
    return tuple(_fabric(pod, places, world, interception, settings) for pod in world.sidecars)


def lay_over(
    world: MeshWorld, policy: Policy, fabrics: Iterable[Fabric], settings: MeshSettings
) -> Mapping[str, Snapshot]:
    """Add to each fabric what *policy* asks for: the route configuration and the TCP listeners."""
    return {fabric.pod.key: _snapshot(fabric, world, policy, settings) for fabric in fabrics}


def _places(world: MeshWorld) -> Iterable[Place]:
    for service in world.services:
        for port in service.ports:
            name = names.to_service(service.key, port.number)
            yield _place(name, service.address, port.number, port.protocol, service)
    for pod in world.pods:
        for own in pod.ports:
            yield _place(names.to_pod(pod.key, own.number), pod.address, own.number, own.protocol, None)


def _place(name: str, host: str, port: int, protocol: Protocol, service: Service | None) -> Place:
    return Place(name=name, host=host, port=port, protocol=protocol, service=service)


def _fabric(
    pod: Pod, places: tuple[Place, ...], world: MeshWorld, interception: Interception, settings: MeshSettings
) -> Fabric:
    hosts = {one.name: interception.listen_address(pod.address, one.host) for one in places}
    inbound = {
        names.inbound(port.number): listeners.inbound_http(pod, port.number, settings)
        for port in pod.ports
        if port.protocol is Protocol.HTTP
    }
    outbound = {
        one.name: listeners.outbound_http(one.name, hosts[one.name], one.port, settings)
        for one in places
        if one.protocol is Protocol.HTTP
    }
    return Fabric(
        pod=pod,
        clusters=clusters.sidecar_clusters(pod, world, settings),
        http_listeners=inbound | outbound,
        places=places,
        hosts=hosts,
    )


def _snapshot(fabric: Fabric, world: MeshWorld, policy: Policy, settings: MeshSettings) -> Snapshot:
    inbound = _inbound_routes(fabric.pod, world, policy, settings)
    outbound = [route for place in fabric.places for route in _outbound_routes(place, world, policy)]
    tcp = _inbound_tcp(fabric.pod, world, policy, settings) | _outbound_tcp(fabric, world, policy)
    return Snapshot(
        listeners={**fabric.http_listeners, **tcp},
        clusters=fabric.clusters,
        routes=routes.route_configuration([*inbound, *outbound]),
    )


def _inbound_routes(pod: Pod, world: MeshWorld, policy: Policy, settings: MeshSettings) -> list[Json]:
    ports = [port.number for port in pod.ports if port.protocol is Protocol.HTTP]
    rules = [access.http_rules(policy.grants, pod, port, world, settings.trust_domain) for port in ports]
    return [routes.inbound_route(port, rule) for port, rule in zip(ports, rules, strict=True)]


def _inbound_tcp(pod: Pod, world: MeshWorld, policy: Policy, settings: MeshSettings) -> dict[str, Json]:
    ports = [port.number for port in pod.ports if port.protocol is Protocol.TCP]
    return {
        names.inbound(port): listeners.inbound_tcp(pod, port, policy.grants, world, settings)
        for port in ports
    }


def _outbound_routes(place: Place, world: MeshWorld, policy: Policy) -> list[Json]:
    if place.protocol is not Protocol.HTTP:
        return []
    split = place.service and splits.split_of(place.service, policy.splits)
    if not split:
        return [routes.plain_route(place.name, place.name)]
    return routes.split_routes(place.name, split, splits.shares(split, place.port, world))


def _outbound_tcp(fabric: Fabric, world: MeshWorld, policy: Policy) -> dict[str, Json]:
    return {
        place.name: listeners.outbound_tcp(
            place.name, fabric.hosts[place.name], place.port, _tcp_destination(place, world, policy)
        )
        for place in fabric.places
        if place.protocol is Protocol.TCP
    }


def _tcp_destination(place: Place, world: MeshWorld, policy: Policy) -> Json | None:
    split = place.service and splits.split_of(place.service, policy.splits)
    if (
        not split or split.matches is not None
    ):  # raw TCP fits no HTTP match, so the root's own endpoints take it
        return {"cluster": place.name}
    shares = splits.shares(split, place.port, world)
    if not shares:
        return None
    return {"weighted_clusters": {"clusters": [{"name": name, "weight": weight} for name, weight in shares]}}
