"""The command ``smi-conformance``: what it lists and explains, and how it says no."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.command import app, main
from conformance.command.catalogue import explain_among, explain_id, list_scenarios
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.places import scenarios_root
from conformance.scenario.library import load_library, load_requirements

PROJECT = Path(__file__).parents[3]


def test_list_names_every_scenario_with_its_versions():
    """Each scenario has its block, and the totals are counted."""
    library = load_library(scenarios_root())
    text = list_scenarios("")
    assert all(f"\n{one.id}  [" in f"\n{text}" for one in library)
    assert text.endswith(
        f"{len(library)} scenarios, {sum(len(one.versions) for one in library)} with their versions"
    )


def test_list_takes_a_word_of_id_summary_or_requirement():
    """A word narrows the list down."""
    name = "traffic-access/no-target-refuses-http"
    assert [line for line in list_scenarios("no-target-refuses-http").splitlines() if line.startswith(name)]
    assert name in list_scenarios("access.deny-by-default")
    assert "traffic-split/" not in list_scenarios("no-target-refuses-http")


def test_list_of_nothing_is_told():
    """A word that nothing mentions is no empty answer."""
    with pytest.raises(UsageError, match="no scenario mentions 'xyzzy'"):
        list_scenarios("xyzzy")


def test_every_requirement_and_scenario_can_be_explained():
    """No id of the suite is without an explanation, and each one says what it is about."""
    requirements = load_requirements(scenarios_root())
    scenarios = {one.id: one for one in load_library(scenarios_root())}
    for requirement in requirements.values():
        assert requirement.says.split()[0] in explain_among(requirement.id, requirements, scenarios)
    for scenario in scenarios.values():
        assert scenario.steps[-1].name.split()[0] in explain_among(scenario.id, requirements, scenarios)


def test_requirement_is_explained_with_its_clause_and_who_shows_it():
    """The spec's own words, the place they stand, and the scenarios."""
    text = " ".join(explain_id("access.deny-by-default").split())
    assert "all traffic is denied by default" in text
    assert "traffic-access/no-target-refuses-http" in text


def test_unknown_id_gets_close_ones():
    """An id that is not quite right is answered with the one that may have been meant."""
    with pytest.raises(UsageError, match=r"did you mean .*access\.deny-by-default"):
        explain_id("access.deny-by-def")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such mesh", "here", "name another"), 4),
        (EnvironmentBrokenError("no room", "/", "make"), 3),
    ],
)
def test_mistake_is_told_on_stderr_with_its_exit_code(monkeypatch, capsys, error, code):
    """What, where, what to try; no traceback."""

    def refuse(word):
        raise error

    monkeypatch.setattr("conformance.command.list_scenarios", refuse)
    monkeypatch.setattr(sys, "argv", ["smi-conformance", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert capsys.readouterr().err == f"{error}\n"


def test_run_passes_on_what_it_does_not_know(monkeypatch):
    """Options of pytest and of the suite arrive as they were typed, --help included."""
    taken = []

    def take(args):
        taken.extend(args)
        return 5

    monkeypatch.setattr("conformance.command.run_scenarios", take)
    typed = ["-k", "split and not tcp", "--smi-fault", "x", "-n2", "--help", "scenarios/a.yaml::v1alpha4"]
    assert CliRunner().invoke(app, ["run", *typed]).exit_code == 5
    assert taken == typed


def test_run_in_a_checkout_is_the_plugin_once(tmp_path):
    """The command brings the plugin, the checkout's conftest.py names it, too: it is there once."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    argv = [
        sys.executable,
        "-c",
        "from conformance.command import main; main()",
        "run",
        "--collect-only",
        "-q",
    ]
    for at in (PROJECT, tmp_path):
        done = subprocess.run(
            [*argv, "-k", "no-target-refuses-http"],
            cwd=at,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "scenarios/traffic-access/no-target-refuses-http.yaml::v1alpha4" in done.stdout


def test_run_writes_the_command_a_person_can_type(tmp_path):
    """What the report says of how it was made leaves out what the command puts in front."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    code = (
        "import conformance.runner.session as own\n"
        "from conformance.tests.doubles.scripted_session import ScriptedSession, scripted_result\n"
        "from conformance.model.verdict import Verdict\n"
        "ScriptedSession.judge = lambda self, one, v, tell: scripted_result(one, v, Verdict.PASSED)\n"
        "own.Session = ScriptedSession\n"
        "from conformance.command import main; main()"
    )
    argv = [sys.executable, "-c", code, "run", "-k", "no-target-refuses-http", "--smi-report=out"]
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = dict(json.loads((tmp_path / "out" / "report.json").read_text())["facts"])
    assert facts["command"] == "smi-conformance run -k no-target-refuses-http --smi-report=out"


def test_mesh_ends_in_order_on_a_signal(monkeypatch):
    """Ctrl-C, or the system, stops the demo by its own event, so that it can take down what it started."""
    seen = []

    def serve(tell, stop: threading.Event, faults):
        tell("running")
        os.kill(os.getpid(), signal.SIGTERM)
        seen.append((stop.wait(10), faults))

    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr("conformance.runner.demo.serve", serve)
    try:
        result = CliRunner().invoke(app, ["mesh", "--fault", "ignores_weights"])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert result.exit_code == 0
    assert result.output == "running\n"
    assert seen == [(True, ("ignores_weights",))]


def test_clean_sweeps_leftovers(monkeypatch):
    """The command hands over to the one place that knows what a run leaves."""
    monkeypatch.setattr("conformance.cluster.embedded.sweep_leftovers", lambda: ["ended one process"])
    assert CliRunner().invoke(app, ["clean"]).output == "ended one process\n"
    monkeypatch.setattr("conformance.cluster.embedded.sweep_leftovers", list)
    assert CliRunner().invoke(app, ["clean"]).output == "nothing was left behind\n"


@pytest.mark.parametrize(
    "words, said",
    [
        (["images", "list"], ["smi-conformance/probe:", "smi-conformance/mesh:"]),
        (
            ["images", "list", "--registry", "registry.example/team"],
            ["registry.example/team/smi-conformance/probe:"],
        ),
        (  # the names that a run gives its options
            ["images", "list", "--smi-registry", "registry.example/team", "--smi-image-base", "base:1"],
            ["registry.example/team/smi-conformance/probe:"],
        ),
        (["provider", "list"], ["osm", "Open Service Mesh", "reference"]),
    ],
)
def test_what_needs_no_cluster_is_told_without_one(words, said):
    """Names of images and of profiles are known beforehand."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert all(word in result.output for word in said)


@pytest.mark.parametrize("words", [["doctor"], ["mesh", "status"], ["provider", "init"]])
def test_cluster_that_is_not_there_is_told_in_words(words, tmp_path, monkeypatch):
    """A kubeconfig that does not exist is a mistake of whoever named it."""
    missing = tmp_path / "nowhere.yaml"
    result = CliRunner().invoke(app, [*words, "--kubeconfig", str(missing)])
    assert isinstance(result.exception, UsageError)
    assert str(missing) in str(result.exception)
