"""How the calls to one place are divided among those behind it, before access is asked.

Spec: traffic-split, every version. Without a split a Service's own endpoints answer; with one its backends
do, by weight, as far as they expose the root's port and the request fits the split's ``matches``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from conformance.model.expectation import Access
from conformance.model.topology import Service, Topology, Workload
from conformance.model.traffic import HttpRequest, Request
from conformance.oracle.grants import End
from conformance.oracle.places import ends_of, port_of
from conformance.oracle.policy import Policy, Split
from conformance.oracle.routes import Sent
from conformance.oracle.selection import selects

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Who may answer calls to one place. The fields mean what those of `Spread` mean."""

    ends: tuple[End, ...]
    shares: Mapping[str, Fraction] | None = None
    behind: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required: frozenset[str] | None = None
    may_fail: bool = False
    because: str

    def loosened(self, because: str, *, may_fail: bool = False) -> "Division":
        """Give the same ends without any promise of who is seen."""
        return replace(
            self, shares=None, required=_NOBODY, may_fail=self.may_fail or may_fail, because=because
        )

    def joined(self, other: "Division", because: str, *, may_fail: bool = False) -> "Division":
        """Give the ends of both readings, without any promise of which one is taken."""
        ends = {(end.workload.key, end.port): end for end in (*other.ends, *self.ends)}
        either = self.may_fail or other.may_fail or may_fail
        return replace(self, ends=tuple(ends.values())).loosened(because, may_fail=either)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The calls that are divided."""

    source: Workload
    service: Service
    port: int
    request: Request
    hosts: tuple[str, ...]
    """Spellings of the authority; empty when it is not known."""


def divide(policy: Policy, topology: Topology, asked: Asked) -> Division:
    """Divide calls to a port of a Service; only what goes through the mesh is split."""
    own = _own(topology, asked.service, asked.port)
    splits = [split for split in policy.splits if _is_root(split, asked.service)]
    if not splits:
        return own
    if not asked.source.meshed:
        words = f"{asked.source.key} is outside the mesh, so {splits[0].ref} does not move its calls"
        return replace(own, because=words)
    found = [_by_split(policy, topology, split, own, asked) for split in splits]
    division = found[0]
    for other in found[1:]:
        names = " and ".join(str(split.ref) for split in splits)
        division = division.joined(other, f"{names} have one root; which of them counts is not settled")
    return division


def _own(topology: Topology, service: Service, port: int) -> Division:
    return Division(
        ends=ends_of(topology, service, port),
        because=f"no TrafficSplit has {service.key} as root, so its own endpoints answer",
    )


def _is_root(split: Split, service: Service) -> bool:
    """Read a bare name in the split's namespace; a dotted one only where it spells the same Service."""
    spellings = {service.name, f"{service.name}.{service.namespace}", service.fqdn}
    return split.ref.namespace == service.namespace and split.root in spellings


def _by_split(policy: Policy, topology: Topology, split: Split, own: Division, asked: Asked) -> Division:
    own = replace(
        own, because=f"{split.ref}: {asked.request} fits none of its matches, so the root's own answer"
    )
    selected = _selected(policy, split, asked)
    if selected is Access.DENIED:
        return own
    division = backends_of(topology, split, asked.service, asked.port)
    if split.root != asked.service.name:
        division = division.joined(own, f"{split.ref}: its root is a dotted name, which is not settled")
    if not isinstance(asked.request, HttpRequest):
        division = division.joined(own, f"{split.ref}: whether raw TCP is split is not settled")
    if selected is Access.OPEN:
        division = division.joined(
            own, f"{split.ref}: whether {asked.request} fits its matches is not settled"
        )
    return division


def _selected(policy: Policy, split: Split, asked: Asked) -> Access:
    if split.matches is None:
        return Access.ALLOWED
    if not isinstance(asked.request, HttpRequest):
        return Access.DENIED
    return selects(policy, split, Sent(request=asked.request, hosts=asked.hosts))


