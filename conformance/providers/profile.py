"""A mesh as data: what a file below ``fixtures/providers/`` says, as types.

Every fact of a file has its source beside it; the sources stay in the file, since no code decides by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from conformance.model.enrolment import Enrolment
from conformance.model.scenario import ConvergenceSettings, Feature, MetricsSettings
from conformance.providers.protocol import HeadersShape
from conformance.spec import ApiVersion, Level

ANY = "any"
"""The release of a profile whose facts hold for all of them."""


class Role(Enum):
    """What a mesh has to do with SMI."""

    MESH = "mesh"
    """It acts on SMI objects itself."""
    ADAPTER = "adapter"
    """It translates SMI objects into the objects of another mesh."""
    WRITER = "writer"
    """It writes SMI objects for another mesh; there is nothing in it that a suite could judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What shows in a cluster that a mesh is installed."""

    images: tuple[str, ...]
    """Repositories of images that only this mesh runs, without registry and tag."""
    workloads: tuple[str, ...]
    """Names of Deployments, StatefulSets or DaemonSets that run them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallStep:
    """One step of installing or removing a mesh, for a person to run: the suite installs nothing."""

    name: str
    run: str
    """A line for a shell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedBy:
    """What a pod has when it has joined, all of it; nothing where nothing shows, as with a proxy per node."""

    container: str = ""
    """Name of the proxy's container."""
    label: str = ""
    """Key of a label that the injector writes."""
    annotation: str = ""
    """Key of an annotation that the injector writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshWorkload:
    """A workload of the mesh itself that has to run before pods can join."""

    kind: str
    """Deployment, StatefulSet or DaemonSet."""
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConfiguration:
    """Where the proxy's configuration can be read as evidence."""

    how: str
    """For a person."""
    container: str = ""
    port: int = 0
    """The proxy's port for administration, in the pod; 0 when it has none."""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalLook:
    """What a refusal looks like: for readers of a report, since no verdict depends on it."""

    side: str
    """Whose proxy refuses: source, destination, both, node or unknown."""
    http: tuple[str, ...]
    tcp: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDeviation:
    """A failure that a provider is known for, with its reason and a link."""

    what: str
    requirements: tuple[str, ...]
    """Ids of the requirements that fail for this reason."""
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One mesh, as a file describes it."""

    name: str
    title: str
    release: str
    """The release or commit that the facts are about, or `ANY`."""
    role: Role
    summary: str
    withheld: str
    """Why the suite cannot judge this mesh yet; empty when it can."""
    was_run: tuple[str, ...]
    """What somebody ran; everything else was only read."""
    signs: Signs
    kinds: Mapping[str, tuple[ApiVersion, ...]]
    """Per SMI kind the versions that have an effect, oldest first."""
    headers_shape: HeadersShape
    webhooks: frozenset[str]
    """Names of the admission webhooks by which the mesh itself validates SMI objects."""
    root_service: tuple[str, ...]
    """Forms of ``spec.service`` that it understands: name, name.namespace, fqdn."""
    install: tuple[InstallStep, ...]
    remove: tuple[InstallStep, ...]
    hazards: tuple[str, ...]
    needs_running: tuple[MeshWorkload, ...]
    enrolment: Enrolment
    joined_by: JoinedBy
    ports_declared_by: tuple[str, ...]
    ships_denying: bool
    """Whether a plain installation refuses what nothing grants."""
    deny_switch: str
    """How deny-by-default is switched on."""
    service_host: str
    """How callers reach a Service through the mesh, with ``{service}`` and ``{namespace}``."""
    refusal: RefusalLook
    features: frozenset[Feature]
    levels: frozenset[Level]
    convergence: ConvergenceSettings
    metrics: MetricsSettings
    proxy_configuration: ProxyConfiguration
    deviations: tuple[KnownDeviation, ...]
    path: Path
    """The file it was read from."""

    def host(self, service: str, namespace: str) -> str:
        """Spell the host by which a caller reaches a Service through this mesh."""
        return self.service_host.format(service=service, namespace=namespace)
