"""Who is there: identities, workloads and services, as the manifests of a world declare them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from conformance.model.manifest import ObjectRef


class AppProtocol(Enum):
    """What a port speaks."""

    HTTP = "http"
    TCP = "tcp"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """Who a workload is: the service account it runs as.

    Spec: traffic-access, "TrafficTarget": the identity is a Kubernetes service account, which has a namespace.
    """

    namespace: str
    account: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port a workload listens on."""

    number: int
    protocol: AppProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Pods of the probe app under one identity."""

    name: str
    """The Deployment's name, or that of what makes its pods instead; unique in its namespace."""
    namespace: str
    account: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of its pods."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Labels of the Deployment itself, which its pods do not have."""
    ports: tuple[Port, ...] = ()
    meshed: bool = True
    """False for a workload that has no proxy."""
    kind: str = "Deployment"
    """Of the object that makes its pods; of a StatefulSet, each pod is a workload of its own."""
    owner: str = ""
    """That object's name, where it is another than the workload's."""

    @property
    def owner_name(self) -> str:
        """Name of the object that makes its pods."""
        return self.owner or self.name

    @property
    def maker(self) -> ObjectRef:
        """The object that makes its pods."""
        return ObjectRef(self.kind, self.namespace, self.owner_name)

    @property
    def key(self) -> str:
        """``namespace/name``: what names this workload in plans, receipts and tables."""
        return f"{self.namespace}/{self.name}"

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return Identity(self.namespace, self.account)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """A port of a Service and where it leads."""

    port: int
    target_port: int
    protocol: AppProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Kubernetes Service: a name for the pods its selector finds in its namespace."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    meshed: bool = True
    """False for one in a namespace whose pods have no proxy."""
    mesh_host: str = ""
    """The name by which callers in the mesh reach it through the mesh; empty where that is its own."""

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def fqdn(self) -> str:
        """The name that resolves in every namespace."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"

    def host(self, caller: Workload) -> str:
        """Give the full name by which *caller* calls it.

        A mesh may have names of its own for what is in it. They are the way of those who are in it too: a caller
        outside knows the cluster's name only, and a Service outside has no other.
        """
        return self.mesh_host if self.mesh_host and self.meshed and caller.meshed else self.fqdn


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All workloads and services of a world, by key."""

    workloads: Mapping[str, Workload]
    services: Mapping[str, Service]

    def made_with(self, workloads: Collection[str]) -> frozenset[str]:
        """Name these workloads (keys) and all that come with them: one StatefulSet makes several."""
        makers = {self.workloads[key].maker for key in workloads}
        return frozenset(key for key, one in self.workloads.items() if one.maker in makers)

    def behind(self, service: Service) -> tuple[Workload, ...]:
        """List the workloads whose pods *service* selects, in the order of their keys.

        An empty selector selects nothing, as on Kubernetes.
        """
        if not service.selector:
            return ()
        wanted = service.selector.items()
        return tuple(
            workload
            for _, workload in sorted(self.workloads.items())
            if workload.namespace == service.namespace and wanted <= workload.labels.items()
        )
