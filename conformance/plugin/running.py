"""The process a person looks at: gathers results, writes the report, chooses the exit code.

It runs the items itself, or xdist's workers do; either way each result arrives in a report.
"""

import threading
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.errors import ConformanceError, ReportError
from conformance.model.result import RunResult, ScenarioResult
from conformance.model.verdict import Verdict
from conformance.plugin.allure import unwritten
from conformance.plugin.carrying import is_about_misuse, result_in
from conformance.plugin.collecting import ScenarioItem
from conformance.plugin.exitcode import Ending, ExitCode, decide
from conformance.plugin.facts import facts_of_run
from conformance.plugin.judging import Judging
from conformance.plugin.library import LIBRARY
from conformance.plugin.options import Asked
from conformance.plugin.outcomes import status_of
from conformance.report import Report, point_latest, verdict_counts, write_report

_CALM = {Verdict.PASSED, Verdict.UNSUPPORTED}


class Running:
    """One run, as the person who started it sees it."""

    def __init__(self, config: pytest.Config, asked: Asked, judging: Judging) -> None:
        self.asked = asked
        self.results: list[ScenarioResult] = []
        self.selected = 0
        self.trouble = judging.trouble
        """What went wrong beside the scenarios: the report, the end of the session."""
        self.page: str = ""
        """Path of report.html, once it is written."""
        self.exit_code: ExitCode | None = None
        self._config = config
        self._judging = judging
        self._started = datetime.now(tz=UTC)
        self._facts: dict[str, str] = {}
        self._taking = threading.Lock()
        self._misused = False
        self._broken = False
        self._interrupted = False
        self._other_failures = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what is to be judged, when this process runs the items."""
        self.selected = sum(isinstance(item, ScenarioItem) for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Count what is to be judged, when workers run the items: each of them collects all."""
        self.selected = sum(".yaml::" in nodeid for nodeid in ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember that a scenario cannot be read."""
        self._misused = self._misused or is_about_misuse(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in a result, from wherever it comes."""
        self._misused = self._misused or is_about_misuse(report)
        result = result_in(report)
        if result is not None:
            self._take(result)
        elif report.failed:
            self._note_failure(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self) -> Generator[None, object, object]:
        """Take in a worker's result as it arrives, in the thread that hears it.

        Who stops the run interrupts what the main thread is at; that may be the very report that it has just taken
        out of the queue.
        """
        report = yield
        result = result_in(report) if isinstance(report, pytest.TestReport) else None
        if result is not None:
            self._take(result)
        return report

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Call a verdict by its own word."""
        result = result_in(report) if isinstance(report, pytest.TestReport) else None
        return None if result is None else status_of(result.verdict)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that a person stopped the run; pytest's own early ends are subclasses."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take in what a worker knows of its cluster."""
        output = getattr(node, "workeroutput", {})
        self._facts |= dict(output.get("smi_facts", ()))
        self.trouble += [ReportError(*told) for told in output.get("smi_trouble", ())]
        self._broken = self._broken or bool(error)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Write the report and choose the exit code: after JUnit's writer, before the summary."""
        try:
            yield
        except OSError as error:
            self.trouble.append(unwritten(error))
        self._facts |= dict(self._judging.facts())
        self._interrupted = self._interrupted or self._was_stopped(exitstatus)
        self.write()
        self._judging.close()
        self.exit_code = self.settle(exitstatus)
        session.exitstatus = self.exit_code

    def write(self) -> None:
        """Write what was judged so far; what is in the way is kept for the summary."""
        report = Report(run=self.run_result(), catalogue=self._config.stash[LIBRARY].catalogue())
        try:
            self.page = str(write_report(report, self.asked.report))
            if self.asked.is_default_report and self.results:
                point_latest(self.asked.report)
        except ConformanceError as error:
            self.trouble.append(error)

    @property
    def provider(self) -> str:
        """Name the mesh that was judged; as a person asked for it where none could be."""
        return self._facts.get("provider", self.asked.provider)

    def run_result(self) -> RunResult:
        """Say what was found so far."""
        results = tuple(sorted(self.results, key=lambda one: (one.path, one.version)))
        return RunResult(
            run_id=self.asked.run_id,
            provider=self.provider,
            cluster=self.asked.cluster,
            faults=self.asked.faults,
            facts=(*self._facts.items(), *facts_of_run(self._config)),
            started=self._started,
            finished=datetime.now(tz=UTC),
            complete=bool(results) and len(results) == self.selected and not self._interrupted,
            selected=self.selected,
            results=results,
        )

    def settle(self, exitstatus: int) -> ExitCode:
        """Choose the exit code, given pytest's own."""
        return decide(
            Ending(
                counts=verdict_counts(tuple(self.results)),
                selected=self.selected,
                interrupted=self._interrupted,
                misused=self._misused or exitstatus == pytest.ExitCode.USAGE_ERROR,
                broken=self._broken or bool(self.trouble) or exitstatus == pytest.ExitCode.INTERNAL_ERROR,
                other_failures=self._other_failures,
            )
        )

    def _was_stopped(self, exitstatus: int) -> bool:
        """Tell an interruption from an early end that a verdict or a mistake explains."""
        if exitstatus != pytest.ExitCode.INTERRUPTED or self._misused:
            return False
        return all(result.verdict in _CALM for result in self.results)

    def _take(self, result: ScenarioResult) -> None:
        with self._taking:
            if result not in self.results:
                self.results.append(result)

    def _note_failure(self, report: pytest.TestReport) -> None:
        """Tell a mistake of ours, such as a crashed worker, from a test that is no scenario."""
        if ".yaml::" in report.nodeid:
            self._broken = True
        else:
            self._other_failures += 1
