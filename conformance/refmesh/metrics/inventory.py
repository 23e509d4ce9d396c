"""Which Kubernetes objects there are, and which pods belong to them: by ownership, place or selector. Pure.

Spec:
    traffic-metrics v1alpha1, introduction: resources that contain pods are aggregates of their pods; pods cannot be
    grouped otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from conformance.refmesh.reading.quantity import parse_quantity
from conformance.refmesh.reading.splits import whole_weights
from conformance.spec import ApiGroup, parse_api_version

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A type of object that figures can be asked for."""

    plural: str
    kind: str
    api_version: str
    namespaced: bool = True


RESOURCES = (
    Resource("daemonsets", "DaemonSet", "apps/v1"),
    Resource("deployments", "Deployment", "apps/v1"),
    Resource("jobs", "Job", "batch/v1"),
    Resource("namespaces", "Namespace", "v1", namespaced=False),
    Resource("nodes", "Node", "v1", namespaced=False),
    Resource("pods", "Pod", "v1"),
    Resource("replicasets", "ReplicaSet", "apps/v1"),
    Resource("replicationcontrollers", "ReplicationController", "v1"),
    Resource("services", "Service", "v1"),
    Resource("statefulsets", "StatefulSet", "apps/v1"),
    Resource("trafficsplits", "TrafficSplit", "split.smi-spec.io/v1alpha4"),
)
"""The full list of the text, sorted."""

BY_PLURAL = {one.plural: one for one in RESOURCES}
_BY_KIND = {one.kind: one for one in RESOURCES}

Name = tuple[str, str]
"""Namespace, empty for what has none, and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFacts:
    """What decides whose figures a pod's are."""

    namespace: str
    name: str
    address: str
    account: str
    node: str
    labels: Mapping[str, str]
    owners: tuple[tuple[str, str], ...]
    """Kind and name of the controllers, from the nearest to the last."""

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    def spiffe(self, trust_domain: str) -> str:
        """Spell what its certificate proves."""
        return f"spiffe://{trust_domain}/ns/{self.namespace}/sa/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """A TrafficSplit, as its figures need it."""

    root: str
    """Bare name of the Service."""
    weights: Mapping[str, int]
    """By backend, in the order in which they stand there: whole numbers, which `1` and `500m` are as 2 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that figures can be asked for, at one moment."""

    pods: Mapping[str, PodFacts] = field(default_factory=dict)
    """By ``namespace/name``."""
    objects: Mapping[str, Mapping[Name, Mapping[str, str]]] = field(default_factory=dict)
    """By plural, then by name: the labels."""
    selectors: Mapping[Name, Mapping[str, str]] = field(default_factory=dict)
    """Of Services."""
    splits: Mapping[Name, SplitFacts] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Key of the pod at each address."""

    def pod_at(self, address: str) -> PodFacts | None:
        """Find the pod that has an address."""
        key = self.addresses.get(address)
        return self.pods.get(key) if key else None

    def names(self, plural: str) -> Mapping[Name, Mapping[str, str]]:
        """List the objects of a type, each with its labels."""
        return self.objects.get(plural, {})

    def holders(self, plural: str, pod_key: str) -> tuple[Name, ...]:
        """Name the objects of a type that contain a pod; only a Service may share it with others."""
        pod = self.pods.get(pod_key)
        if pod is None:
            return ()
        match plural:
            case "pods":
                return ((pod.namespace, pod.name),)
            case "namespaces":
                return (("", pod.namespace),)
            case "nodes":
                return (("", pod.node),) if pod.node else ()
            case "services":
                return tuple(
                    name for name, selector in self.selectors.items() if _selects(name, selector, pod)
                )
            case _:
                kind = BY_PLURAL[plural].kind
                return tuple((pod.namespace, name) for owner, name in pod.owners if owner == kind)


def read_inventory(objects: Iterable[Body]) -> Inventory:
    """Read the objects that there are; kinds that figures cannot be asked for are passed over."""
    found: dict[str, dict[Name, Mapping[str, str]]] = {one.plural: {} for one in RESOURCES}
    bodies: dict[str, list[Body]] = {one.plural: [] for one in RESOURCES}
    for body in objects:
        resource = _resource_of(body)
        if resource:
            found[resource.plural][_name_of(body)] = body["metadata"].get("labels") or {}
            bodies[resource.plural].append(body)
    parents = {
        (str(one["kind"]), *_name_of(one)): _controller(one) for group in bodies.values() for one in group
    }
    pods = [_pod(one, parents) for one in bodies["pods"]]
    return Inventory(
        pods={one.key: one for one in pods},
        objects=found,
        selectors={_name_of(one): one["spec"].get("selector") or {} for one in bodies["services"]},
        splits={_name_of(one): _split(one) for one in bodies["trafficsplits"]},
        addresses={one.address: one.key for one in pods if one.address},
    )


def _resource_of(body: Body) -> Resource | None:
    resource = _BY_KIND.get(str(body.get("kind")))
    if resource is None or resource.plural != "trafficsplits":
        return resource
    parsed = parse_api_version(str(body.get("apiVersion")))
    return resource if parsed and parsed[0] is ApiGroup.SPLIT else None


def _name_of(body: Body) -> Name:
    return str(body["metadata"].get("namespace") or ""), str(body["metadata"]["name"])


def _controller(body: Body) -> tuple[str, str] | None:
    owners = body["metadata"].get("ownerReferences") or ()
    return next(((str(one["kind"]), str(one["name"])) for one in owners if one.get("controller")), None)


def _pod(body: Body, parents: Mapping[tuple[str, str, str], tuple[str, str] | None]) -> PodFacts:
    namespace, name = _name_of(body)
    spec, status = body.get("spec") or {}, body.get("status") or {}
    has_ended = status.get("phase") in {"Succeeded", "Failed"} or spec.get("hostNetwork")
    return PodFacts(
        namespace=namespace,
        name=name,
        address="" if has_ended else str(status.get("podIP") or ""),
        account=str(spec.get("serviceAccountName") or "default"),
        node=str(spec.get("nodeName") or ""),
        labels=body["metadata"].get("labels") or {},
        owners=tuple(_line(_controller(body), namespace, parents)),
    )


def _line(
    owner: tuple[str, str] | None,
    namespace: str,
    parents: Mapping[tuple[str, str, str], tuple[str, str] | None],
) -> Iterable[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    while owner is not None and owner not in seen:
        yield owner
        seen.add(owner)
        owner = parents.get((owner[0], namespace, owner[1]))


def _selects(service: Name, selector: Mapping[str, str], pod: PodFacts) -> bool:
    return bool(selector) and service[0] == pod.namespace and selector.items() <= pod.labels.items()


def _split(body: Body) -> SplitFacts:
    spec = body.get("spec") or {}
    backends = spec.get("backends") or ()
    weights: dict[str, int] = {}
    for one, weight in zip(backends, whole_weights([_weight(one) for one in backends]), strict=True):
        name = _bare(one.get("service"))
        weights[name] = weights.get(name, 0) + weight
    return SplitFacts(root=_bare(spec.get("service")), weights=weights)


def _weight(backend: Body) -> Fraction:
    """Read a weight, which v1alpha1 writes as a quantity; what is none, or negative, draws no traffic."""
    return max(parse_quantity(backend.get("weight")) or Fraction(0), Fraction(0))


def _bare(service: object) -> str:
    return str(service or "").partition(".")[0]
