"""Reads the metrics API once per reading, with what its answer is compared with.

What else is read, and under which name it stands in `ReadOnce.others`:

=================== ==================================================================
``object``          for sums of edges: the object itself
``pods of <ns>``    for sums of an aggregate: the pods of a namespace
``edges of <peer>`` for both ends of an edge: the edges of each peer
``slash``           for discovery: the same path with a slash behind it
``list of <plural>`` for discovery: a list of each of the eleven resources, and of others that it lists
``service``         for the group: the APIService of its version
``later 1`` ...     for the trail: the same again, until the traffic has left the window
=================== ==================================================================
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from conformance.cluster import Cluster
from conformance.judge import resources_beyond
from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.measuring import Aspect, Read, Reading
from conformance.model.metrics import Answered, Peer, PodEntry, ReadOnce, Reference
from conformance.model.topology import Identity
from conformance.providers.metrics import GROUP_PATH, find_metrics
from conformance.runner.stage import Stage
from conformance.runner.waiting import Clock
from conformance.spec import MEASURED_RESOURCES, ApiGroup, MeasuredResource, measured_resource

_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
_SKEW = timedelta(seconds=2)
"""From here on a server's clock is taken to be another one; below, its date is as good as ours. Its ``Date`` has
whole seconds."""

PeersOf = Callable[[Reference], Mapping[Peer, bool]]
"""Says which edges an object may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """What has to be asked for one reading."""

    read: Read
    resource: Reference
    main: ApiRequest
    others: Mapping[str, ApiRequest]

    def answered(self, main: Answered, others: Mapping[ApiRequest, Answered]) -> ReadOnce:
        """Put the answers together."""
        along = {name: others[request] for name, request in self.others.items()}
        return ReadOnce(read=self.read, resource=self.resource, main=main, others=along)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsApi:
    """The metrics API of one cluster, as it is found there."""

    cluster: Cluster
    clock: Clock
    version: str
    pods: tuple[PodEntry, ...]
    namespace: str
    """Where lists are tried out."""

    @classmethod
    def found_by(cls, stage: Stage, pods: tuple[PodEntry, ...]) -> "MetricsApi":
        """Find it by discovery; a mesh whose discovery tells nothing is asked by the version of the text."""
        return cls(
            cluster=stage.cluster,
            clock=stage.clock,
            version=find_metrics(stage.cluster).version or "v1alpha1",
            pods=pods,
            namespace=stage.world.namespaces["here"],
        )

    def plan(self, read: Read, peers_of: PeersOf) -> ReadPlan:
        """Say what has to be asked for a reading."""
        resource = self._reference(read)
        return ReadPlan(
            read=read,
            resource=resource,
            main=self._request(read, resource),
            others={} if read.is_refused else dict(self._others(read, resource, peers_of)),
        )

    def completed(self, plan: ReadPlan, main: Answered) -> ReadPlan:
        """Add what has to be asked since *main* says so: discovery may list more than the eleven resources."""
        if Aspect.SERVED not in plan.read.about:
            return plan
        beyond = resources_beyond(main.answer.body)
        more = {f"list of {one.plural}": ApiRequest(path=self._list_of(one)) for one in beyond}
        return replace(plan, others={**plan.others, **more})

    def _reference(self, read: Read) -> Reference:
        found = measured_resource(read.resource)
        if found is None:
            return Reference()
        namespace = read.namespace if found.namespaced else ""
        return Reference(found.kind, namespace, self._name(read))

    def _name(self, read: Read) -> str:
        """Give the actual name: pods, ReplicaSets and nodes are named by their workload."""
        key = f"{read.namespace}/{read.name}"
        pod = next((one for one in self.pods if one.workload == key), None)
        if pod is None or read.is_unknown:
            return read.name
        by_workload = {"pods": pod.name, "replicasets": pod.replica_set, "nodes": pod.node}
        return by_workload.get(read.resource, read.name)

    def _request(self, read: Read, resource: Reference) -> ApiRequest:
        return ApiRequest(
            path=self._path(read, resource),
            method=read.method,
            query=(*((("labelSelector", read.selector),) if read.selector else ()), *read.query),
            body=_BODY if read.method in {"POST", "PUT", "PATCH"} else None,
            account=Identity(read.reader.namespace, read.reader.name) if read.reader else None,
        )

    def _path(self, read: Read, resource: Reference) -> str:
        match read.reading:
            case Reading.GET:
                return self.path_of(read.resource, resource)
            case Reading.LIST:
                return self.path_of(read.resource, Reference(resource.kind, resource.namespace))
            case Reading.EDGES:
                return f"{self.path_of(read.resource, resource)}/edges"
            case Reading.PATH:
                return f"{self._root}/{read.path}"
            case Reading.DISCOVERY:
                return {"version": self._root, "group": GROUP_PATH, "service": self._service}[read.path]

    def path_of(self, plural: str, resource: Reference) -> str:
        """Give the path of an object, or of all of a namespace where it has no name.

        Spec: traffic-metrics, "Example implementation" and "Kubernetes API": paths as Kubernetes lays them out.
        """
        inside = f"/namespaces/{resource.namespace}" if resource.namespace else ""
        return f"{self._root}{inside}/{plural}" + (f"/{resource.name}" if resource.name else "")

    @property
    def _root(self) -> str:
        return f"{GROUP_PATH}/{self.version}"

    @property
    def _service(self) -> str:
        return f"{_SERVICES}/{self.version}.{ApiGroup.METRICS.value}"

    def _others(self, read: Read, resource: Reference, peers_of: PeersOf) -> Iterator[tuple[str, ApiRequest]]:
        if Aspect.SUM in read.about:
            yield from self._parts(read, resource)
        if Aspect.ENDS in read.about:
            for peer in {one.peer for one, must in peers_of(resource).items() if must}:
                path = self.path_of(read.resource, peer)
                yield f"edges of {peer}", ApiRequest(path=f"{path}/edges")
        if Aspect.ENTRIES in read.about:
            yield "slash", ApiRequest(path=f"{self._root}/")
        if Aspect.SERVED in read.about:
            for one in MEASURED_RESOURCES:
                yield f"list of {one.plural}", ApiRequest(path=self._list_of(one))
        if Aspect.REGISTERED in read.about:
            yield "service", ApiRequest(path=self._service)

    def _parts(self, read: Read, resource: Reference) -> Iterator[tuple[str, ApiRequest]]:
        if read.reading is Reading.EDGES:
            yield "object", ApiRequest(path=self.path_of(read.resource, resource))
        elif resource.kind != "TrafficSplit":
            for namespace in self._namespaces(resource):
                pods = Reference("Pod", namespace)
                yield f"pods of {namespace}", ApiRequest(path=self.path_of("pods", pods))

    def _namespaces(self, resource: Reference) -> Iterable[str]:
        """Name where pods of *resource* may be."""
        if resource.namespace:
            return (resource.namespace,)
        if resource.kind == "Namespace" and resource.name:
            return (resource.name,)
        return dict.fromkeys(one.namespace for one in self.pods)

    def _list_of(self, one: MeasuredResource) -> str:
        kind = Reference(one.kind, self.namespace if one.namespaced else "")
        return self.path_of(one.plural, kind)

    def ask(self, request: ApiRequest) -> Answered:
        """Ask once.

        Raises:
            EnvironmentBrokenError: The API server gave no answer.
        """
        asked_at = self.clock.date()
        answer = self.cluster.call_api(request)
        answered_at = self.clock.date()
        skew = _skew(answer, answered_at)
        return Answered(
            request=request, answer=answer, asked_at=asked_at + skew, answered_at=answered_at + skew
        )


_BODY: Mapping[str, Any] = {
    "kind": "TrafficMetrics",
    "apiVersion": f"{ApiGroup.METRICS.value}/v1alpha1",
    "metadata": {"name": "written"},
}
"""What nobody should be able to store."""


def _skew(answer: ApiAnswer, here: datetime) -> timedelta:
    """Say how far the API server's clock is ahead of ours, as its ``Date`` header tells."""
    written = answer.headers.get("date")
    if not written:
        return timedelta(0)
    try:
        there = parsedate_to_datetime(written)
    except ValueError:
        return timedelta(0)
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    skew = there - here
    return skew if abs(skew) > _SKEW else timedelta(0)
