"""What the reference mesh enforces, once SMI objects have been read: grants and splits.

These nouns are the mesh's own. They say nothing of API versions; every version is read into them as it says
itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Ports = frozenset[int] | None
"""Port numbers the destination listens on; None means every port."""


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """A service account: what a pod's certificate proves."""

    namespace: str
    account: str

    def spiffe(self, trust_domain: str) -> str:
        """Spell this identity as the URI that stands in certificates."""
        return f"spiffe://{trust_domain}/ns/{self.namespace}/sa/{self.account}"


@dataclass(frozen=True, slots=True, order=True)
class Labelled:
    """The pods of one namespace that carry all of these labels."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    """At least one pair."""

    def fits(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Say whether a pod of *namespace* with *labels* is meant."""
        return namespace == self.namespace and set(self.labels) <= labels.items()


Party = Identity | Labelled
"""Who takes part in a grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMatch:
    """Conditions on one HTTP request; all of them have to hold."""

    path: str | None = None
    """RE2 pattern that has to match from the start of the path, without the query; None fits every path."""
    methods: frozenset[str] | None = None
    """Alternatives; None fits every method."""
    headers: tuple[tuple[str, str], ...] = ()
    """Header names in lower case, each with an RE2 pattern that has to cover the whole value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one TrafficTarget lets through. Grants add up; there is nothing that takes one away."""

    destination: Party
    sources: frozenset[Party]
    ports: Ports = None
    """Limits HTTP and raw TCP alike."""
    http: tuple[HttpMatch, ...] | None = None
    """Alternatives; None lets every request through, an empty tuple none."""
    raw_tcp: bool = False
    """Whether ports that do not speak HTTP are open to these sources."""
    udp: Ports = field(default_factory=frozenset)
    """Recorded for people; this mesh does not carry UDP."""
    origin: str
    """The object that says so, such as ``TrafficTarget here/shop``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A Service that takes part in a split."""

    service: str
    """Name of a Service in the split's namespace."""
    weight: int
    """Relative to the other weights of the same split; 0 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRule:
    """What one TrafficSplit does to calls to its root Service."""

    namespace: str
    root: str
    """Name of the Service that callers use."""
    backends: tuple[Backend, ...]
    """A Service may be listed twice; its weights add up."""
    matches: tuple[HttpMatch, ...] | None = None
    """Requests that are split: those that fit any of these; None means all."""
    origin: str
    """The object that says so, such as ``TrafficSplit here/website``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All that the SMI objects of a cluster ask for at one moment."""

    grants: tuple[Grant, ...] = ()
    splits: tuple[SplitRule, ...] = ()
