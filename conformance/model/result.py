"""What a run found: one result per scenario and version, and the run they belong to.

A result travels between processes and into report.json, so it holds nothing but plain data.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from conformance.model.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step of a scenario, as it went."""

    name: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    manifests: str
    """Every SMI object in force while it was measured, as one YAML text."""
    converged: bool
    """Whether the mesh agreed steadily before the deadline; measured once either way."""
    waited: timedelta
    """From apply to the end of the wait."""
    calls: int
    """How many calls were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a scenario errored: what happened, where, and what to try."""

    code: str
    what: str
    where: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """The verdict on one scenario in one version of its API group, and what it rests on."""

    scenario: str
    """The scenario's id."""
    version: str
    """The version of its group, such as ``v1alpha3``."""
    api_versions: tuple[str, ...]
    """The apiVersions it wrote, such as ``access.smi-spec.io/v1alpha3``."""
    requirements: tuple[str, ...]
    """Ids of the requirements it shows, the one it is about first."""
    summary: str
    path: str
    """The scenario's file, relative to the scenarios' root."""
    verdict: Verdict
    headline: str
    """The verdict in one sentence: what disagreed, or why nothing could be said. Empty when it passed."""
    steps: tuple[StepResult, ...]
    trouble: Trouble | None
    """Set for ERRORED."""
    duration: timedelta
    evidence: str
    """Where the evidence lies, relative to the report's directory; empty when nothing was kept."""
    again: str
    """The command that runs just this again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run of the suite against one provider."""

    run_id: str
    provider: str
    cluster: str
    faults: tuple[str, ...]
    """Named faults the reference mesh was given; a report that has any says so at its top."""
    facts: tuple[tuple[str, str], ...]
    """What a reader needs to judge the report: versions of suite, mesh, proxy, platform, options."""
    started: datetime
    finished: datetime
    complete: bool
    """False when the run was interrupted or crashed before every collected scenario had its verdict."""
    selected: int
    """How many scenario-versions were to be judged."""
    results: tuple[ScenarioResult, ...]
