"""What somebody asks for: an object, a list of objects, or the edges of an object."""

from dataclasses import dataclass, replace

from conformance.model.api import ApiAction, ApiRequest
from conformance.model.labels import Selector, parse_selector
from conformance.model.topology import Identity

GROUP, VERSION = "metrics.smi-spec.io", "v1alpha1"
ROOT = f"/apis/{GROUP}/{VERSION}"
KINDS = {
    "daemonsets": "DaemonSet",
    "deployments": "Deployment",
    "jobs": "Job",
    "namespaces": "Namespace",
    "nodes": "Node",
    "pods": "Pod",
    "replicasets": "ReplicaSet",
    "replicationcontrollers": "ReplicationController",
    "services": "Service",
    "statefulsets": "StatefulSet",
    "trafficsplits": "TrafficSplit",
}
WIDE = frozenset({"namespaces", "nodes"})
"""Resources that lie in no namespace."""

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the path and the query of a request name."""

    plural: str
    """Of the resource; perhaps one that is not served."""
    namespace: str = ""
    name: str = ""
    """Empty for lists."""
    part: str = ""
    """What follows the name: ``edges``, or something that is not served."""
    selector: Selector = frozenset()
    """Of lists alone."""

    @property
    def key(self) -> Key:
        """Key of the object that is asked for."""
        return self.namespace, self.name

    def about(self, key: Key) -> "Asked":
        """Ask for one object in place of a list, or of another object."""
        return replace(self, namespace=key[0], name=key[1])


def asked_in(request: ApiRequest) -> Asked:
    """Read a request below `ROOT`.

    Raises:
        ValueError: Its label selector is none.
    """
    namespace, parts = "", request.path.rstrip("/").removeprefix(f"{ROOT}/").split("/")
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] != "edges":
        namespace, parts = parts[1], parts[2:]
    plural, name, *rest = parts if len(parts) > 1 else (*parts, "")
    selector = parse_selector("" if name else dict(request.query).get("labelSelector", ""))
    return Asked(plural=plural, namespace=namespace, name=name, part="/".join(rest), selector=selector)


def action_of(account: Identity, asked: Asked) -> ApiAction:
    """Say in RBAC's words what an account that asks this wants to do."""
    return ApiAction(
        account=account,
        verb="get" if asked.name else "list",
        group=GROUP,
        resource=f"{asked.plural}/edges" if asked.part else asked.plural,
        namespace=asked.namespace,
        name=asked.name,
    )
