"""What Allure shows of a scenario: place, requirements, provider, and a verdict in Allure's own words.

Allure has five states, as we have five verdicts. What it makes of pytest's outcomes fits all but one: an
inconclusive scenario is its ``unknown``, which pytest has no word for; that one is put right as the result is
written.
"""

import re
from collections.abc import Generator, Iterator
from typing import Any

import allure
import allure_commons
import pytest
from allure_commons.model2 import Label, Status, TestResult

from conformance.errors import ConformanceError, ReportError
from conformance.model.result import ScenarioResult
from conformance.model.scenario import Scenario
from conformance.model.verdict import Verdict
from conformance.spec import ApiGroup

_FEATURES = {
    ApiGroup.ACCESS: "Traffic Access Control",
    ApiGroup.SPECS: "Traffic Specs",
    ApiGroup.SPLIT: "Traffic Split",
    ApiGroup.METRICS: "Traffic Metrics",
}
_VERDICT = "verdict"
_OUR_CLASS = re.compile(r"^conformance\.plugin\.outcomes\.\w+: ")
"""What pytest puts before the words of our exceptions."""


def marks_of(scenario: Scenario) -> Iterator[pytest.MarkDecorator]:
    """Give the marks that place a scenario in Allure's report, and by which it can be selected."""
    yield pytest.mark.allure_label("Service Mesh Interface", label_type="epic")
    yield pytest.mark.allure_label(_FEATURES[scenario.group], label_type="feature")
    yield pytest.mark.allure_label(scenario.summary, label_type="story")
    yield pytest.mark.allure_label(*scenario.shows, label_type="tag")


def describe(result: ScenarioResult, provider: str) -> None:
    """Tell Allure of the result that is about to be reported; without Allure this does nothing."""
    tell: Any = allure.dynamic  # its methods have no types
    tell.title(f"{result.scenario} [{result.version}]")
    tell.description(result.summary)
    tell.parameter("provider", provider)
    tell.parameter("version", result.version)
    tell.label(_VERDICT, result.verdict.value)
    for step in result.steps:
        if result.verdict is not Verdict.PASSED and step.manifests:
            allure.attach(step.manifests, name=step.name, attachment_type=allure.attachment_type.YAML)


class Writing:
    """Stands around Allure's file writer: puts results right, and keeps a full disk from ending the run."""

    def __init__(self, trouble: list[ConformanceError]) -> None:
        self._trouble = trouble

    @allure_commons.hookimpl(wrapper=True)
    def report_result(self, result: TestResult) -> Generator[None, Any, Any]:
        """Change a result in place before it is written."""
        if Label(name=_VERDICT, value=Verdict.INCONCLUSIVE.value) in result.labels:
            result.status = Status.UNKNOWN
        if result.statusDetails and result.statusDetails.message:
            result.statusDetails.message = _OUR_CLASS.sub("", result.statusDetails.message)
        return (yield from self._guarded())

    @allure_commons.hookimpl(wrapper=True)
    def report_attached_data(self) -> Generator[None, Any, Any]:
        """Let an attachment go that cannot be written."""
        return (yield from self._guarded())

    def _guarded(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except OSError as error:
            self._trouble.append(unwritten(error))
            return None


def watch_writing(config: pytest.Config, trouble: list[ConformanceError]) -> None:
    """Stand around Allure's file writer while *config* lives; what is not written goes to *trouble*."""
    writing = Writing(trouble)
    allure_commons.plugin_manager.register(writing)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(writing))


def unwritten(error: OSError) -> ReportError:
    """Say in our words that something beside the results could not be written."""
    return ReportError(
        f"part of the report cannot be written: {error.strerror or error}",
        str(error.filename or "the report's directory"),
        "make room or name another directory with --smi-report DIR",
    )
