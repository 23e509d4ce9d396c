"""A small library of scenarios in a folder of its own, judged by a script instead of a mesh."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_REQUIREMENT = """
- id: {api}.grants-decide
  says: Who is not granted is refused.
  quote: "By default, all traffic is denied."
  section: Traffic Access Control
  versions: [v1alpha3, v1alpha4]
  strength: stated
  level: must
- id: {api}.nobody-shows-this
  says: Something that no scenario shows.
  section: Traffic Access Control
  versions: [v1alpha4]
  strength: implied
  level: should
"""

_SCENARIO = """
id: traffic-access/{name}
shows: [access.grants-decide]
versions: {versions}
summary: What happens is {name}.
why: A script decides it.
{extra}
steps:
- name: only the script is asked
  ask: {{from: [client-a], to: [shop], ports: [8080], requests: [GET /]}}
"""

_CONFTEST = """
import pytest
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.tests.doubles.scripted_session import ScriptedSession

pytest_plugins = ("conformance.plugin",)
BROKEN = {broken}

@pytest.hookimpl
def pytest_smi_session(settings):
    return ScriptedSession(settings, BROKEN)
"""


class Workshop:
    """A folder with scenarios and the means to run them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.report = self.path / "out"
        self.break_with("None")
        for api in ("access", "specs", "split", "metrics"):
            folder = self.path / "scenarios" / f"traffic-{api}"
            folder.mkdir(parents=True)
            (folder / "requirements.yaml").write_text(_REQUIREMENT.format(api=api))

    def break_with(self, error: str) -> None:
        """Let the session raise this Python expression when it is opened."""
        (self.path / "conftest.py").write_text(_CONFTEST.format(broken=error))

    def write_conftest(self, more: str) -> None:
        """Add Python to the conftest.py, such as a hook of the run."""
        path = self.path / "conftest.py"
        path.write_text(f"{path.read_text()}\n{more}")

    def add(self, *names: str, versions: str = "[v1alpha4]", extra: str = "") -> None:
        """Write scenarios; the first word of a name is the verdict it gets."""
        for name in names:
            path = self.path / "scenarios" / "traffic-access" / f"{name}.yaml"
            path.write_text(_SCENARIO.format(name=name, versions=versions, extra=extra))

    def run(self, *args: str) -> pytest.RunResult:
        """Run pytest on the scenarios, in this process: quick, and enough for most."""
        return self.pytester.runpytest_inprocess(*self.arguments(*args))

    def run_apart(self, *args: str) -> pytest.RunResult:
        """Run pytest on the scenarios in a process of its own, which may die or have workers."""
        return self.pytester.runpytest_subprocess(*self.arguments(*args), timeout=60)

    def start(self, *args: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start pytest on the scenarios and leave it running, in a session of its own."""
        argv = [sys.executable, "-m", "pytest", *self.arguments(*args)]
        return subprocess.Popen(argv, cwd=self.path, stdout=stdout, text=True, start_new_session=True)

    def arguments(self, *args: str) -> tuple[str, ...]:
        """Give pytest's arguments; the report goes to ``out`` unless another place is named."""
        report = () if any(arg.startswith("--smi-report") for arg in args) else ("--smi-report=out",)
        return ("-Werror", f"--rootdir={self.path}", "--smi-scenarios=scenarios", "scenarios", *args, *report)

    def read(self) -> dict[str, Any]:
        """Read the report that was written."""
        return json.loads((self.report / "report.json").read_text())


@pytest.fixture
def workshop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Scenarios that can be run without a mesh."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setenv("COLUMNS", "160")
    return Workshop(pytester)


@pytest.fixture
def ran(workshop: Workshop) -> Callable[..., pytest.RunResult]:
    """Write scenarios with these names and run them."""

    def run(*names: str, args: tuple[str, ...] = ()) -> pytest.RunResult:
        workshop.add(*names)
        is_fatal = any(name.startswith("interrupted") for name in names)
        return workshop.run_apart(*args) if is_fatal else workshop.run(*args)

    return run
