"""Plays one scenario: steps, control, verdict, cleaning up."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from conformance.errors import ProbeError
from conformance.judge import (
    ControlSet,
    classify,
    judge_access,
    judge_readings,
    judge_refusal,
    judge_traffic,
    worst,
)
from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.refusal import ObjectRefusal
from conformance.model.scenario import RenderedScenario, RenderedStep
from conformance.model.topology import Workload
from conformance.model.traffic import Cell, Ending, Outcome, Receipt, Witnessed
from conformance.model.verdict import Finding, Judgement, Verdict
from conformance.runner.control import show_control, turns_of, unproven_paths
from conformance.runner.destinations import destinations
from conformance.runner.measure import Asked, AskedAccess, AskedSplit, Question
from conformance.runner.metering import AskedMetrics, expected_metrics
from conformance.runner.settings import Tell
from conformance.runner.stage import Stage
from conformance.runner.waiting import NO_WAIT, Wait, await_agreement
from conformance.spec import ApiGroup, group_of

Late = Mapping[str, tuple[Receipt, ...]]
"""Receipts by call id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedStep:
    """One step as it went, before it is judged."""

    name: str
    in_force: tuple[Manifest, ...]
    wait: Wait
    asked: tuple[Asked, ...]
    refusals: tuple[ObjectRefusal, ...] = ()
    """Objects of the step that the mesh's API would not take."""

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


