"""The hook through which another judge can take the place of ours."""

from collections.abc import Callable
from typing import Protocol

import pytest

from conformance.model.result import ScenarioResult
from conformance.model.scenario import Scenario
from conformance.runner.settings import RunSettings
from conformance.spec import ApiVersion


class Session(Protocol):
    """A cluster with a provider on it, and the judge of scenarios."""

    def open(self) -> None:
        """Start the cluster and the provider.

        Raises:
            ConformanceError: It cannot be done.
        """

    def judge(self, scenario: Scenario, version: ApiVersion, tell: Callable[[str], None]) -> ScenarioResult:
        """Run one scenario in one version; *tell* hears in a few words what is being done."""

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Say what a reader of the report needs to know of this cluster and provider."""

    def close(self) -> None:
        """Remove everything that was started. Safe to call twice, and without `open`."""


@pytest.hookspec(firstresult=True)
def pytest_smi_session(settings: RunSettings) -> Session | None:
    """Make the session that judges this process's scenarios; it is opened when the first one runs."""
