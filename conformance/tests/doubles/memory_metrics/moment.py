"""What an API can look at while it answers."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from conformance.tests.doubles.memory_metrics.asked import Asked, Key
from conformance.tests.doubles.memory_metrics.calls import Calls, received_by
from conformance.tests.doubles.memory_metrics.objects import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One question, and what is known when it is asked."""

    asked: Asked
    objects: Objects
    calls: Calls
    """All there ever were."""
    measured: Calls
    """Those that figures are made of."""
    now: datetime
    remembered: dict[Any, Any]
    """What a wrong API keeps from one question to the next."""

    @property
    def ends(self) -> set[str]:
        """Keys of the workloads that the object asked for consists of."""
        return self.objects.ends(self.asked.plural)[self.asked.key]

    def about(self, key: Key) -> "Moment":
        """Ask for one object in place of a list, or of another object."""
        return replace(self, asked=self.asked.about(key))


def received(moment: Moment) -> Calls:
    """Give the calls that count for an object: those that it received."""
    return received_by(moment.ends, moment.measured)
