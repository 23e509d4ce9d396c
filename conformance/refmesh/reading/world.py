"""Reads Pods and Services into the mesh's world.

Endpoints are worked out from selectors and the pods' own conditions, so that no controller has to be waited
for.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.refmesh.world import ContainerPort, MeshWorld, Pod, Protocol, Service, ServicePort

SIDECAR = "smi-conformance/sidecar"
"""Annotation: ``"true"`` on a pod that has a sidecar."""
APP_ADDRESS = "smi-conformance/app-address"
"""Annotation: where the application listens behind its sidecar."""

_HTTP_WORDS = ("http", "http2", "grpc", "kubernetes.io/h2c")


def read_world(objects: Iterable[Mapping[str, Any]]) -> MeshWorld:
    """Read the Pods and Services among *objects*; everything else is passed over.

    A pod without an address does not exist yet, and a Service without a virtual address has nothing to be
    called by. A pod is ready when it has a condition ``Ready`` with status ``True`` and is not being deleted.
    A sidecar needs no readiness to be configured: a pod becomes ready only through it.
    """
    kept = [one for one in objects if one.get("apiVersion") == "v1"]
    services = [_service(one) for one in kept if one.get("kind") == "Service" and _has_address(one)]
    pods = [_pod(one, services) for one in kept if one.get("kind") == "Pod" and _status(one).get("podIP")]
    return MeshWorld(
        pods=tuple(sorted(pods, key=lambda pod: pod.key)),
        services=tuple(sorted(services, key=lambda service: service.key)),
    )


def _has_address(service: Mapping[str, Any]) -> bool:
    return service.get("spec", {}).get("clusterIP", "None") not in {"", "None", None}


def _status(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return one.get("status") or {}


def _service(body: Mapping[str, Any]) -> Service:
    spec = body["spec"]
    return Service(
        namespace=body["metadata"].get("namespace", ""),
        name=body["metadata"]["name"],
        address=spec["clusterIP"],
        selector=spec.get("selector") or {},
        ports=tuple(_service_port(port) for port in spec.get("ports") or () if _is_tcp(port)),
    )


def _is_tcp(port: Mapping[str, Any]) -> bool:
    return bool(port.get("protocol", "TCP") == "TCP")


def _service_port(port: Mapping[str, Any]) -> ServicePort:
    return ServicePort(
        number=port["port"],
        target=port.get("targetPort") or port["port"],
        protocol=_protocol(port.get("appProtocol") or port.get("name", "")),
    )


def _protocol(word: str) -> Protocol:
    first = word.partition("-")[0]
    return Protocol.HTTP if word in _HTTP_WORDS or first in _HTTP_WORDS else Protocol.TCP


def _pod(body: Mapping[str, Any], services: Iterable[Service]) -> Pod:
    metadata, spec = body["metadata"], body["spec"]
    annotations = metadata.get("annotations") or {}
    labels = metadata.get("labels") or {}
    near = [one for one in services if one.namespace == metadata.get("namespace", "")]
    behind = [one for one in near if one.selector and one.selector.items() <= labels.items()]
    return Pod(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        labels=labels,
        account=spec.get("serviceAccountName") or "default",
        address=_status(body)["podIP"],
        app_address=annotations.get(APP_ADDRESS, "") if annotations.get(SIDECAR) == "true" else "",
        ready=_is_ready(body),
        ports=_container_ports(spec, behind),
    )


def _is_ready(body: Mapping[str, Any]) -> bool:
    conditions = _status(body).get("conditions") or ()
    says_so = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return says_so and "deletionTimestamp" not in body["metadata"]


def _container_ports(spec: Mapping[str, Any], behind: Iterable[Service]) -> tuple[ContainerPort, ...]:
    """List the ports a pod declares, and those it does not declare but a Service leads to, as Kubernetes
    allows.
    """
    declared = [
        _container_port(port, behind)
        for container in spec.get("containers") or ()
        for port in container.get("ports") or ()
        if _is_tcp(port)
    ]
    led_to = {
        port.target: port.protocol for one in behind for port in one.ports if isinstance(port.target, int)
    }
    known = {port.number for port in declared}
    extra = [
        ContainerPort(number=number, name="", protocol=protocol)
        for number, protocol in sorted(led_to.items())
        if number not in known
    ]
    return (*declared, *extra)


def _container_port(port: Mapping[str, Any], behind: Iterable[Service]) -> ContainerPort:
    number, name = port["containerPort"], port.get("name", "")
    said = [own.protocol for one in behind for own in one.ports if own.target in {number, name}]
    return ContainerPort(number=number, name=name, protocol=said[0] if said else _protocol(name))
