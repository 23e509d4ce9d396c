"""From a world and a policy to one snapshot per sidecar.

It goes in two steps, because policy changes far more often than pods do: the fabric is all that follows from
the world alone, and is made once; a policy is then laid over it. What goes out is the same for all sidecars, and
what a policy leaves as it was stays the very same object, so that changes are found fast.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from conformance.refmesh.interception import Interception
from conformance.refmesh.policy import Policy, SplitRule
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
    service: Service | None = field(hash=False)
    """None for a pod's own port, which no split touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """What one sidecar is told whatever the policy is."""

    pod: Pod
    clusters: Mapping[str, Resource]
    listeners: Mapping[str, Resource]
    """All but those for raw TCP on the pod's own ports; where a split takes TCP, another takes its place."""
    hosts: Mapping[str, str]
    """Address on which this sidecar listens for each place, by the place's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """What follows from a world alone."""

    places: tuple[Place, ...] = ()
    plain_routes: Mapping[str, Json] = field(default_factory=dict)
    """Of each HTTP place, by its name: where its calls go without a split."""
    strands: tuple[Strand, ...] = ()


def translate(
    world: MeshWorld, policy: Policy, interception: Interception, settings: MeshSettings
) -> Mapping[str, Snapshot]:
    """Say what every sidecar of *world* has to be told for *policy* to hold.

    Returns:
        One snapshot per pod with a sidecar, by ``namespace/pod``.
    """
    return lay_over(world, policy, weave(world, interception, settings), settings)


def weave(world: MeshWorld, interception: Interception, settings: MeshSettings) -> Fabric:
    """Make what does not depend on policy: clusters, listeners, places to call and the plain ways there."""
    places = tuple(_places(world))
    return Fabric(
        places=places,
        plain_routes={
            one.name: routes.plain_route(one.name, one.name)
            for one in places
            if one.protocol is Protocol.HTTP
        },
        strands=tuple(_strand(pod, places, world, interception, settings) for pod in world.sidecars),
    )


def lay_over(
    world: MeshWorld, policy: Policy, fabric: Fabric, settings: MeshSettings
) -> Mapping[str, Snapshot]:
    """Add to the fabric what *policy* asks for: the route configuration and the TCP listeners."""
    split_places = {
        place: split
        for place in fabric.places
        if place.service and (split := splits.split_of(place.service, policy.splits))
    }
    outbound = [
        route
        for place in fabric.places
        if place.protocol is Protocol.HTTP
        for route in _outbound_routes(place, split_places.get(place), fabric, world)
    ]
    tcp = {
        place: _tcp_destination(place, split, world)
        for place, split in split_places.items()
        # Raw TCP fits no HTTP match, so that the root's own endpoints take it.
        if place.protocol is Protocol.TCP and split.matches is None
    }
    return {
        strand.pod.key: Snapshot(
            listeners={
                **strand.listeners,
                **_inbound_tcp(strand.pod, world, policy, settings),
                **_outbound_tcp(strand.hosts, tcp, settings),
            },
            clusters=strand.clusters,
            routes=routes.route_configuration(
                [*_inbound_routes(strand.pod, world, policy, settings), *outbound]
            ),
        )
        for strand in fabric.strands
    }


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


def _strand(
    pod: Pod, places: tuple[Place, ...], world: MeshWorld, interception: Interception, settings: MeshSettings
) -> Strand:
    places = tuple(one for one in places if not _is_own(one, pod, settings))
    hosts = {one.name: interception.listen_address(pod.address, one.host) for one in places}
    inbound = {
        names.inbound(port.number): listeners.inbound_http(pod, port.number, settings)
        for port in pod.ports
        if port.protocol is Protocol.HTTP
    }
    outbound = {
        one.name: listeners.outbound_http(pod, one.name, hosts[one.name], one.port, settings)
        for one in places
        if one.protocol is Protocol.HTTP
    }
    tcp: dict[Place, Json | None] = {
        one: {"cluster": one.name} for one in places if one.protocol is Protocol.TCP
    }
    return Strand(
        pod=pod,
        clusters=clusters.sidecar_clusters(pod, world, settings),
        listeners=_catching(settings) | inbound | outbound | _outbound_tcp(hosts, tcp, settings),
        hosts=hosts,
    )


def _is_own(place: Place, pod: Pod, settings: MeshSettings) -> bool:
    """Say whether a listener for *place* would stand where the pod's own port is already taken care of."""
    return settings.redirection is not None and place.host == pod.address


def _catching(settings: MeshSettings) -> dict[str, Json]:
    return listeners.catching(settings.redirection) if settings.redirection else {}


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


def _outbound_routes(
    place: Place, split: SplitRule | None, fabric: Fabric, world: MeshWorld
) -> Iterable[Json]:
    if split is None:
        return (fabric.plain_routes[place.name],)
    return routes.split_routes(place.name, split, splits.shares(split, place.port, world))


def _outbound_tcp(
    hosts: Mapping[str, str], destinations: Mapping[Place, Json | None], settings: MeshSettings
) -> dict[str, Json]:
    return {
        place.name: listeners.outbound_tcp(place.name, hosts[place.name], place.port, destination, settings)
        for place, destination in destinations.items()
    }


def _tcp_destination(place: Place, split: SplitRule, world: MeshWorld) -> Json | None:
    shares = splits.shares(split, place.port, world)
    if not shares:
        return None
    return {"weighted_clusters": {"clusters": [{"name": name, "weight": weight} for name, weight in shares]}}