def backends_of(topology: Topology, split: Split, root: Service, port: int) -> Division:
    """Divide what *split* has selected among its backends."""
    return _Backends(topology=topology, split=split, root=root, port=port).division()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backends:
    """The backends of one split for one port of its root."""

    topology: Topology
    split: Split
    root: Service
    port: int

    def division(self) -> Division:
        weights = self._weights()
        taking = {name: weight for name, weight in weights.items() if self._exposes(name)}
        ends = {name: self._ends(name) for name in taking}
        if not any(ends.values()):
            return self._nobody()
        found = self._shared(taking, ends)
        return self._doubted(found, taking, ends)

    def _weights(self) -> dict[str, Fraction]:
        """Add up positive weights per Service: weight 0 gets nothing, and so does what is no weight."""
        weights: dict[str, Fraction] = {}
        for one in self.split.backends:
            if one.weight is not None and one.weight > 0:
                weights[one.service] = weights.get(one.service, Fraction(0)) + one.weight
        return weights

    def _service(self, name: str) -> Service | None:
        return self.topology.services.get(f"{self.split.ref.namespace}/{name}")

    def _exposes(self, name: str) -> bool:
        """Keep what does not exist, for it may cost its share; leave out what lacks the root's port.

        Spec: traffic-split, "Ports": a backend that does not expose the root's port is not included.
        """
        service = self._service(name)
        return service is None or port_of(service, self.port) is not None

    def _ends(self, name: str) -> tuple[End, ...]:
        service = self._service(name)
        return ends_of(self.topology, service, self.port) if service else ()

    def _nobody(self) -> Division:
        own = Division(ends=ends_of(self.topology, self.root, self.port), because="")
        words = (
            f"{self.split.ref}: no backend takes calls to port {self.port}; whether the root's own do is open"
        )
        return own.loosened(words, may_fail=True)

    def _shared(self, taking: Mapping[str, Fraction], ends: Mapping[str, tuple[End, ...]]) -> Division:
        total = sum(taking.values(), Fraction(0))
        by_key = {(end.workload.key, end.port): end for found in ends.values() for end in found}
        behind = {self._share_key(name, ends[name]): _workloads(ends[name]) for name in taking}
        shares: dict[str, Fraction] = {}
        for name, weight in taking.items():
            key = self._share_key(name, ends[name])
            shares[key] = shares.get(key, Fraction(0)) + weight / total
        listed = ", ".join(f"{name} {weight}" for name, weight in sorted(taking.items()))
        told_apart = sum(map(len, behind.values())) == len(_keys(ends))
        return Division(
            ends=tuple(by_key[key] for key in sorted(by_key)),
            shares=shares if told_apart else None,
            behind=behind,
            because=f"{self.split.ref}: weights {listed}"
            + ("" if told_apart else " (one workload behind several)"),
        )

    def _share_key(self, name: str, ends: tuple[End, ...]) -> str:
        """Name a share by the one workload that has it, else by its Service."""
        keys = _workloads(ends)
        return min(keys) if len(keys) == 1 else f"{self.split.ref.namespace}/{name}"

    def _doubted(
        self, found: Division, taking: Mapping[str, Fraction], ends: Mapping[str, tuple[End, ...]]
    ) -> Division:
        gone = sorted(name for name in taking if not ends[name])
        if gone:
            words = (
                f"{self.split.ref}: {', '.join(gone)} has nobody to answer; whether its share fails is open"
            )
            found = replace(found.loosened(words, may_fail=True), required=_keys(ends))
        partial = sorted(name for name in taking if ends[name] and not self._covers_root(name))
        if partial:
            words = (
                f"{self.split.ref}: {', '.join(partial)} lacks a port of the root; whether it counts is open"
            )
            rest = _keys({name: one for name, one in ends.items() if name not in partial})
            found = replace(found.loosened(words, may_fail=not rest), required=rest)
        for words in self._open_points(taking, found):
            found = found.loosened(f"{self.split.ref}: {words}", may_fail=True)
        if self.root.name in taking:
            own = Division(ends=ends_of(self.topology, self.root, self.port), because="")
            found = found.joined(
                own, f"{self.split.ref}: its root is one of its backends, which is not settled"
            )
        return found

    def _covers_root(self, name: str) -> bool:
        service = self._service(name)
        return service is not None and all(port_of(service, port.port) for port in self.root.ports)

    def _open_points(self, taking: Mapping[str, Fraction], found: Division) -> list[str]:
        names = [one.service for one in self.split.backends]
        points: list[str] = []
        if any(one.weight is None or one.weight < 0 for one in self.split.backends):
            points.append("one of its weights is none in its version, and what becomes of the others is open")
        if len(names) != len(set(names)):
            points.append("a Service is listed twice, which is not settled")
        behind_root = {workload.key for workload in self.topology.behind(self.root)}
        if taking and not behind_root.intersection(end.workload.key for end in found.ends):
            points.append("its root selects none of the backends' pods, which is not settled")
        return points


def _workloads(ends: tuple[End, ...]) -> frozenset[str]:
    return frozenset(end.workload.key for end in ends)


def _keys(ends: Mapping[str, tuple[End, ...]]) -> frozenset[str]:
    return frozenset(end.workload.key for found in ends.values() for end in found)