@dataclass(slots=True, kw_only=True)
class Play:
    """One scenario on one stage. Use once: `steps`, then `judge`, then `clean_up`."""

    stage: Stage
    rendered: RenderedScenario
    tell: Tell
    played: list[PlayedStep] = field(default_factory=list)
    control: tuple[Witnessed, ...] = ()

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
            self.played.append(self._step(step))
            if self.played[-1].is_stuck:
                break
        self._show_control()
        self._gather_late()

    def judge(self) -> tuple[Judgement, ...]:
        """Judge every step, in order."""
        return self._judge_by(self._controls(self._alive()))

    def judge_so_far(self) -> tuple[Judgement, ...]:
        """Judge what was played before something broke. Asks nobody: what needs a live workload is no evidence."""
        return self._judge_by(self._controls(alive=frozenset()))

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
        lit, refusals = self._change(step)
        in_force = self.stage.policy.in_force
        if any(not one.tolerated for one in refusals):
            return PlayedStep(name=step.name, in_force=in_force, wait=NO_WAIT, asked=(), refusals=refusals)
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
        return PlayedStep(name=step.name, in_force=in_force, wait=wait, asked=asked, refusals=refusals)

    def _change(self, step: RenderedStep) -> tuple[bool, tuple[ObjectRefusal, ...]]:
        """Apply a step with a fresh beacon; say whether there is one, and what the mesh would not take.

        Without any change there is nothing to show. The first step always has a beacon: its workloads may have
        started just now, and a proxy that has heard nothing yet refuses everything, which must not pass for a
        refusal.
        """
        touched = {group_of(ref.kind) for ref in (*step.delete, *(one.ref for one in step.apply))}
        if self.played and not touched:
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
        asked = [each for step in self.played for each in step.asked]
        refused = unproven_paths(asked, self._all_witnessed())
        if not refused or not self.stage.serves_access:
            return
        self.tell("control: opening what was refused")
        grants = {manifest.ref for manifest in self.rendered.grants}
        leave = [one.ref for one in self.stage.policy.in_force if one.ref not in grants]
        self.stage.beacon.put_out()
        self.stage.policy.change(delete=leave)
        self.control = show_control(self.stage, refused, self.rendered.bundle)

    def _gather_late(self) -> None:
        """Add receipts of calls whose callers had gone by when they arrived: a refusal has none."""
        late = self.stage.caller.late(self.stage.world.receivers)
        if late:
            self.played = [
                replace(step, asked=tuple(_with_late(one, late) for one in step.asked))
                for step in self.played
            ]
            self.control = _all_with_late(self.control, late)

    def _judge_by(self, controls: ControlSet) -> tuple[Judgement, ...]:
        return tuple(self._judge_step(step, controls) for step in self.played)

    def _controls(self, alive: frozenset[str]) -> ControlSet:
        proofs = (*self._all_witnessed(), *self.control)
        return ControlSet.of(proofs, self.stage.world.topology, alive=alive)

    def _alive(self) -> frozenset[str]:
        """Ask workloads past the mesh whether they answer; only needed where a call did not get through."""
        topology = self.stage.world.topology
        silent = [one.cell for one in self._all_witnessed() if classify(one) is not Outcome.ALLOWED]
        keys = {cell.source for cell in silent}
        keys |= {each.key for cell in silent for each in destinations(cell.target, topology)}
        keys |= {key for step in self.played for each in step.asked for key in self._sampled(each)}
        return frozenset(key for key in keys if self._answers(topology.workloads[key]))

    @staticmethod
    def _sampled(asked: Asked) -> Iterable[str]:
        return (asked.cell.source, *asked.among) if isinstance(asked, AskedSplit) else ()

    def _answers(self, workload: Workload) -> bool:
        try:
            self.stage.prober.ping(workload.key)
            seen = self.stage.prober.self_call(workload.key)
        except ProbeError:
            return False
        return all(one.ending is Ending.ANSWERED for one in seen.values())

    def _judge_step(self, step: PlayedStep, controls: ControlSet) -> Judgement:
        findings = [judge_refusal(one) for one in step.refusals]
        for asked in step.asked:
            match asked:
                case AskedAccess():
                    judged = judge_access(asked.table, asked.witnessed, controls, asked.by_responder)
                    findings.extend(judged.findings)
                case AskedSplit(test=test, cell=cell):
                    controlled = not controls.missing_for(cell)
                    findings.extend(test.judgement(controls.alive, controlled=controlled).findings)
                case AskedMetrics():
                    findings.extend(self._judge_metrics(asked, controls))
        verdict = worst(finding.verdict for finding in findings)
        if verdict is Verdict.PASSED and not step.wait.held:
            findings.append(_unsteady(step.wait))
            verdict = Verdict.INCONCLUSIVE
        return Judgement(verdict=verdict, findings=tuple(findings))

    def _judge_metrics(self, asked: AskedMetrics, controls: ControlSet) -> tuple[Finding, ...]:
        """Judge figures where the traffic behind them is sound; else say what became of it."""
        unsound = judge_traffic(asked.driven.calls, asked.table, controls)
        if unsound:
            return unsound
        rules = expected_metrics(self.stage, asked, self._sound_before(asked, controls))
        return judge_readings(asked.readings, rules, asked.times)

    def _sound_before(self, asked: AskedMetrics, controls: ControlSet) -> tuple[AskedMetrics, ...]:
        """Give the traffic of earlier steps that both ends saw as it was driven."""
        every = (one for step in self.played for one in step.asked if isinstance(one, AskedMetrics))
        before = itertools.takewhile(lambda one: one is not asked, every)
        return tuple(one for one in before if not judge_traffic(one.driven.calls, one.table, controls))

    def _all_witnessed(self) -> tuple[Witnessed, ...]:
        return tuple(one for step in self.played for one in step.witnessed)

    def _opened_cells(self) -> tuple[Cell, ...]:
        """Name one cell per path that got through, of those that grants can close."""
        topology = self.stage.world.topology
        found: dict[tuple[str, str, int], Cell] = {}
        for one in (*self._all_witnessed(), *self.control):
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


def _is_beacon_split(ref: ObjectRef) -> bool:
    return ref.kind == "TrafficSplit" and ref.name == "beacon"


def _unsteady(wait: Wait) -> Finding:
    return Finding(
        verdict=Verdict.INCONCLUSIVE,
        subject="convergence",
        expected="the mesh shows that it has acted on the change, and its answers stay as they are",
        observed=f"not within {wait.took.total_seconds():.1f} s: {wait.missing}",
        because="an answer that may be older than the change says nothing about it",
    )
