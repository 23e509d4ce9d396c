"""Which pods a Service leads to, and on which port."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cluster.embedded.draft import Objects, of_kind
from conformance.model.manifest import Manifest


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """Where a connection can go."""

    address: str
    port: int


def endpoints(objects: Objects, service: Manifest, port: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    """List where *port*, an entry of a Service's ``spec.ports``, leads: its ready pods, sorted."""
    found = [
        Endpoint(address_of(pod), number)
        for pod in selected(objects, service)
        if is_ready(pod) and (number := _target(pod, port))
    ]
    return tuple(sorted(found))


def selected(objects: Objects, service: Manifest) -> Iterator[Manifest]:
    """Walk the pods that *service* selects, ready or not. Without a selector it selects none."""
    wanted = service.body["spec"].get("selector") or {}
    for pod in of_kind(objects, "Pod", service.namespace):
        if wanted and wanted.items() <= pod.body["metadata"].get("labels", {}).items():
            yield pod


def address_of(pod: Manifest) -> str:
    """Give the pod's own address."""
    return str(pod.body["status"]["podIP"])


def container_ports(pod: Manifest) -> tuple[int, ...]:
    """List the ports that the pod's container declares."""
    return tuple(port["containerPort"] for port in pod.body["spec"]["containers"][0].get("ports", ()))


def is_ready(pod: Manifest) -> bool:
    """Say whether the pod's condition ``Ready`` is true."""
    conditions = pod.body.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _target(pod: Manifest, port: Mapping[str, Any]) -> int | None:
    """Resolve ``targetPort``: a number, the name of one of the pod's ports, or the Service's own port."""
    wanted = port.get("targetPort", port["port"])
    if not isinstance(wanted, str):
        return int(wanted)
    named = {
        one.get("name"): one["containerPort"] for one in pod.body["spec"]["containers"][0].get("ports", ())
    }
    number: int | None = named.get(wanted)
    return number
