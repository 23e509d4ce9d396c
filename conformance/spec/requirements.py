"""What a requirement is: one checkable sentence about SMI, with its source and its firmness."""

from dataclasses import dataclass
from enum import Enum

from conformance.spec.groups import ApiGroup, ApiVersion


class Strength(Enum):
    """How firmly the text carries a requirement."""

    STATED = "stated"
    """The prose says it."""
    IMPLIED = "implied"
    """It follows from an example or from what is stated."""
    SCHEMA = "schema"
    """It stands in a published schema only."""


class Level(Enum):
    """What a conforming provider owes."""

    MUST = "must"
    """It has to."""
    SHOULD = "should"
    """The text recommends or strongly suggests it."""
    MAY = "may"
    """Open in the text: behaviour is recorded, and only the unsafe outcomes fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One checkable sentence of the spec."""

    id: str
    """A slug that is never reused, such as ``access.deny.unlisted-source``."""
    says: str
    """The requirement in our words."""
    quote: str
    """The spec's own sentence that carries it, or empty where it only follows from examples."""
    group: ApiGroup
    versions: tuple[ApiVersion, ...]
    """The versions of *group* that have it."""
    section: str
    """Document and heading where it stands."""
    strength: Strength
    level: Level
    wrong_mesh: str = ""
    """A mesh that breaks it and that a naive test would still pass."""
