"""What a person sees while scenarios run.

One line per verdict, and on a terminal a last one that says what is being done.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from conformance.model.verdict import Verdict
from conformance.plugin.carrying import result_in
from conformance.plugin.outcomes import status_of
from conformance.plugin.running import Running
from conformance.report import SYMBOLS, name_of

_MARKUP: Mapping[Verdict, Mapping[str, bool]] = {
    Verdict.PASSED: {"green": True},
    Verdict.FAILED: {"red": True, "bold": True},
    Verdict.UNSUPPORTED: {"yellow": True},
    Verdict.INCONCLUSIVE: {"purple": True},
    Verdict.ERRORED: {"purple": True, "bold": True},
}
_ENOUGH = 2
"""Results before the rest is estimated: the first one carries the start of the cluster. Unit: results."""


class Progress:
    """Takes the place of pytest's dots when a person has asked for neither more nor less than usual."""

    def __init__(self, terminal: Any, running: Running, now: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._running = running
        self._now = now
        self._began: float | None = None
        self._first_done: float | None = None
        self._current = ""
        self._has_live_line = False
        self._is_over = False
        terminal.showfspath = False  # xdist does the same: file names are no news here

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember which scenario runs, and since when there is something to time."""
        self._began = self._now() if self._began is None else self._began
        self._current = nodeid

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Keep pytest from writing a letter for what has a line of its own."""
        result = result_in(report) if isinstance(report, pytest.TestReport) and not self._is_over else None
        return None if result is None else (status_of(result.verdict)[0], "", "")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Leave the words of the summary to the others."""
        self._clear()
        self._is_over = True

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the line of a verdict."""
        result = result_in(report)
        if result is None:
            return
        done = len(self._running.results)
        self._first_done = self._first_done or self._now()
        self._clear()
        self._terminal.write(f"{self._place(done)}  ")
        word = f"{SYMBOLS[result.verdict]} {result.verdict.value}"
        self._terminal.write(f"{word:<15}", **_MARKUP[result.verdict])
        self._terminal.line(f" {name_of(result)}  ({result.duration.total_seconds():.1f} s)")
        self._terminal.flush()

    def tell(self, words: str) -> None:
        """Show what is being done; on a terminal only, since elsewhere it would be a flood."""
        if not self._terminal.isatty:
            return
        scenario = self._current.rpartition("/")[2]
        line = f"{self._place(len(self._running.results) + 1)}  {scenario}: {words}"
        with self._uncaptured():
            self._terminal.rewrite(line[: shutil.get_terminal_size().columns - 1], erase=True)
            self._terminal.flush()
        self._has_live_line = True

    def _uncaptured(self) -> AbstractContextManager[None]:
        """Let a line through to the screen while a scenario runs, when pytest keeps its output."""
        capture: Any = self._terminal.config.pluginmanager.getplugin("capturemanager")
        return nullcontext() if capture is None else capture.global_and_fixture_disabled()

    def _clear(self) -> None:
        if self._has_live_line:
            self._terminal.rewrite("", erase=True)
            self._terminal.rewrite("")
            self._has_live_line = False

    def _elapsed(self) -> float:
        return 0.0 if self._began is None else self._now() - self._began

    def _place(self, number: int) -> str:
        """Say how far the run is: ``12/104  1:32 of ~13:20``."""
        selected, done = self._running.selected, len(self._running.results)
        place = f"{number:>{len(str(selected))}}/{selected}  {clock(self._elapsed()):>5}"
        if done < _ENOUGH or self._first_done is None:
            return f"{place:<{len(place) + 10}}"
        each = (self._now() - self._first_done) / (done - 1)
        return f"{place} of ~{clock(self._elapsed() + each * (selected - done)):<5}"


def clock(seconds: float) -> str:
    """Write a length of time as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
