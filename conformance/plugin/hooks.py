"""The hook through which another judge can take the place of ours."""

from typing import Protocol

import pytest

from conformance.model.result import ScenarioResult
from conformance.model.scenario import Scenario
from conformance.runner.settings import RunSettings, Tell
from conformance.spec import ApiVersion


class Session(Protocol):
    """A cluster with a provider on it, and the judge of scenarios."""

    def open(self, tell: Tell) -> None:
        """Start the cluster and the provider; *tell* hears in a few words what is being done.

        Raises:
            ConformanceError: It cannot be done.
        """

    def judge(self, scenario: Scenario, version: ApiVersion, tell: Tell) -> ScenarioResult:
        """Run one scenario in one version; *tell* hears in a few words what is being done."""

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Say what a reader of the report needs to know of this cluster and provider."""

    def close(self) -> None:
        """Remove everything that was started. Safe to call twice, and without `open`."""


@pytest.hookspec(firstresult=True)
def pytest_smi_session(settings: RunSettings) -> Session | None:
    """Make the session that judges this process's scenarios; it is opened when the first one runs."""
