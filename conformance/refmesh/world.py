"""The pods and Services that the reference mesh knows of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from conformance.refmesh.policy import Identity, Labelled, Party


class Protocol(Enum):
    """What a port speaks; it decides which filters a listener has."""

    HTTP = "http"
    TCP = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPort:
    """A port on which a pod's application listens."""

    number: int
    name: str
    protocol: Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod that has an address."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    account: str
    address: str
    app_address: str
    """Where the application listens behind its sidecar; empty without one."""
    ready: bool
    """Whether Services lead to it."""
    ports: tuple[ContainerPort, ...]

    @property
    def key(self) -> str:
        """``namespace/name``; for a pod with a sidecar, the sidecar's id."""
        return f"{self.namespace}/{self.name}"

    @property
    def identity(self) -> Identity:
        """Who it runs as."""
        return Identity(self.namespace, self.account)

    @property
    def is_meshed(self) -> bool:
        """Whether it has a sidecar."""
        return bool(self.app_address)

    def is_meant_by(self, party: Party) -> bool:
        """Say whether *party* names this pod."""
        if isinstance(party, Labelled):
            return party.fits(self.namespace, self.labels)
        return party == self.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """A port of a Service and where it leads in each pod."""

    number: int
    target: int | str
    """A number, or the name of a container port, which may differ from pod to pod."""
    protocol: Protocol

    def target_in(self, pod: Pod) -> int | None:
        """Find the port number this leads to in *pod*; None when the pod has no port of that name."""
        if isinstance(self.target, int):
            return self.target
        return next((port.number for port in pod.ports if port.name == self.target), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service that has a virtual address."""

    namespace: str
    name: str
    address: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"

    def port(self, number: int) -> ServicePort | None:
        """Find a port by its number; None when the Service does not have it."""
        return next((port for port in self.ports if port.number == number), None)

    def selects(self, pod: Pod) -> bool:
        """Say whether *pod* is behind this Service. An empty selector selects nothing, as on Kubernetes."""
        same_namespace = pod.namespace == self.namespace
        return bool(self.selector) and same_namespace and self.selector.items() <= pod.labels.items()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshWorld:
    """All pods and Services, in the order of their keys."""

    pods: tuple[Pod, ...] = ()
    services: tuple[Service, ...] = ()

    @property
    def sidecars(self) -> tuple[Pod, ...]:
        """The pods that have a sidecar."""
        return tuple(pod for pod in self.pods if pod.is_meshed)

    def service(self, namespace: str, name: str) -> Service | None:
        """Find a Service; None when there is none of that name."""
        wanted = (namespace, name)
        return next((one for one in self.services if (one.namespace, one.name) == wanted), None)

    def ready_pods(self, service: Service) -> tuple[Pod, ...]:
        """List the pods that *service* leads to now."""
        return tuple(pod for pod in self.pods if pod.ready and service.selects(pod))
