"""One scenario from its rendering to its result, whatever happens on the way: the next one has to be played too."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from conformance.errors import ConformanceError, EnvironmentBrokenError
from conformance.model.result import ScenarioResult
from conformance.model.scenario import RenderedScenario
from conformance.model.verdict import Verdict
from conformance.runner.evidence import keep_evidence, keep_traceback
from conformance.runner.judging import Judging
from conformance.runner.play import Play
from conformance.runner.record import Record
from conformance.runner.result import Subject, broken_off, judged
from conformance.runner.settings import Tell
from conformance.runner.stage import Stage
from conformance.runner.unforeseen import brief, explained
from conformance.scenario import World, render

logger = logging.getLogger(__name__)


def perform(stage: Stage, world: World, subject: Subject, tell: Tell) -> ScenarioResult:
    """Play a scenario that the provider claims, judge it, and leave the stage clean or new.

    Args:
        stage: Where it is played.
        world: The sample workloads, by their symbolic names.
        subject: What is played; its bundle is there.
        tell: Hears what is happening.
    """
    return _Performance(stage, world, subject, tell).result()


class _Performance:
    def __init__(self, stage: Stage, world: World, subject: Subject, tell: Tell) -> None:
        self._stage = stage
        self._world = world
        self._subject = subject
        self._tell = tell
        self._play: Play | None = None
        self._started = stage.clock.now()

    def result(self) -> ScenarioResult:
        try:
            result = self._judged()
        except Exception as error:  # noqa: BLE001  # the suite's own mistakes are no reason to lose all other verdicts
            result = self._errored(error)
            self._renew()
            return result
        if not self._is_forgotten():
            self._renew()
        return result

    def _judged(self) -> ScenarioResult:
        if self._stage.is_stale:
            self._stage.renew()
        play = self._play = Play(stage=self._stage, rendered=self._rendered(), tell=self._tell)
        play.steps()
        judgements = Judging(self._stage, play.record).whole()
        result = judged(self._subject, play.record.steps, judgements, duration=self._duration())
        if result.verdict is Verdict.PASSED:
            return result
        if (outage := self._outage()) is not None:
            result = broken_off(self._subject, (), (), outage, duration=self._duration())
        return self._with_evidence(result)

    def _outage(self) -> ConformanceError | None:
        """Give the error of a mesh that has gone: what it did not do then is no failure of it."""
        try:
            self._stage.provider.check_running()
        except EnvironmentBrokenError as error:
            return error
        except ConformanceError:  # what cannot be told of the mesh changes nothing
            logger.warning("the mesh could not be looked at", exc_info=True)
        return None

    def _errored(self, error: Exception) -> ScenarioResult:
        known = explained(error)
        unforeseen = None if known is error else error
        # A cluster that does not answer is not asked again.
        outage = None if isinstance(known, EnvironmentBrokenError) else self._outage()
        if outage is not None:
            result = broken_off(self._subject, (), (), outage, duration=self._duration())
            return self._with_evidence(result, unforeseen)
        record = self._play.record if self._play else Record()
        judgements = Judging(self._stage, record).so_far()
        result = broken_off(self._subject, record.steps, judgements, known, duration=self._duration())
        return self._with_evidence(result, unforeseen)

    def _rendered(self) -> RenderedScenario:
        assert self._subject.bundle is not None
        return render(
            self._subject.scenario,
            self._subject.version,
            self._subject.bundle,
            self._world,
            self._stage.world.namespaces,
            headers_shape=self._stage.provider.headers_shape,
        )

    def _duration(self) -> timedelta:
        return timedelta(seconds=self._stage.clock.now() - self._started)

    def _with_evidence(self, result: ScenarioResult, unforeseen: Exception | None = None) -> ScenarioResult:
        """Keep evidence and say where it lies; that it cannot be kept must not change a verdict."""
        where = Path(result.scenario) / result.version
        directory = self._stage.evidence / where
        try:
            if unforeseen is not None:
                keep_traceback(unforeseen, directory)
            if self._play is not None:
                keep_evidence(self._stage, self._play.record, directory)
        except Exception as error:  # nothing may hide the verdict that is there already
            logger.warning("evidence was not kept", exc_info=True)
            words = f"{result.headline} (evidence in {directory} is missing or cut short: {brief(error)})"
            return replace(result, headline=words)
        return replace(result, evidence=str(where) if self._play or unforeseen else "")

    def _is_forgotten(self) -> bool:
        assert self._play is not None
        try:
            forgotten = self._play.clean_up()
        except Exception as error:  # the verdict stands; the next scenario gets a world of its own
            logger.warning("cleaning up went wrong", exc_info=True)
            self._tell(f"cleaning up went wrong ({brief(error)}): making a new world")
            return False
        if not forgotten:
            self._tell("the mesh has not forgotten this scenario: making a new world")
        return forgotten

    def _renew(self) -> None:
        try:
            self._stage.renew()
        except Exception as error:  # tried again by the next scenario, which errors if it must
            logger.warning("no new world was made", exc_info=True)
            self._tell(f"no new world yet ({brief(error)}): the next scenario tries again")
