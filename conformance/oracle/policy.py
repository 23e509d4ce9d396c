"""What SMI objects say, once their version's layout is taken off. Only the oracle reads them so."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from conformance.model.manifest import ObjectRef
from conformance.spec import ApiVersion

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A source or a destination of a target."""

    kind: str
    name: str
    namespace: str | None
    """None where the manifest leaves it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A reference to a route object in the namespace of whoever refers to it."""

    kind: str
    name: str
    matches: tuple[str, ...] | None
    """Names of entries; None where the manifest leaves the list out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A TrafficTarget."""

    ref: ObjectRef
    version: ApiVersion
    destination: Subject | None
    port: int | None
    """v1alpha1 and v1alpha2 only; None means every port."""
    rules: tuple[Rule, ...]
    sources: tuple[Subject, ...]

    def rules_of(self, kind: str) -> tuple[Rule, ...]:
        """List the rules that refer to routes of *kind*."""
        return tuple(rule for rule in self.rules if rule.kind == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMatch:
    """One entry of an HTTPRouteGroup."""

    name: str
    path: str | None
    methods: tuple[str, ...] | None
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, and patterns."""
    broken: bool
    """A pattern does not compile, or a field has a shape that no version knows: it fits nothing."""
    incomplete: bool
    """It leaves out what its version requires, so what it fits is not settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGroup:
    """An HTTPRouteGroup."""

    ref: ObjectRef
    matches: tuple[HttpMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpRoute:
    """A TCPRoute."""

    ref: ObjectRef
    ports: frozenset[int]
    """Empty means every port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """An IdentityBinding."""

    ref: ObjectRef
    account: str | None
    labels: Mapping[str, str] | None
    spiffe: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend of a split."""

    service: str
    weight: Fraction | None
    """None where the manifest's weight is no number of its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A TrafficSplit."""

    ref: ObjectRef
    root: str
    backends: tuple[Backend, ...]
    matches: tuple[Rule, ...] | None
    """None where the manifest leaves the list out, and before v1alpha3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that is in force."""

    targets: tuple[Target, ...]
    """In the order of namespace and name."""
    groups: Mapping[Key, RouteGroup]
    tcp_routes: Mapping[Key, TcpRoute]
    bindings: Mapping[Key, Binding]
    splits: tuple[Split, ...]
    """In the order of namespace and name."""
