"""The end of a run in words.

What could not be judged and why, the count of verdicts, where the report is, and what the exit code says.
"""

import textwrap
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.model.result import ScenarioResult
from conformance.model.verdict import Verdict
from conformance.plugin.exitcode import MEANINGS, ExitCode
from conformance.plugin.running import Running
from conformance.report import name_of, verdict_counts

_WIDTH = 160
"""Room for a headline; the whole of it stands further up and in the report. A guess. Unit: characters."""
_TOLD = (Verdict.FAILED, Verdict.ERRORED, Verdict.INCONCLUSIVE)


class Summary:
    """Writes the last lines of a run."""

    def __init__(self, config: pytest.Config, running: Running) -> None:
        self._config = config
        self._running = running

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        """Let pytest show the failures, then add what pytest has no section for, then sum up."""
        yield
        for category in ("inconclusive", "errored"):
            _section(terminalreporter, category)
        terminalreporter.section("SMI conformance", bold=True)
        for line in self.lines():
            terminalreporter.line(line)

    def lines(self) -> Iterator[str]:
        """Sum the run up, line by line."""
        running = self._running
        yield self._subject()
        yield "  " + "   ".join(f"{verdict.value} {count}" for verdict, count in self._counts())
        yield from self._told()
        yield from dict.fromkeys(str(error) for error in running.trouble)
        if running.page:
            yield f"report     {_short(running.page, self._config.invocation_params.dir)}"
        yield f"exit code  {running.exit_code}: {self._meaning()}"

    def _subject(self) -> str:
        running = self._running
        judged = f"{len(running.results)} of {running.selected} judged"
        faults = f", given faults: {', '.join(running.asked.faults)}" if running.asked.faults else ""
        return f"{running.provider} mesh on {running.asked.cluster} cluster{faults}: {judged}"

    def _counts(self) -> Iterator[tuple[Verdict, int]]:
        yield from verdict_counts(tuple(self._running.results)).items()

    def _told(self) -> Iterator[str]:
        for verdict in _TOLD:
            for result in sorted(self._running.results, key=name_of):
                if result.verdict is verdict:
                    line = f"{verdict.value:<12} {name_of(result)}: {_one_line(result)}"
                    yield "  " + textwrap.shorten(line, width=_WIDTH, placeholder=" ...")

    def _meaning(self) -> str:
        code = self._running.exit_code
        if code is None:
            return "the run did not come to its end"
        if code is ExitCode.NOTHING_JUDGED and self._running.results:
            return f"{MEANINGS[code]}: the provider supports none of what was selected"
        if code is ExitCode.CONFORMS and any(
            one.verdict is Verdict.UNSUPPORTED for one in self._running.results
        ):
            return f"{MEANINGS[code]}; what is unsupported was not judged"
        return MEANINGS[code]


def _one_line(result: ScenarioResult) -> str:
    words = result.headline or (result.trouble.what if result.trouble else "")
    return " ".join(words.split())


def _section(terminal: Any, category: str) -> None:
    """Show reports of a category of ours as pytest shows failures."""
    reports = terminal.getreports(category)
    if not reports or terminal.config.option.tbstyle == "no":
        return
    terminal.write_sep("=", category.upper())
    for report in reports:
        terminal.write_sep("_", report.head_line or report.nodeid, purple=True)
        terminal.line(report.longreprtext)


def _short(path: str, start: Path) -> str:
    return str(Path(path).relative_to(start)) if Path(path).is_relative_to(start) else path
