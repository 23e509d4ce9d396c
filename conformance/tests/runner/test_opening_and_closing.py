"""A session opens all or nothing, and closes what it opened, in reverse."""

import subprocess
import sys

import pytest

from conformance.errors import EnvironmentBrokenError, EnvoyMissingError, UsageError
from conformance.places import scenarios_root
from conformance.runner import ground
from conformance.runner import session as session_module
from conformance.scenario import load_scenario
from conformance.spec import ApiVersion
from conformance.tests.doubles.playhouse import NOTHING, Playhouse


@pytest.fixture
def shut(tmp_path, monkeypatch):
    """Everything behind a session that is not open yet."""
    return Playhouse(tmp_path, monkeypatch)


def broken(*_args, **_more):
    """Do not come to life."""
    raise EnvironmentBrokenError("it does not start", "the test", "as scripted")


def test_closing_ends_everything_in_reverse(shut):
    """The prober lets go of the pods, the mesh of the cluster, and the cluster goes last."""
    with shut.session:
        assert shut.journal.about("close") == []
    assert shut.journal.about("close") == ["prober", "mesh", "cluster"]


def test_closing_twice_closes_once(shut):
    """The second time there is nothing to do."""
    shut.session.open()
    shut.session.close()
    shut.session.close()
    assert len(shut.journal.about("close")) == 3


def test_one_that_does_not_close_keeps_no_other_open(shut):
    """A mesh whose end goes wrong leaves no cluster behind, and the error is told."""

    def obstacle(verb, about):
        if (verb, about) == ("close", "mesh"):
            broken()

    shut.session.open()
    shut.journal.obstacle = obstacle
    with pytest.raises(EnvironmentBrokenError):
        shut.session.close()
    assert shut.journal.about("close") == ["prober", "mesh", "cluster"]


@pytest.mark.parametrize(
    "module, name, closed",
    [
        (ground, "LocalCluster", []),
        (ground, "ReferenceMesh", ["cluster"]),
        (session_module, "Prober", ["mesh", "cluster"]),
        (session_module, "set_stage", ["prober", "mesh", "cluster"]),
    ],
)
def test_what_was_opened_before_a_failure_is_closed(shut, monkeypatch, module, name, closed):
    """Whatever does not come to life, nothing stays behind of what did."""
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(EnvironmentBrokenError):
        shut.session.open()
    assert shut.journal.about("close") == closed


def test_mesh_that_does_not_start_is_closed_too(shut):
    """What it had begun by then is its own to remove."""
    shut.journal.fail("start", EnvoyMissingError("no Envoy", "here", "install it"))
    with pytest.raises(EnvoyMissingError):
        shut.session.open()
    assert shut.journal.about("close") == ["mesh", "cluster"]


def test_interruption_while_opening_closes_too(shut):
    """Ctrl-C during the start leaves nothing either."""
    shut.journal.fail("start", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        shut.session.open()
    assert shut.journal.about("close") == ["mesh", "cluster"]


def test_unknown_provider_starts_nothing(shut):
    """A mistake in what was asked for is told before anything runs."""
    with pytest.raises(UsageError, match="has no mesh 'linkerd'"):
        shut.a_session(provider="linkerd").open()
    assert shut.journal.entries == []


def test_result_says_how_to_run_it_again(house):
    """The command names file, version and provider."""
    result = house.play(NOTHING, version="v1alpha2")
    assert result.again == "pytest scenarios/traffic-access/example.yaml::v1alpha2 --smi-provider=reference"


def test_command_to_run_again_names_the_faults_of_now(house):
    """A mesh that was made wrong meanwhile is named as it was when the scenario was judged."""
    house.session.set_faults(("allows-everything", "denies-nobody"))
    assert house.mesh.faults == ("allows-everything", "denies-nobody")
    result = house.play(NOTHING)
    assert result.again.endswith(" --smi-fault=allows-everything --smi-fault=denies-nobody")


def test_command_to_run_again_begins_as_the_run_was_begun(shut):
    """Where pytest is not at hand the command is another."""
    with shut.a_session(starter="nox -s conformance --") as session:
        result = session.judge(shut.a_scenario(NOTHING), ApiVersion.V1ALPHA4, shut.told.append)
    assert result.again.startswith("nox -s conformance -- scenarios/traffic-access/example.yaml::v1alpha4 ")


def test_command_to_run_again_selects_that_scenario_alone(house):
    """It can be typed as it stands, and finds the one item."""
    path = scenarios_root() / "traffic-access" / "no-target-refuses-http.yaml"
    result = house.session.judge(load_scenario(path, house.world), ApiVersion.V1ALPHA2, house.told.append)
    argv = [sys.executable, "-m", *result.again.split(), "--collect-only", "-q"]
    shown = subprocess.run(
        argv, cwd=scenarios_root().parent, capture_output=True, text=True, timeout=60, check=False
    )
    (line,) = [one for one in shown.stdout.splitlines() if "::" in one]
    assert line == "scenarios/traffic-access/no-target-refuses-http.yaml::v1alpha2"
