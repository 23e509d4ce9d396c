"""From a played scenario to its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from conformance.errors import ConformanceError
from conformance.judge import worst
from conformance.model.result import ScenarioResult, StepResult, Trouble
from conformance.model.scenario import Scenario
from conformance.model.verdict import Finding, Judgement, Verdict
from conformance.runner.evidence import manifests_text
from conformance.runner.record import PlayedStep
from conformance.runner.settings import command_again
from conformance.spec import ApiGroup, ApiVersion, Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a result is about, whatever came of it."""

    scenario: Scenario
    version: ApiVersion
    bundle: Bundle | None
    """None when the provider does not serve *version*."""
    way: tuple[str, ...]
    """Arguments that lead to the same cluster and mesh."""
    faults: tuple[str, ...]
    starter: str = "pytest"
    """What comes before a node id in a command."""

    @property
    def again(self) -> str:
        """The command that runs just this again."""
        node = f"scenarios/{self.scenario.path}::{self.version.value}"
        return command_again(self.starter, node, self.way, self.faults)

    @property
    def api_versions(self) -> tuple[str, ...]:
        """The apiVersions that were written."""
        if self.bundle is None:
            return (f"{self.scenario.group.value}/{self.version.value}",)
        groups = (ApiGroup.ACCESS, ApiGroup.SPECS, ApiGroup.SPLIT)
        about = self.scenario.group
        used = groups if about in {ApiGroup.SPLIT, ApiGroup.METRICS} else groups[:2]
        written = tuple(f"{group.value}/{self.bundle.version_of(group).value}" for group in used)
        return (f"{about.value}/{self.version.value}", *written) if about is ApiGroup.METRICS else written


def judged(
    subject: Subject,
    played: Sequence[PlayedStep],
    judgements: Sequence[Judgement],
    *,
    duration: timedelta,
) -> ScenarioResult:
    """Make the result of a scenario that could be judged."""
    steps = tuple(_step(step, judgement) for step, judgement in zip(played, judgements, strict=True))
    verdict = worst(step.verdict for step in steps)
    return _result(
        subject,
        verdict=verdict,
        headline="" if verdict is Verdict.PASSED else _headline(steps, verdict),
        steps=steps,
        trouble=None if verdict is not Verdict.ERRORED else _unsound(steps),
        duration=duration,
    )


def broken_off(
    subject: Subject,
    played: Sequence[PlayedStep],
    judgements: Sequence[Judgement],
    error: ConformanceError,
    *,
    duration: timedelta,
) -> ScenarioResult:
    """Make the result of a scenario that could not be played to its end.

    What an earlier step showed against the mesh stands: nothing that happened later can have caused it.
    """
    steps = tuple(_step(step, judgement) for step, judgement in zip(played, judgements, strict=True))
    failed = any(step.verdict is Verdict.FAILED for step in steps)
    told = f"{error.code}: {error.what}"
    return _result(
        subject,
        verdict=Verdict.FAILED if failed else Verdict.ERRORED,
        headline=f"{_headline(steps, Verdict.FAILED)}; then {told}" if failed else told,
        steps=steps if failed else (),
        trouble=Trouble(code=error.code, what=error.what, where=error.where, hint=error.hint),
        duration=duration,
    )


def unsupported(subject: Subject, reason: str) -> ScenarioResult:
    """Make the result of a scenario that the provider does not claim."""
    return _result(
        subject,
        verdict=Verdict.UNSUPPORTED,
        headline=reason,
        steps=(),
        trouble=None,
        duration=timedelta(0),
    )


def _step(step: PlayedStep, judgement: Judgement) -> StepResult:
    return StepResult(
        name=step.name,
        verdict=judgement.verdict,
        findings=judgement.findings,
        manifests=manifests_text(step),
        converged=step.wait.held,
        waited=step.wait.took,
        calls=step.calls,
    )


def _deciding(steps: Sequence[StepResult], verdict: Verdict) -> tuple[StepResult, Finding]:
    for step in steps:
        for finding in step.findings:
            if finding.verdict is verdict:
                return step, finding
    raise LookupError(f"no finding carries the verdict {verdict.value}")


def _headline(steps: Sequence[StepResult], verdict: Verdict) -> str:
    _, finding = _deciding(steps, verdict)
    return f"{finding.subject}: expected {finding.expected}, observed {finding.observed}"


def _unsound(steps: Sequence[StepResult]) -> Trouble:
    step, finding = _deciding(steps, Verdict.ERRORED)
    return Trouble(
        code="unsound-evidence",
        what=f"{finding.subject}: {finding.observed}",
        where=f"step {step.name!r}",
        hint="read the pod's log and the calls in this scenario's evidence, then run it again",
    )


def _result(  # noqa: PLR0913  # the fields that differ between the three ways to end
    subject: Subject,
    *,
    verdict: Verdict,
    headline: str,
    steps: tuple[StepResult, ...],
    trouble: Trouble | None,
    duration: timedelta,
) -> ScenarioResult:
    scenario = subject.scenario
    return ScenarioResult(
        scenario=scenario.id,
        version=subject.version.value,
        api_versions=subject.api_versions,
        requirements=scenario.shows,
        summary=scenario.summary,
        path=str(scenario.path),
        verdict=verdict,
        headline=headline,
        steps=steps,
        trouble=trouble,
        duration=duration,
        evidence="",
        again=subject.again,
    )
