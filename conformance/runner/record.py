"""What became of one scenario: its steps as they went, before they are judged, and the control after them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from conformance.model.manifest import Manifest
from conformance.model.refusal import ObjectRefusal
from conformance.model.traffic import Cell, Receipt, Witnessed
from conformance.runner.control import Path, path_of, unproven_paths
from conformance.runner.measure import Asked, AskedAccess, AskedSplit
from conformance.runner.metering import AskedMetrics
from conformance.runner.waiting import Wait

Late = Mapping[str, tuple[Receipt, ...]]
"""Receipts by call id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedStep:
    """One step as it went."""

    name: str
    in_force: tuple[Manifest, ...]
    wait: Wait
    asked: tuple[Asked, ...]
    refusals: tuple[ObjectRefusal, ...] = ()
    """Objects of the step that the mesh's API would not take."""
    era: int = 0
    """How often pods had been replaced by then. What a pod shows says nothing about its successor."""
    replaced: tuple[str, ...] = ()
    """Keys of workloads whose pods gave way to new ones at its beginning."""

    @property
    def is_stuck(self) -> bool:
        """Whether an object was refused that has to be taken: what comes after it has no ground to stand on."""
        return any(not one.tolerated for one in self.refusals)

    @property
    def witnessed(self) -> tuple[Witnessed, ...]:
        """Every call of its access probes, and every one that it drove for metrics."""
        return tuple(
            one
            for each in self.asked
            if isinstance(each, AskedAccess | AskedMetrics)
            for one in each.witnessed
        )

    @property
    def calls(self) -> int:
        """How many calls were measured."""
        return len(self.witnessed) + sum(
            each.test.calls for each in self.asked if isinstance(each, AskedSplit)
        )


@dataclass(slots=True)
class Record:
    """Grows step by step; receipts that come late are added to what they belong to."""

    steps: list[PlayedStep] = field(default_factory=list)
    control: tuple[Witnessed, ...] = ()
    era: int = 0
    """How often pods have been replaced so far."""

    @property
    def witnessed(self) -> tuple[Witnessed, ...]:
        """Every call of every step."""
        return self.witnessed_since(era=0)

    def witnessed_since(self, era: int) -> tuple[Witnessed, ...]:
        """Every call of the steps since pods were replaced for that many times."""
        return tuple(one for step in self.steps if step.era >= era for one in step.witnessed)

    def measured_in(self, era: int) -> tuple[AskedMetrics, ...]:
        """Give what was driven and read between two replacements of pods, in order."""
        asked = (one for step in self.steps if step.era == era for one in step.asked)
        return tuple(one for one in asked if isinstance(one, AskedMetrics))

    def unproven(self) -> tuple[Cell, ...]:
        """Name a cell for each path on which no call got through since the pods are those that refused one."""
        found: dict[Path, Cell] = {}
        for era in range(self.era + 1):
            asked = [each for step in self.steps if step.era == era for each in step.asked]
            for cell in unproven_paths(asked, self.witnessed_since(era)):
                found.setdefault(path_of(cell), cell)
        return tuple(found.values())

    def add(self, late: Late) -> None:
        """Add receipts of calls whose callers had gone by when they arrived: a refusal has none."""
        if late:
            self.steps = [
                replace(step, asked=tuple(_with_late(one, late) for one in step.asked)) for step in self.steps
            ]
            self.control = _all_with_late(self.control, late)


def _with_late(asked: Asked, late: Late) -> Asked:
    match asked:
        case AskedSplit():
            return asked
        case AskedMetrics(driven=driven):
            more = _all_with_late(asked.witnessed, late)
            return replace(asked, driven=driven.with_witnessed({one.call.id: one for one in more}))
        case AskedAccess():
            return replace(asked, witnessed=_all_with_late(asked.witnessed, late))


def _all_with_late(witnessed: Iterable[Witnessed], late: Late) -> tuple[Witnessed, ...]:
    return tuple(replace(one, receipts=one.receipts + late.get(one.call.id, ())) for one in witnessed)
