"""The wheel: it holds the scenarios, and its command runs in an empty folder."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from conformance.places import scenarios_root
from conformance.scenario.library import load_library

PROJECT = Path(__file__).parents[3]
OFFLINE = ("No matching distribution found for hatchling", "Could not fetch URL", "Connection")


def run(*argv: str | Path, at: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(argv, cwd=at, env=clean, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The project, built as it stands here."""
    directory = tmp_path_factory.mktemp("wheel")
    built = run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        directory,
        PROJECT,
        at=directory,
    )
    if built.returncode and any(words in built.stderr for words in OFFLINE):
        pytest.skip("the wheel was not built: its build tool is not here and cannot be fetched")
    assert built.returncode == 0, built.stderr
    return next(directory.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel, tmp_path_factory) -> Path:
    """The command, installed from the wheel where the checkout is out of sight; dependencies are borrowed."""
    home = tmp_path_factory.mktemp("elsewhere") / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", home, at=wheel.parent).returncode == 0
    site = next(home.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", home / "bin" / "python")
    installed = run(
        *pip, "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", wheel, at=wheel.parent
    )
    assert installed.returncode == 0, installed.stderr
    return home / "bin" / "smi-conformance"


def test_installed_command_lists_every_scenario(command, tmp_path):
    """The wheel carries all scenarios that the checkout has, and finds them from an empty folder."""
    listed = run(command, "list", at=tmp_path)
    assert listed.returncode == 0, listed.stderr
    found = {line.split()[0] for line in listed.stdout.splitlines() if line.startswith("traffic-")}
    assert found == {scenario.id for scenario in load_library(scenarios_root())}


def test_installed_command_uses_its_own_files(command, tmp_path):
    """What it explains lies in the installed package, not in the checkout."""
    explained = run(command, "explain", "traffic-access/no-target-refuses-http", at=tmp_path)
    assert str(command.parents[1]) in explained.stdout
    assert str(PROJECT) not in explained.stdout


def test_installed_command_collects_without_a_project_around_it(command, tmp_path):
    """In an empty folder it collects the shipped scenarios, by the names they have in a checkout."""
    collected = run(command, "run", "--collect-only", "-q", "-k", "no-target-refuses-http", at=tmp_path)
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert "scenarios/traffic-access/no-target-refuses-http.yaml::v1alpha4" in collected.stdout.splitlines()
    assert list(tmp_path.glob("reports")) == []


def test_settings_of_the_project_around_change_nothing(command, tmp_path):
    """A pytest.ini that demands a plugin nobody has does not get in the way."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    collected = run(command, "run", "--collect-only", "-q", "-k", "no-target-refuses-http", at=tmp_path)
    assert collected.returncode == 0, collected.stdout + collected.stderr


@pytest.mark.envoy
def test_installed_command_judges_the_reference_mesh(command, tmp_path):
    """From the wheel, in an empty folder, one scenario is judged and the report lies in that folder."""
    name = "scenarios/traffic-access/no-target-refuses-http.yaml::v1alpha4"
    judged = run(command, "run", name, at=tmp_path)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert (tmp_path / "reports" / "local" / "latest" / "report.html").is_file()
