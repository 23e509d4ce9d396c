"""What the suite knows of traffic from both ends, and which objects each call belongs to.

This reading of Traffic Metrics shares nothing with the reference mesh's: it starts from calls and receipts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.manifest import Manifest
from conformance.model.metrics import CallEntry, PodEntry, Reference
from conformance.model.topology import Topology
from conformance.oracle.policy import Split
from conformance.oracle.reading import read_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that expected figures follow from."""

    calls: Sequence[CallEntry]
    pods: Sequence[PodEntry]
    topology: Topology
    manifests: Sequence[Manifest]
    """Every SMI object in force."""

    def of_kind(self, kind: str, workload: str) -> frozenset[Reference]:
        """Name the objects of a kind that the pods of a workload, by key, belong to.

        Spec: traffic-metrics, introduction: a resource that contains pods is the aggregate of these, and pods cannot
        be grouped in other ways; so ownership decides, not names and not labels. A Service contains what it selects.
        """
        found = {one for pod in self.pods if pod.workload == workload for one in self._owners(kind, pod)}
        return frozenset(found)

    def objects(self, kind: str, namespace: str = "") -> frozenset[Reference]:
        """Name every object of a kind that the suite knows of, in one namespace or in all."""
        found = {one for pod in self.pods for one in self._owners(kind, pod)}
        if kind == "Service":
            found |= {Reference(kind, one.namespace, one.name) for one in self.topology.services.values()}
        if kind == "TrafficSplit":
            found |= {self.reference_of(split) for split in self.splits()}
        return frozenset(one for one in found if not namespace or one.namespace == namespace)

    def labels(self, resource: Reference) -> Mapping[str, str]:
        """Give the labels of a pod, or those that a Deployment has itself; none where it is not known."""
        key = f"{resource.namespace}/{resource.name}"
        if resource.kind == "Deployment":
            found = self.topology.workloads.get(key)
            return found.marks if found else {}
        return next((one.labels for one in self.pods if f"{one.namespace}/{one.name}" == key), {})

    def received(self, resource: Reference) -> tuple[CallEntry, ...]:
        """List the calls that an object received, or that were refused at its door."""
        return tuple(call for call in self.calls if resource in self.of_kind(resource.kind, call.receiver))

    def sent(self, resource: Reference) -> tuple[CallEntry, ...]:
        """List the calls that an object made."""
        return tuple(call for call in self.calls if resource in self.of_kind(resource.kind, call.source))

    def splits(self) -> tuple[Split, ...]:
        """List the splits in force."""
        return tuple(read_policy(self.manifests).splits)

    def split_named(self, resource: Reference) -> Split | None:
        """Find a split in force by its name."""
        return next((one for one in self.splits() if self.reference_of(one) == resource), None)

    @staticmethod
    def reference_of(split: Split) -> Reference:
        """Name a split."""
        return Reference("TrafficSplit", split.ref.namespace, split.ref.name)

    def to_backend(self, split: Split, backend: str) -> tuple[CallEntry, ...]:
        """List the calls to a split's root that its backend received; calls to the backend itself are none of it."""
        service = self.topology.services.get(f"{split.ref.namespace}/{backend}")
        behind = {one.key for one in self.topology.behind(service)} if service else set()
        return tuple(call for call in self.to_root(split) if call.receiver in behind)

    def to_root(self, split: Split) -> tuple[CallEntry, ...]:
        """List the calls to a split's root."""
        name = split.root.partition(".")[0]
        root = f"{split.ref.namespace}/{name}"
        return tuple(call for call in self.calls if call.service == root)

    def _owners(self, kind: str, pod: PodEntry) -> Iterable[Reference]:
        match kind:
            case "Pod":
                yield Reference(kind, pod.namespace, pod.name)
            case "ReplicaSet" if pod.replica_set:
                yield Reference(kind, pod.namespace, pod.replica_set)
            case "Namespace":
                yield Reference(kind, "", pod.namespace)
            case "Node" if pod.node:
                yield Reference(kind, "", pod.node)
            case "Service":
                yield from self._services(pod)
            case _:
                made = self.topology.workloads.get(pod.workload)
                if made is not None and made.kind == kind:
                    yield Reference(kind, pod.namespace, made.owner_name)

    def _services(self, pod: PodEntry) -> Iterable[Reference]:
        for service in self.topology.services.values():
            if pod.workload in {one.key for one in self.topology.behind(service)}:
                yield Reference("Service", service.namespace, service.name)
