"""What a person reads of a result without opening the report: what was found, where, and what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.model.result import ScenarioResult, StepResult
from conformance.model.verdict import Finding, Verdict
from conformance.spec import Requirement

SYMBOLS: Mapping[Verdict, str] = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.UNSUPPORTED: "-",
    Verdict.INCONCLUSIVE: "?",
    Verdict.ERRORED: "!",
}
"""One sign per verdict, so that nobody has to tell colours apart."""

_SHOWN = 3
"""Findings shown per step; the report has all. A guess at what fits on a screen. Unit: findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a result does not know of itself."""

    provider: str
    requirements: Mapping[str, Requirement]
    report: Path
    """The report's directory."""


def name_of(result: ScenarioResult) -> str:
    """Name a result: ``traffic-access/slug v1alpha3``."""
    return f"{result.scenario} {result.version}"


def explain(result: ScenarioResult, around: Surroundings) -> str:
    """Say all that a person needs to go on from a result that did not pass."""
    lines = [f"{result.scenario}: {result.verdict.value.upper()}"]
    lines += [f"  {label:<12} {text}" for label, text in _facts(result, around)]
    return "\n".join(lines)


def _facts(result: ScenarioResult, around: Surroundings) -> Iterator[tuple[str, str]]:
    yield "provider", ", ".join((around.provider, *(result.api_versions or (result.version,))))
    if result.requirements:
        yield "requirement", _requirement(result.requirements[0], around.requirements)
    yield from _trouble(result)
    told = [pair for step in result.steps for pair in _step(step, result.verdict)]
    if result.headline and result.trouble is None and not told:
        yield "in short", result.headline
    yield from told
    if result.evidence:
        yield "evidence", str(around.report / result.evidence)
    if result.again:
        yield "again", result.again


def _requirement(name: str, known: Mapping[str, Requirement]) -> str:
    requirement = known.get(name)
    if requirement is None:
        return name
    words = f'"{requirement.quote}"' if requirement.quote else requirement.says
    return f"{name} ({requirement.strength.value}): {' '.join(words.split())}"


def _trouble(result: ScenarioResult) -> Iterator[tuple[str, str]]:
    if result.trouble is None:
        return
    yield "happened", f"{result.trouble.code}: {result.trouble.what}"
    yield "where", result.trouble.where
    yield "try", result.trouble.hint


def _step(step: StepResult, verdict: Verdict) -> Iterator[tuple[str, str]]:
    told = [finding for finding in step.findings if finding.verdict is verdict]
    if not told:
        return
    yield "step", step.name
    for finding in told[:_SHOWN]:
        yield from _finding(finding)
    if len(told) > _SHOWN:
        yield "", f"and {len(told) - _SHOWN} more like this in the report"


def _finding(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "asked", finding.subject
    yield "expected", finding.expected
    yield "observed", finding.observed
    yield "decided by", finding.because
    if finding.statistics:
        yield "statistics", finding.statistics
