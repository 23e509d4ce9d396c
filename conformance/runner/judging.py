"""Judges what a scenario left on record, step by step, beside the controls of the whole scenario."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

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
from conformance.model.topology import Workload
from conformance.model.traffic import Ending, Outcome
from conformance.model.verdict import Finding, Judgement, Verdict
from conformance.runner.destinations import destinations
from conformance.runner.measure import Asked, AskedAccess, AskedSplit
from conformance.runner.metering import AskedMetrics, expected_metrics
from conformance.runner.record import PlayedStep, Record
from conformance.runner.stage import Stage
from conformance.runner.waiting import Wait


@dataclass(frozen=True, slots=True)
class Judging:
    """One record under judgement."""

    stage: Stage
    record: Record

    def whole(self) -> tuple[Judgement, ...]:
        """Judge every step, in order."""
        return self._by(self._alive())

    def so_far(self) -> tuple[Judgement, ...]:
        """Judge what was played before something broke. Asks nobody: what needs a live workload is no evidence."""
        return self._by(alive=frozenset())

    def _by(self, alive: frozenset[str]) -> tuple[Judgement, ...]:
        return tuple(self._step(step, self._controls(step.era, alive)) for step in self.record.steps)

    def _controls(self, era: int, alive: frozenset[str]) -> ControlSet:
        proofs = (*self.record.witnessed_since(era), *self.record.control)
        return ControlSet.of(proofs, self.stage.world.topology, alive=alive)

    def _alive(self) -> frozenset[str]:
        """Ask workloads past the mesh whether they answer; only needed where a call did not get through."""
        topology = self.stage.world.topology
        silent = [one.cell for one in self.record.witnessed if classify(one) is not Outcome.ALLOWED]
        keys = {cell.source for cell in silent}
        keys |= {each.key for cell in silent for each in destinations(cell.target, topology)}
        keys |= {key for step in self.record.steps for each in step.asked for key in _sampled(each)}
        return frozenset(key for key in keys if self._answers(topology.workloads[key]))

    def _answers(self, workload: Workload) -> bool:
        try:
            self.stage.prober.ping(workload.key)
            seen = self.stage.prober.self_call(workload.key)
        except ProbeError:
            return False
        return all(one.ending is Ending.ANSWERED for one in seen.values())

    def _step(self, step: PlayedStep, controls: ControlSet) -> Judgement:
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
                    findings.extend(self._metrics(asked, step.era, controls))
        verdict = worst(finding.verdict for finding in findings)
        if verdict is Verdict.PASSED and not step.wait.held:
            findings.append(_unsteady(step.wait))
            verdict = Verdict.INCONCLUSIVE
        return Judgement(verdict=verdict, findings=tuple(findings))

    def _metrics(self, asked: AskedMetrics, era: int, controls: ControlSet) -> tuple[Finding, ...]:
        """Judge figures where the traffic behind them is sound; else say what became of it."""
        unsound = judge_traffic(asked.driven.calls, asked.table, controls)
        if unsound:
            return unsound
        rules = expected_metrics(self.stage, asked, self._sound_before(asked, era, controls))
        return judge_readings(asked.readings, rules, asked.times)

    def _sound_before(self, asked: AskedMetrics, era: int, controls: ControlSet) -> tuple[AskedMetrics, ...]:
        """Give the traffic of earlier steps, with the same pods, that both ends saw as it was driven."""
        before = itertools.takewhile(lambda one: one is not asked, self.record.measured_in(era))
        return tuple(one for one in before if not judge_traffic(one.driven.calls, one.table, controls))


def _sampled(asked: Asked) -> Iterable[str]:
    return (asked.cell.source, *asked.among) if isinstance(asked, AskedSplit) else ()


def _unsteady(wait: Wait) -> Finding:
    return Finding(
        verdict=Verdict.INCONCLUSIVE,
        subject="convergence",
        expected="the mesh shows that it has acted on the change, and its answers stay as they are",
        observed=f"not within {wait.took.total_seconds():.1f} s: {wait.missing}",
        because="an answer that may be older than the change says nothing about it",
    )
