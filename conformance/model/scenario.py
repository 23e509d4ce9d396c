"""What a scenario is: data that says what is applied, what is sent, and which requirement it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.measuring import MetricsProbe, Reader
from conformance.model.traffic import AddressForm, Cell, HttpRequest
from conformance.spec import ApiGroup, ApiVersion, Bundle, Level


class Feature(Enum):
    """Behaviour that not every provider claims; a scenario that needs one is unsupported without it."""

    TCP = "tcp"
    """Raw TCP between workloads."""
    UNMESHED = "unmeshed"
    """A workload without a proxy can be run beside the mesh."""
    POD_ADDRESS = "pod-address"
    """A caller can use a pod's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmiObject:
    """An SMI object as a scenario writes it: without a version, in the newest layout, with symbolic names."""

    kind: str
    name: str
    namespace: str
    """Symbolic: ``here`` or ``there``."""
    spec: Mapping[str, Any]
    """What stands under ``spec`` in the newest version; subjects are full objects with kind, name, namespace."""
    line: int
    """Where it starts in the scenario file, from 1."""

    @property
    def ref(self) -> ObjectRef:
        """Name this object, with its symbolic namespace."""
        return ObjectRef(self.kind, self.namespace, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessProbe:
    """Ask every cell of sources × targets × ports × requests; the oracle says what to expect of each."""

    cells: tuple[Cell, ...]
    """With symbolic keys such as ``here/client-a``."""
    repeat: int = 1
    """How often each cell is asked in one measurement. Unit: calls."""
    keep_alive: bool = False
    """Whether a source's calls to one port follow each other on one connection; each repetition has a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitProbe:
    """Send one request often and compare who answered; the oracle says which shares to expect."""

    source: str
    """Symbolic key of the calling workload."""
    service: str
    """Symbolic key of the Service that is called."""
    port: int
    request: HttpRequest
    form: AddressForm = AddressForm.SERVICE
    connections: int = 8
    """1 shows that the share holds per request and not per connection. Unit: connections."""


Probe = AccessProbe | SplitProbe | MetricsProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of policy, and what is asked when the mesh has acted on it."""

    name: str
    apply: tuple[SmiObject, ...]
    delete: tuple[ObjectRef, ...]
    """With symbolic namespaces."""
    probes: tuple[Probe, ...]
    line: int
    may_refuse: Mapping[ObjectRef, str] = field(default_factory=dict)
    """Of the applied objects those that an implementation may refuse, each with the reason, quoted in reports."""
    replace_pods: tuple[str, ...] = ()
    """Symbolic keys of workloads whose pods give way to new ones before anything is applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A declared case: what is given, what changes, what is sent."""

    id: str
    """Such as ``traffic-access/unlisted-source-is-refused``; typed by hand, never reused."""
    shows: tuple[str, ...]
    """Ids of the requirements it shows; the first is the one it is about."""
    group: ApiGroup
    """The group whose versions it runs in."""
    versions: tuple[ApiVersion, ...]
    summary: str
    why: str
    needs: tuple[Feature, ...]
    open: tuple[tuple[str, str], ...]
    """Pairs of symbolic keys (source, destination workload) that are granted everything for the whole scenario, so
    that a scenario about splits is not one about access. Granted only where the provider serves access."""
    steps: tuple[Step, ...]
    path: Path
    """The file it was read from, relative to the scenarios' root."""
    readers: tuple[Reader, ...] = ()
    """Accounts of its own that read metrics."""
    catches: tuple[str, ...]
    """Names of wrong meshes (faults of the reference mesh) that must fail it."""
    level: Level = Level.MUST
    """What a mesh owes of the requirement that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedStep:
    """A step in one bundle of versions and one world: nothing symbolic is left."""

    name: str
    apply: tuple[Manifest, ...]
    delete: tuple[ObjectRef, ...]
    probes: tuple[Probe, ...]
    may_refuse: Mapping[ObjectRef, str] = field(default_factory=dict)
    """As `Step.may_refuse`, with actual namespaces."""
    replace_pods: tuple[str, ...] = ()
    """As `Step.replace_pods`, with actual keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedScenario:
    """A scenario in one bundle of versions and one world."""

    scenario: Scenario
    bundle: Bundle
    version: ApiVersion
    """The version of the scenario's group under test."""
    grants: tuple[Manifest, ...]
    """What `Scenario.open` became; applied before the first step."""
    readers: tuple[Manifest, ...] = ()
    """Accounts that read metrics, and what gives them their rights; applied before the first step."""
    steps: tuple[RenderedStep, ...]
    workloads: frozenset[str]
    """Keys of all workloads it needs."""

    @property
    def id(self) -> str:
        """``traffic-access/slug[v1alpha3]``."""
        return f"{self.scenario.id}[{self.version.value}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvergenceSettings:
    """How long a provider may take to act on a change of policy."""

    deadline: timedelta
    """Longest wait from apply until the mesh agrees steadily. The spec sets no time; a provider's profile does."""
    window: timedelta
    """How long the answers must agree without a break before anything is measured."""
    waiting_call: timedelta = timedelta(seconds=1)
    """Longest wait for one call's answer while convergence is awaited; a refusal by silence costs this much."""
    measured_call: timedelta = timedelta(seconds=3)
    """Longest wait for one call's answer in a measurement: more than a call takes at its slowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """What has to be known of a provider's metrics before they can be read."""

    window: timedelta
    """The span that its figures cover at least. What is judged is each object's own, where it says one."""
    lag: timedelta
    """Longest time until a call that has ended shows, and how far the edges of a window may be off."""
    stretch: timedelta = timedelta(0)
    """How much longer than that a window may be: older traffic is waited for so much longer."""
    tolerance: Fraction = Fraction(0)
    """Relative error of its counts, 0 to 1: some meshes extrapolate. Nothing is granted to one that counts."""
    resolution: Fraction = Fraction(2)
    """Factor by which a percentile may differ from the response times around its rank: the width of a histogram's
    buckets. From 1, without unit."""
