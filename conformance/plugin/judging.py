"""Runs scenarios in the process that runs the items: the main one, or each of xdist's workers."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from conformance.errors import (
    ENVIRONMENT_CODES,
    ConformanceError,
    EnvironmentBrokenError,
    ScenarioError,
    UsageError,
)
from conformance.model.result import ScenarioResult, Trouble
from conformance.model.scenario import Scenario
from conformance.model.verdict import Verdict
from conformance.plugin.facts import starter
from conformance.plugin.hooks import Session
from conformance.plugin.library import LIBRARY
from conformance.plugin.options import Asked
from conformance.report import Surroundings, explain
from conformance.runner.evidence import keep_traceback
from conformance.runner.settings import RunSettings, Tell, command_again
from conformance.runner.unforeseen import explained
from conformance.spec import ApiVersion


class Judging:
    """One cluster with one provider, opened when the first scenario runs."""

    def __init__(self, config: pytest.Config, asked: Asked, worker: str) -> None:
        self.broken: ConformanceError | None = None
        """Why the session could not be opened."""
        self.trouble: list[ConformanceError] = []
        """What went wrong beside the results: a file not written, a session that did not end well."""
        self.tell: Tell = lambda _: None
        """Hears what is being done."""
        self._config = config
        self._asked = asked
        self._worker = worker
        self._session: Session | None = None
        self._is_open = False

    @property
    def provider(self) -> str:
        """Name the mesh that is judged; as a person asked for it until the session is open."""
        return dict(self.facts()).get("provider", self._asked.provider)

    def judge(self, scenario: Scenario, version: ApiVersion, nodeid: str) -> ScenarioResult:
        """Judge one scenario in one version; errored when there is no cluster to judge it on."""
        try:
            session = self._opened()
        except Exception as error:  # noqa: BLE001  # of whatever kind: told once, and nothing else is tried
            broken = self.broken = self._told(error)
            trouble = Trouble(code=broken.code, what=broken.what, where=broken.where, hint=broken.hint)
            return unjudged(scenario, version, trouble, self.again(nodeid))
        result = session.judge(scenario, version, self.tell)
        if result.trouble is not None and result.trouble.code in ENVIRONMENT_CODES:
            trouble = result.trouble
            self.broken = EnvironmentBrokenError(trouble.what, trouble.where, trouble.hint)
        return result if result.again else replace(result, again=self.again(nodeid))

    def explain(self, result: ScenarioResult) -> str:
        """Say all of a result that a person needs to go on."""
        around = Surroundings(
            provider=self.provider,
            requirements=self._config.stash[LIBRARY].requirements(),
            report=_short(self._asked.report, self._config.invocation_params.dir),
        )
        return explain(result, around)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Say what the session knows of its cluster and provider; nothing before it is open."""
        return self._session.facts() if self._session and self._is_open else ()

    def close(self) -> None:
        """Remove what the session started; what goes wrong is kept in `trouble`."""
        if self._session is None:
            return
        try:
            self._session.close()
        except Exception as error:  # noqa: BLE001  # the report is written already; it must not end in a traceback
            self.trouble.append(self._told(error))
        self._session = None

    def _opened(self) -> Session:
        if self.broken is not None:
            raise self.broken
        if self._session is None:
            self.tell(f"starting {self._asked.cluster} cluster with {self._asked.provider} mesh")
            settings = self._settings()
            self._session = self._config.hook.pytest_smi_session(settings=settings)
            assert self._session is not None, "the suite's own implementation always answers"
            self._session.open(self.tell)
            self._is_open = True
        return self._session

    def _settings(self) -> RunSettings:
        return RunSettings(
            run_id=self._asked.run_id + self._worker,
            cluster=self._asked.cluster,
            provider=self._asked.provider,
            faults=self._asked.faults,
            kubernetes=self._asked.kubernetes,
            evidence=self._asked.report,
            starter=starter(is_shipped=bool(self._config.getini("smi_shipped"))),
        )

    def again(self, nodeid: str) -> str:
        """Spell the command that asks the same once more, where no session is there to do so."""
        settings = self._settings()
        return command_again(settings.starter, nodeid, settings.way, settings.faults)

    def _told(self, error: Exception) -> ConformanceError:
        """Give an error of the session a person's words; where nobody foresaw it, keep the way to it."""
        if not isinstance(error, ConformanceError):
            with suppress(OSError):
                keep_traceback(error, self._asked.report)
        return explained(error)


def unjudged(scenario: Scenario, version: ApiVersion, trouble: Trouble, again: str) -> ScenarioResult:
    """Give the result of a scenario that could not even be tried."""
    return ScenarioResult(
        scenario=scenario.id,
        version=version.value,
        api_versions=(),
        requirements=scenario.shows,
        summary=scenario.summary,
        path=scenario.path.as_posix(),
        verdict=Verdict.ERRORED,
        headline=trouble.what,
        steps=(),
        trouble=trouble,
        duration=timedelta(0),
        evidence="",
        again=again,
    )


def is_misuse(code: str) -> bool:
    """Say whether an error with this code is the asking person's to mend, not the environment's."""
    return code in {UsageError.code, ScenarioError.code}


def _short(path: Path, start: Path) -> Path:
    return path.relative_to(start) if path.is_relative_to(start) else path


JUDGING = pytest.StashKey[Judging]()
"""Where a run's configuration keeps it."""
