"""What the probe app of a pod is told instead of a resolver: where each (host, port) leads.

For a pod with a sidecar everything leads to that sidecar, which listens on an address of its own for each pod
and each Service; this stands for iptables. For a pod without one, names lead to the real endpoints. Pure.
"""

from collections.abc import Iterator, Mapping

from conformance.cluster.embedded.addresses import intercepted_address
from conformance.cluster.embedded.draft import Objects, of_kind
from conformance.cluster.embedded.services import address_of, container_ports, endpoints
from conformance.model.manifest import Manifest

SIDECAR = "smi-conformance/sidecar"
"""Annotation of a Pod that has a sidecar; its value is ``true``."""
APP_ADDRESS = "smi-conformance/app-address"
"""Annotation of a Pod that has a sidecar: where its app listens."""

Hosts = Mapping[str, list[list[str | int]]]
"""``{"host:port": [["address", port], ...]}``"""


def hosts_of(pod: Manifest, objects: Objects) -> Hosts:
    """Say where everything that *pod* can call leads."""
    return dict(_intercepted(pod, objects) if has_sidecar(pod) else _direct(pod, objects))


def has_sidecar(pod: Manifest) -> bool:
    """Say whether a sidecar stands beside the pod's app."""
    return bool(pod.body["metadata"].get("annotations", {}).get(SIDECAR) == "true")


def _intercepted(caller: Manifest, objects: Objects) -> Iterator[tuple[str, list[list[str | int]]]]:
    own = address_of(caller)
    for service in of_kind(objects, "Service"):
        listener = intercepted_address(own, service.body["spec"]["clusterIP"])
        for port in service.body["spec"]["ports"]:
            for host in _names(service, caller.namespace):
                yield f"{host}:{port['port']}", [[listener, port["port"]]]
    for pod in of_kind(objects, "Pod"):
        listener = intercepted_address(own, address_of(pod))
        for number in container_ports(pod):
            for host in (address_of(pod), pod.name):
                yield f"{host}:{number}", [[listener, number]]


def _direct(caller: Manifest, objects: Objects) -> Iterator[tuple[str, list[list[str | int]]]]:
    for service in of_kind(objects, "Service"):
        for port in service.body["spec"]["ports"]:
            found: list[list[str | int]] = [
                [one.address, one.port] for one in endpoints(objects, service, port)
            ]
            # The name of a Service without ready pods still resolves; nothing listens on its address.
            nowhere: list[list[str | int]] = [[service.body["spec"]["clusterIP"], port["port"]]]
            for host in _names(service, caller.namespace):
                yield f"{host}:{port['port']}", found or nowhere
    for pod in of_kind(objects, "Pod"):
        for number in container_ports(pod):
            for host in (address_of(pod), pod.name):
                yield f"{host}:{number}", [[address_of(pod), number]]


def _names(service: Manifest, namespace: str) -> Iterator[str]:
    yield f"{service.name}.{service.namespace}.svc.cluster.local"
    yield f"{service.name}.{service.namespace}.svc"
    yield f"{service.name}.{service.namespace}"
    if service.namespace == namespace:
        yield service.name
    yield service.body["spec"]["clusterIP"]
