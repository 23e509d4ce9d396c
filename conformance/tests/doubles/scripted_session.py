"""A session without a cluster: a scenario's own name says which verdict it gets."""

import os
import threading
from datetime import timedelta

from conformance.errors import ConformanceError
from conformance.model.result import ScenarioResult, StepResult, Trouble
from conformance.model.scenario import Scenario
from conformance.model.verdict import Finding, Verdict
from conformance.runner.settings import RunSettings, Tell
from conformance.spec import ApiVersion


class ScriptedSession:
    """Judges ``traffic-access/failed-somehow`` as failed, and so on.

    Beside the verdicts there are ``interrupted`` (Ctrl-C), ``waiting`` (until a signal comes), ``stumbling``
    (a mistake of the suite), ``crashing`` (the process is gone) and ``filling`` (files find no room).
    """

    def __init__(self, settings: RunSettings, broken: ConformanceError | None = None) -> None:
        self._settings = settings
        self._broken = broken

    def open(self, tell: Tell) -> None:
        """Break, if that is the script."""
        tell("opening the script")
        self._note("opened")
        if self._broken is not None:
            raise self._broken

    def judge(self, scenario: Scenario, version: ApiVersion, tell: Tell) -> ScenarioResult:
        """Give the verdict that the scenario's name begins with."""
        tell("reading the script")
        word = scenario.id.partition("/")[2].partition("-")[0]
        self._act(word)
        return scripted_result(scenario, version, Verdict("passed" if word == "filling" else word))

    def _act(self, word: str) -> None:
        match word:
            case "interrupted":
                raise KeyboardInterrupt
            case "waiting":
                self._note("waiting")
                threading.Event().wait(60)
            case "stumbling":
                raise LookupError("nobody thought of this")
            case "crashing":
                os._exit(70)
            case "filling":
                for name in ("report.json", "junit.xml"):
                    (self._settings.evidence / name / "in-the-way").mkdir(parents=True)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Say who ran, and which mesh was found where none was named."""
        provider = "found" if self._settings.provider == "auto" else self._settings.provider
        mesh, ran = ("mesh", "scripted"), (f"session {self._settings.run_id}", "was here")
        return ("provider", provider), mesh, ran

    def close(self) -> None:
        """Leave a note, so that a test can see it."""
        self._note("closed")

    def _note(self, word: str) -> None:
        with (self._settings.evidence / "session.log").open("a", encoding="utf-8") as log:
            log.write(f"{word} {self._settings.run_id}\n")


def scripted_result(scenario: Scenario, version: ApiVersion, verdict: Verdict) -> ScenarioResult:
    """Make up a result that looks like a real one."""
    step = StepResult(
        name="the grant is gone",
        verdict=verdict,
        findings=(
            Finding(
                verdict=verdict,
                subject="here/client-a -> here/shop:8080 GET /",
                expected="denied",
                observed="allowed",
                because="no TrafficTarget names here/client-a",
            ),
        ),
        manifests="kind: TrafficTarget\n",
        converged=True,
        waited=timedelta(seconds=1),
        calls=12,
    )
    trouble = Trouble(code="probe", what="the pod is gone", where="here/shop", hint="look at its log")
    return ScenarioResult(
        scenario=scenario.id,
        version=version.value,
        api_versions=(f"access.smi-spec.io/{version.value}",),
        requirements=scenario.shows,
        summary=scenario.summary,
        path=scenario.path.as_posix(),
        verdict=verdict,
        headline="" if verdict is Verdict.PASSED else f"{verdict.value} as scripted",
        steps=(step,),
        trouble=trouble if verdict is Verdict.ERRORED else None,
        duration=timedelta(seconds=2),
        evidence="" if verdict is Verdict.PASSED else f"{scenario.id}/{version.value}",
        again=f"pytest scenarios/{scenario.path.as_posix()}::{version.value}",
    )
