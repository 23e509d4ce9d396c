"""What the rules of each kind are about: a step from one version to another, and an edit made after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.refmesh.conversion.layout import Spec
from conformance.refmesh.reading.stored import text
from conformance.spec import ApiVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From the version that something is said in to the one that it is to be told in."""

    of: ApiVersion
    to: ApiVersion
    namespace: str
    """The object's own."""

    @property
    def back(self) -> "Step":
        """The way back."""
        return Step(of=self.to, to=self.of, namespace=self.namespace)

    def crosses(self, last: ApiVersion) -> bool:
        """Say whether one end is at *last* or before it, and the other one after it."""
        return (self.of.ordinal <= last.ordinal) is not (self.to.ordinal <= last.ordinal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Somebody changed an object in a version that it was not written in."""

    original: Spec
    """As it was written."""
    rendering: Spec
    """As it was shown before the edit."""
    shown: Spec
    """As it is shown since."""
    step: Step
    """From the version of the original to the version of the other two."""


def elsewhere(name: object, said_in: ApiVersion) -> str:
    """Make a name that nothing can bear, for what only *said_in* can say: ``routes:see-v1alpha2``.

    Kubernetes allows no colon in names, so a reference by it leads nowhere and grants nothing, while a person still
    sees what stands here and where to look.
    """
    return f"{text(name)}:see-{said_in.value}"


def original_of(piece: object, rendered: Sequence[Any], originals: Sequence[Any]) -> Any:
    """Find what *piece* of an edited object was before it was rendered.

    Returns:
        The only original whose rendering reads like *piece*; None where there is none, or where it could be
        several that differ.
    """
    if len(rendered) != len(originals):
        return None
    fitting = [one for one, shown in zip(originals, rendered, strict=True) if shown == piece]
    return fitting[0] if fitting and all(one == fitting[0] for one in fitting) else None
