"""Plays one scenario: steps, control, cleaning up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from conformance.judge import classify
from conformance.model.manifest import ObjectRef
from conformance.model.refusal import ObjectRefusal
from conformance.model.scenario import RenderedScenario, RenderedStep
from conformance.model.traffic import Cell, Outcome
from conformance.runner.control import show_control, turns_of
from conformance.runner.destinations import destinations
from conformance.runner.measure import Question
from conformance.runner.record import PlayedStep, Record
from conformance.runner.settings import Tell
from conformance.runner.stage import Stage
from conformance.runner.waiting import NO_WAIT, await_agreement
from conformance.spec import ApiGroup, group_of


@dataclass(slots=True, kw_only=True)
class Play:
    """One scenario on one stage. Use once: `steps`, and `clean_up` when what is on record has been judged."""

    stage: Stage
    rendered: RenderedScenario
    tell: Tell
    record: Record = field(default_factory=Record)

    def steps(self) -> None:
        """Play every step and the control.

        Raises:
            ConformanceError: The cluster, a workload or the probe did not do its part.
        """
        self.stage.world.ensure(self.rendered.workloads | self.stage.beacon.workloads)
        if self.stage.serves_access:
            self.stage.policy.change(apply=self.rendered.grants)
        self.stage.policy.change(apply=self.rendered.readers)
        for number, step in enumerate(self.rendered.steps, start=1):
            self.tell(f"step {number} of {len(self.rendered.steps)}: {step.name}")
            self.record.steps.append(self._step(step))
            if self.record.steps[-1].is_stuck:
                break
        self._show_control()
        self._gather_late()

    def clean_up(self) -> bool:
        """Delete all that was applied, and say whether the mesh has shown that it forgot it."""
        # The beacon's split goes with its grant: a split whose backends nobody may call can be more than a
        # mesh takes, and then nothing that comes after it is taken in. Without grants it stays for the next flip.
        kept = not self.stage.serves_access
        ours = [one.ref for one in self.stage.policy.in_force if not (kept and _is_beacon_split(one.ref))]
        self.stage.beacon.put_out()
        self.stage.policy.change(delete=ours)
        opened = self._opened_cells()
        if not opened or not self.stage.serves_access:
            return True
        settings = self.stage.provider.convergence
        wait = await_agreement(
            lambda: self._remembered(opened),
            window=timedelta(0),
            deadline=settings.deadline,
            clock=self.stage.clock,
        )
        return wait.held

    def _step(self, step: RenderedStep) -> PlayedStep:
        self._replace_pods(step)
        lit, refusals = self._change(step)
        in_force, era = self.stage.policy.in_force, self.record.era
        if any(not one.tolerated for one in refusals):
            return PlayedStep(
                name=step.name,
                in_force=in_force,
                wait=NO_WAIT,
                asked=(),
                refusals=refusals,
                era=era,
                replaced=step.replace_pods,
            )
        questions = [Question(self.stage, probe, in_force) for probe in step.probes]
        settings = self.stage.provider.convergence
        wait = await_agreement(
            lambda: self._not_yet(questions, lit=lit),
            window=settings.window,
            deadline=settings.deadline,
            clock=self.stage.clock,
            as_long_as_it_took=True,
        )
        asked = tuple(question.measure() for question in questions)
        return PlayedStep(
            name=step.name,
            in_force=in_force,
            wait=wait,
            asked=asked,
            refusals=refusals,
            era=era,
            replaced=step.replace_pods,
        )

    def _replace_pods(self, step: RenderedStep) -> None:
        if not step.replace_pods:
            return
        self.tell(f"replacing pods of {', '.join(step.replace_pods)}")
        self._gather_late()  # receipts go with the pods that hold them
        self.stage.replace_pods(step.replace_pods)
        self.record.era += 1

    def _change(self, step: RenderedStep) -> tuple[bool, tuple[ObjectRefusal, ...]]:
        """Apply a step with a fresh beacon; say whether there is one, and what the mesh would not take.

        Without any change there is nothing to show. The first step always has a beacon, and so has one that replaces
        pods: its workloads may have started just now, and a proxy that has heard nothing yet refuses everything,
        which must not pass for a refusal.
        """
        touched = {group_of(ref.kind) for ref in (*step.delete, *(one.ref for one in step.apply))}
        if self.record.steps and not touched and not step.replace_pods:
            return False, ()
        beacon, old = self.stage.beacon.light(self.rendered.bundle, split=ApiGroup.SPLIT in touched)
        refusals = self.stage.policy.try_change(
            apply=(*step.apply, *beacon),
            delete=(*step.delete, *old),
            refusable=[one.ref for one in step.apply],
            may_refuse=step.may_refuse,
        )
        return True, refusals

    def _not_yet(self, questions: Sequence[Question], *, lit: bool) -> str:
        if lit and (missing := self.stage.beacon.missing()):
            return missing
        return next((words for question in questions if (words := question.disagreement())), "")

    def _show_control(self) -> None:
        refused = self.record.unproven()
        if not refused or not self.stage.serves_access:
            return
        self.tell("control: opening what was refused")
        grants = {manifest.ref for manifest in self.rendered.grants}
        leave = [one.ref for one in self.stage.policy.in_force if one.ref not in grants]
        self.stage.beacon.put_out()
        self.stage.policy.change(delete=leave)
        self.record.control = show_control(self.stage, refused, self.rendered.bundle)

    def _gather_late(self) -> None:
        self.record.add(self.stage.caller.late(self.stage.world.receivers))

    def _opened_cells(self) -> tuple[Cell, ...]:
        """Name one cell per path that got through, of those that grants can close."""
        topology = self.stage.world.topology
        found: dict[tuple[str, str, int], Cell] = {}
        for one in (*self.record.witnessed, *self.record.control):
            cell = one.cell
            meshed = topology.workloads[cell.source].meshed and all(
                each.meshed for each in destinations(cell.target, topology)
            )
            if meshed and classify(one) is Outcome.ALLOWED:
                found.setdefault((cell.source, cell.target.name, cell.target.port), cell)
        return tuple(found.values())

    def _remembered(self, cells: Sequence[Cell]) -> str:
        world, timeout = self.stage.world, self.stage.provider.convergence.waiting_call
        turns = turns_of(cells, world.topology)
        asked = self.stage.caller.ask(cells, world.receivers, repeat=turns, timeout=timeout, tasting=True)
        still = [str(one.cell) for one in asked if classify(one) is not Outcome.DENIED]
        return f"{still[0]} still gets through" if still else ""


def _is_beacon_split(ref: ObjectRef) -> bool:
    return ref.kind == "TrafficSplit" and ref.name == "beacon"
