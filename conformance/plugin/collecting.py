"""Scenario files as pytest sees them: a file per scenario, an item per version. Starts nothing."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.errors import ConformanceError
from conformance.model.result import ScenarioResult
from conformance.model.scenario import Feature, Scenario
from conformance.plugin import allure
from conformance.plugin.judging import JUDGING
from conformance.plugin.library import LIBRARY
from conformance.plugin.outcomes import raise_verdict
from conformance.spec import ApiGroup, ApiVersion


def declare_markers(config: pytest.Config) -> None:
    """Tell pytest the markers that scenarios have, for ``-m``."""
    for group in ApiGroup:
        config.addinivalue_line("markers", f"{marker_of(group)}: a scenario about {group.value}")
    for feature in Feature:
        config.addinivalue_line("markers", f"{marker_of(feature)}: a scenario that needs {feature.value}")


def marker_of(member: ApiGroup | Feature) -> str:
    """Name the marker of a group (``access``) or of a feature (``pod_address``)."""
    name: str = member.value
    return name.partition(".")[0].replace("-", "_")


class ScenarioFile(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give one item per version of the scenario's group."""
        scenario = self.config.stash[LIBRARY].read(self.path)
        for version in scenario.versions:
            yield ScenarioItem.from_parent(self, name=version.value, scenario=scenario, version=version)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]  # as pytest
        """Say what is wrong with the file, not where in the suite that was noticed."""
        if isinstance(excinfo.value, ConformanceError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class ScenarioItem(pytest.Item):
    """One scenario in one version of its group."""

    def __init__(self, *, scenario: Scenario, version: ApiVersion, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario
        self.version = version
        self.result: ScenarioResult | None = None
        self.add_marker(marker_of(scenario.group))
        for feature in scenario.needs:
            self.add_marker(marker_of(feature))
        for mark in allure.marks_of(scenario):
            self.add_marker(mark)
        self.extra_keyword_matches.update((scenario.id, *scenario.shows))

    def runtest(self) -> None:
        """Judge the scenario; a verdict that is no pass leaves as an exception."""
        self.result = self.config.stash[JUDGING].judge(self.scenario, self.version, self.nodeid)
        self.user_properties += properties_of(self.result)
        allure.describe(self.result, self.config.stash[JUDGING].provider)
        raise_verdict(self.result, self.config.stash[JUDGING].explain(self.result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the verdict's own words; a traceback is for mistakes of the suite only."""
        if self.result is not None:
            return str(excinfo.value)
        excinfo.traceback = excinfo.traceback.cut(path=__file__)
        return super().repr_failure(excinfo, style or "short")

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Name the item in headings."""
        return self.path, None, f"{self.scenario.id} {self.version.value}"


def properties_of(result: ScenarioResult) -> list[tuple[str, object]]:
    """Say what stands in JUnit's properties of a result."""
    return [("verdict", result.verdict.value), *(("requirement", name) for name in result.requirements)]
