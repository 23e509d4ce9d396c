"""Clusters: where calls can be sent. They follow pods and Services only, never policy.

So a change of policy names clusters that every sidecar already has, and no call falls into a gap.
"""

from collections.abc import Iterable
from pathlib import Path

from conformance.refmesh.policy import Identity
from conformance.refmesh.translate import envoy, identity, names
from conformance.refmesh.translate.envoy import Json
from conformance.refmesh.translate.settings import MeshSettings
from conformance.refmesh.world import MeshWorld, Pod, Protocol, Service, ServicePort

# No test may fail because a sidecar thinks that there are too many calls.
_PLENTY = 1_000_000
_LIMITS = {
    "thresholds": [
        {
            "max_connections": _PLENTY,
            "max_pending_requests": _PLENTY,
            "max_requests": _PLENTY,
            "max_retries": _PLENTY,
        }
    ]
}
_HTTP_1 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": envoy.typed(
        envoy.HTTP_OPTIONS, {"explicit_http_config": {"http_protocol_options": {}}}
    )
}

_ONWARD: Json = {
    "@type": envoy.CLUSTER,
    "name": names.ONWARD,
    "type": "ORIGINAL_DST",
    "lb_policy": "CLUSTER_PROVIDED",
    "connect_timeout": "2s",
    "circuit_breakers": _LIMITS,
}

Endpoint = tuple[Pod, int]
"""A pod and the port on which it is called."""


def sidecar_clusters(pod: Pod, world: MeshWorld, settings: MeshSettings) -> dict[str, Json]:
    """Give all clusters of the sidecar of *pod*, by name: its application, every Service port, every pod
    port.
    """
    shared = outbound_clusters(world)
    directory = settings.credentials(pod.key)
    own = {
        names.application(port.number): _application(pod, port.number, port.protocol) for port in pod.ports
    }
    beyond = {names.ONWARD: _ONWARD} if settings.redirection else {}
    return (
        own
        | beyond
        | {
            name: _secured(cluster, endpoints, pod, directory, settings.trust_domain)
            for name, (cluster, endpoints) in shared.items()
        }
    )


def outbound_clusters(world: MeshWorld) -> dict[str, tuple[Json, tuple[Endpoint, ...]]]:
    """Give the clusters that every sidecar has, each with its endpoints, still without transport sockets."""
    found: dict[str, tuple[Json, tuple[Endpoint, ...]]] = {}
    for service in world.services:
        for port in service.ports:
            ends = tuple(_behind(service, port, world))
            name = names.to_service(service.key, port.number)
            found[name] = _cluster(name, ends, port.protocol), ends
    for pod in world.pods:
        for own in pod.ports:
            name = names.to_pod(pod.key, own.number)
            found[name] = _cluster(name, ((pod, own.number),), own.protocol), ((pod, own.number),)
    return found


def _behind(service: Service, port: ServicePort, world: MeshWorld) -> Iterable[Endpoint]:
    for pod in world.ready_pods(service):
        target = port.target_in(pod)
        if target is not None:
            yield pod, target


def _cluster(name: str, endpoints: Iterable[Endpoint], protocol: Protocol) -> Json:
    members = [_endpoint(pod, port) for pod, port in endpoints]
    return _static(name, members, protocol)


def _static(name: str, members: list[Json], protocol: Protocol) -> Json:
    body: Json = {
        "@type": envoy.CLUSTER,
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "circuit_breakers": _LIMITS,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": members}]},
    }
    if protocol is Protocol.HTTP:
        body["typed_extension_protocol_options"] = _HTTP_1
    return body


def _endpoint(pod: Pod, port: int) -> Json:
    member: Json = {"endpoint": {"address": envoy.address(pod.address, port)}}
    if pod.is_meshed:
        member["metadata"] = {"filter_metadata": {names.TRANSPORT_MATCH: {"identity": _label(pod.identity)}}}
    return member


def _label(who: Identity) -> str:
    return f"{who.namespace}/{who.account}"


def _application(pod: Pod, port: int, protocol: Protocol) -> Json:
    member = {"endpoint": {"address": envoy.address(pod.app_address, port)}}
    return _static(names.application(port), [member], protocol)


def _secured(
    cluster: Json, endpoints: Iterable[Endpoint], caller: Pod, directory: str | Path, trust_domain: str
) -> Json:
    # Each identity has a socket of its own: a Service that fronts two accounts must not let one pose as the
    # other.
    servers = sorted({pod.identity for pod, _ in endpoints if pod.is_meshed})
    sockets: list[Json] = [
        {
            "name": _label(server),
            "match": {"identity": _label(server)},
            "transport_socket": identity.client_socket(directory, server, trust_domain),
        }
        for server in servers
    ]
    plain: Json = {"name": "plain", "match": {}, "transport_socket": identity.plain_socket()}
    # A destination tells pods of one account apart by their address, so calls have to leave from the pod's
    # own.
    source = {"source_address": {"address": caller.address, "port_value": 0}}
    return cluster | {"transport_socket_matches": [*sockets, plain], "upstream_bind_config": source}
