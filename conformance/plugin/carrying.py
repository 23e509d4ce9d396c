"""Puts a result into pytest's report of it, as plain data.

So it crosses from a worker of xdist to the process that writes the report.
"""

from collections.abc import Generator
from typing import Any

import pytest

from conformance.errors import ConformanceError
from conformance.model.result import ScenarioResult, Trouble
from conformance.model.verdict import Verdict
from conformance.plugin.collecting import ScenarioFile, ScenarioItem
from conformance.plugin.judging import Judging, is_misuse, unjudged
from conformance.report import decode_result, encode_result

_RESULT = "smi_result"
_MISUSE = "smi_misuse"


def result_in(report: pytest.TestReport) -> ScenarioResult | None:
    """Take the result out of a report; None when it carries none."""
    data = getattr(report, _RESULT, None)
    return None if data is None else decode_result(data)


def is_about_misuse(report: pytest.CollectReport | pytest.TestReport) -> bool:
    """Say whether it reports a mistake in a scenario or in what was asked for."""
    return bool(getattr(report, _MISUSE, False))


def _mistake(item: ScenarioItem, excinfo: pytest.ExceptionInfo[BaseException], again: str) -> ScenarioResult:
    """Make the result of a scenario at which the suite itself stumbled."""
    place = excinfo.traceback[-1]
    trouble = Trouble(
        code="internal",
        what=f"the suite stumbled: {excinfo.exconly(tryshort=True)}",
        where=f"{place.path}:{place.lineno + 1}",
        hint="this is a mistake of the suite: report it with the traceback",
    )
    return unjudged(item.scenario, item.version, trouble, again)


class Carrying:
    """In the process that runs the items: reports carry results, and a broken environment ends the run."""

    def __init__(self, judging: Judging) -> None:
        self._judging = judging

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the result to the report of an item's call."""
        report = yield
        if isinstance(item, ScenarioItem) and report.when == "call":
            if item.result is None and call.excinfo is not None:
                item.result = _mistake(item, call.excinfo, self._judging.again(item.nodeid))
            if item.result is not None:
                self._add(item, item.result, report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Mark the report of a scenario file that cannot be read."""
        report = yield
        call: Any = getattr(report, "call", None)
        if isinstance(collector, ScenarioFile) and call is not None and call.excinfo is not None:
            setattr(report, _MISUSE, isinstance(call.excinfo.value, ConformanceError))
        return report

    def _add(self, item: ScenarioItem, result: ScenarioResult, report: pytest.TestReport) -> None:
        setattr(report, _RESULT, encode_result(result))
        if result.verdict is Verdict.UNSUPPORTED:
            report.longrepr = (str(item.path), 0, f"Skipped: {result.headline}")
        if self._judging.broken is not None:
            setattr(report, _MISUSE, is_misuse(self._judging.broken.code))
            item.session.shouldstop = "there is nothing to judge scenarios on"
