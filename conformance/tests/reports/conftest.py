"""Results, runs and reports to write: valid by default, one argument deviates."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.model.result import RunResult, ScenarioResult, StepResult, Trouble
from conformance.model.verdict import Finding, Verdict
from conformance.report import Catalogue, Report
from conformance.spec import ApiGroup, ApiVersion, Level, Requirement, Strength

_STARTED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def a_finding(**given: Any) -> Finding:
    plain = Finding(
        verdict=Verdict.PASSED,
        subject="here/client-a -> here/shop:8080 GET /",
        expected="denied",
        observed="denied",
        because="no TrafficTarget names here/client-a",
    )
    return replace(plain, **given)


def a_step(**given: Any) -> StepResult:
    plain = StepResult(
        name="nothing is granted",
        verdict=Verdict.PASSED,
        findings=(a_finding(),),
        manifests="kind: TrafficTarget\n",
        converged=True,
        waited=timedelta(seconds=1.5),
        calls=12,
    )
    return replace(plain, **given)


def a_result(**given: Any) -> ScenarioResult:
    plain = ScenarioResult(
        scenario="traffic-access/nobody-is-let-in",
        version="v1alpha4",
        api_versions=("access.smi-spec.io/v1alpha4",),
        requirements=("access.deny",),
        summary="Nobody is let in.",
        path="traffic-access/nobody-is-let-in.yaml",
        verdict=Verdict.PASSED,
        headline="",
        steps=(a_step(),),
        trouble=None,
        duration=timedelta(seconds=2),
        evidence="",
        again="pytest scenarios/traffic-access/nobody-is-let-in.yaml::v1alpha4",
    )
    return replace(plain, **given)


def a_failure(**given: Any) -> ScenarioResult:
    finding = a_finding(verdict=Verdict.FAILED, observed="allowed", statistics="n 12")
    step = a_step(verdict=Verdict.FAILED, findings=(finding,))
    failed = a_result(
        verdict=Verdict.FAILED,
        headline="here/client-a was let in",
        steps=(step,),
        evidence="traffic-access/nobody-is-let-in/v1alpha4",
    )
    return replace(failed, **given)


def an_error(**given: Any) -> ScenarioResult:
    trouble = Trouble(code="probe", what="the pod is gone", where="here/shop", hint="look at its log")
    return replace(a_result(verdict=Verdict.ERRORED, steps=(), trouble=trouble), **given)


def a_run(*results: ScenarioResult, **given: Any) -> RunResult:
    plain = RunResult(
        run_id="2f1c9b",
        provider="reference",
        cluster="local",
        faults=(),
        facts=(("mesh", "reference mesh 0.1.0"),),
        started=_STARTED,
        finished=_STARTED + timedelta(minutes=2),
        complete=True,
        selected=len(results),
        results=results,
    )
    return replace(plain, **given)


def a_requirement(**given: Any) -> Requirement:
    plain = Requirement(
        id="access.deny",
        says="Who is not granted is refused.",
        quote="all traffic is denied by default",
        group=ApiGroup.ACCESS,
        versions=(ApiVersion.V1ALPHA3, ApiVersion.V1ALPHA4),
        section="Traffic Access Control",
        strength=Strength.STATED,
        level=Level.MUST,
    )
    return replace(plain, **given)


@pytest.fixture
def report_of() -> Callable[..., Report]:
    """Make a report of these results; another requirement is there that no scenario shows."""

    def make(*results: ScenarioResult, **given: Any) -> Report:
        requirements = (a_requirement(), a_requirement(id="access.bare", says="Nobody shows this.", quote=""))
        catalogue = Catalogue(
            requirements=requirements,
            shown_by={"access.deny": ("traffic-access/nobody-is-let-in", "traffic-access/was-not-run")},
        )
        return Report(run=a_run(*results, **given), catalogue=catalogue)

    return make


@pytest.fixture
def some() -> Any:
    """The builders, by name: some.result(), some.failure(), some.error()."""

    class Some:
        finding = staticmethod(a_finding)
        step = staticmethod(a_step)
        result = staticmethod(a_result)
        failure = staticmethod(a_failure)
        error = staticmethod(an_error)
        requirement = staticmethod(a_requirement)

    return Some
