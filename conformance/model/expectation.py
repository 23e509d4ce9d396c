"""What the manifests lead one to expect, with the rule that decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from conformance.model.traffic import Cell


class Access(Enum):
    """What the manifests say of one cell."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OPEN = "open"
    """The text leaves it open: behaviour is recorded and judged neither way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expected answer to one cell."""

    access: Access
    because: str
    """The rule that decided, in words that name the manifest."""


TruthTable = Mapping[Cell, Expected]
"""Expected access, cell by cell, in the order of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How calls to one target are expected to be shared out."""

    shares: Mapping[str, Fraction] | None
    """Shares, 0 to 1, adding up to 1; None when any mixture of *among* is right. Keys are those of workloads, or of
    a backend Service that several workloads stand behind: then it is for the Service to choose among them."""
    among: frozenset[str]
    """Keys of all workloads that may answer. With shares: those whose share is positive."""
    because: str
    """The rule that decided, in words that name the manifest."""
    required: frozenset[str] | None = None
    """Those of *among* that have to be seen; None when all have to. Fewer where the text leaves it open."""
    may_fail: bool = False
    """Whether the text tolerates calls that nobody answers, such as the share of a backend that does not exist."""
    behind: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each key of *shares* that is a Service's, the workloads behind it."""

    def workloads_of(self, key: str) -> frozenset[str]:
        """Name the workloads whose answers make up one of the shares."""
        return self.behind.get(key, frozenset({key}))
