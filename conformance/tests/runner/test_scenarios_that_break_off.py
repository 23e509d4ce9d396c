"""Whatever goes wrong becomes a result that says what, where and what to do; the next scenario is played."""

import errno
import json

import pytest

from conformance.errors import (
    ENVIRONMENT_CODES,
    EnvironmentBrokenError,
    ManifestRefusedError,
    NotReadyError,
    ProbeError,
)
from conformance.model.verdict import Verdict
from conformance.runner import measure, performance
from conformance.tests.doubles.playhouse import GRANT, NOTHING, REVOKED

OPEN_TO_ALL = """
  - name: nobody is listed, and the mesh lets everybody through
    ask: {from: [client-a], to: [shop], requests: [GET /metrics]}
"""


def let_everybody_through(house):
    """Make a mesh that fails wherever a refusal is expected."""
    house.mesh.rule = lambda source, call: house.mesh.by_the_book(source, call) or {house.key("here/shop"): 1}


def stumble(*_args, **_more):
    """Have a mistake that nobody thought of."""
    raise KeyError("a rule that is missing")


@pytest.mark.parametrize(
    "verb, error",
    [
        ("apply", ManifestRefusedError("no such field", "TrafficTarget here/shop", "look at the schema")),
        ("ready", NotReadyError("shop is not ready", "pod here/shop-0", "read its log")),
        ("taste", ProbeError("the pod is gone", "workload here/shop", "read its log")),
        ("measure", ProbeError("the pod is gone", "workload here/shop", "read its log")),
    ],
    ids=["refused", "unready", "waiting", "measuring"],
)
def test_error_of_ours_is_told_in_full(house, verb, error):
    """What, where and hint of the error stand in the result, and the next scenario is judged."""
    house.journal.fail(verb, error)
    result = house.play(GRANT)
    assert result.verdict is Verdict.ERRORED
    told = result.trouble
    assert (told.code, told.what, told.where, told.hint) == (error.code, error.what, error.where, error.hint)
    assert error.what in result.headline
    assert house.play(GRANT).verdict is Verdict.PASSED


GONE = EnvironmentBrokenError("the controller went while the run was on", "cluster c", "see its log")


def test_mesh_that_went_is_not_told_failures(house):
    """Its control plane is gone, so nobody is let in who should be: that is no contradiction of the spec."""
    house.mesh.heard = tuple
    house.journal.fail("running", GONE)
    result = house.play(GRANT)
    assert (result.verdict, result.trouble.code) == (Verdict.ERRORED, "environment")
    assert result.headline == f"environment: {GONE.what}"
    assert result.steps == ()
    assert result.evidence


def test_mesh_that_runs_is_told_its_failures(house):
    """It has heard nothing, and it is there: that is a failure of its own."""
    house.mesh.heard = tuple
    assert house.play(GRANT).verdict is Verdict.FAILED


def test_mesh_that_went_is_named_where_something_else_broke_first(house):
    """Its webhook refuses every object once nobody answers there; the reader has to hear of the cause."""
    house.journal.fail("measure", ProbeError("the pod is gone", "workload here/shop", "read its log"))
    met = house.journal.obstacle
    house.journal.obstacle = lambda verb, about: _raise(GONE) if verb == "running" else met(verb, about)
    assert house.play(GRANT).trouble.what == GONE.what


def test_mesh_is_not_looked_at_while_all_passes(house):
    """A question to the cluster per scenario would be for nothing."""
    assert house.play(GRANT).verdict is Verdict.PASSED
    assert house.journal.about("running") == []


def _raise(error):
    raise error


def test_scenario_that_cannot_be_written_down_errs(house, monkeypatch):
    """An error before anything is applied is a result as well."""
    monkeypatch.setattr(performance, "render", stumble)
    assert house.play(GRANT).verdict is Verdict.ERRORED
    assert house.journal.about("apply") == []


def test_mistake_of_the_suite_is_called_one(house, monkeypatch):
    """An exception nobody foresaw is no verdict on the mesh: it names itself, its place, and whom to tell."""
    monkeypatch.setattr(measure, "expected_table", stumble)
    result = house.play(GRANT)
    assert result.verdict is Verdict.ERRORED
    assert result.trouble.code == "internal"
    assert "a bug of the suite" in result.trouble.what
    assert "KeyError: 'a rule that is missing'" in result.trouble.what
    assert "test_scenarios_that_break_off.py" in result.trouble.where
    assert "in stumble" in result.trouble.where
    assert "traceback.txt" in result.trouble.hint


def test_mistake_of_the_suite_leaves_its_traceback(house, monkeypatch):
    """The evidence has the whole way to the mistake, and the next scenario is judged."""
    monkeypatch.setattr(measure, "expected_table", stumble)
    result = house.play(GRANT)
    text = (house.evidence / result.evidence / "traceback.txt").read_text()
    assert "a rule that is missing" in text
    assert "measure.py" in text
    monkeypatch.undo()
    assert house.cluster.objects == {}


def test_scenario_after_a_mistake_is_judged(house, monkeypatch):
    """One mistake costs one verdict."""
    with monkeypatch.context() as patch:
        patch.setattr(measure, "expected_table", stumble)
        house.play(GRANT)
    assert house.play(GRANT).verdict is Verdict.PASSED


def fail_at_the_end(house):
    """Let the last measurement, which is the control's or the second step's, break off."""
    asked = []

    def obstacle(verb, _about):
        asked.append(verb)
        if asked.count("measure") == 2:
            raise ProbeError("the pod is gone", "workload here/shop", "read its log")

    house.journal.obstacle = obstacle


def test_trespass_before_something_broke_stands(house):
    """A call that got through against the rules was seen at both ends: what breaks later cannot explain it."""
    let_everybody_through(house)
    fail_at_the_end(house)
    result = house.play(GRANT, REVOKED)
    assert result.verdict is Verdict.FAILED
    assert "no call reaches an application" in result.headline
    assert "the pod is gone" in result.headline
    assert result.trouble.what == "the pod is gone"
    assert result.steps[0].verdict is Verdict.FAILED


def test_call_that_was_lost_before_something_broke_does_not_stand(house):
    """Whoever is refused what he is granted may have been breaking already."""
    house.mesh.rule = refuse_client_a(house)
    fail_at_the_end(house)
    assert house.play(GRANT, REVOKED).verdict is Verdict.ERRORED


def test_machine_that_has_run_out_is_no_mistake_of_the_suite(house):
    """Where no scenario can get past, since disk, memory or files ran out, the environment is named."""
    house.journal.fail("measure", OSError(errno.EMFILE, "Too many open files"))
    result = house.play(GRANT)
    assert result.trouble.code == EnvironmentBrokenError.code
    assert "Too many open files" in result.trouble.what
    assert "open files" in result.trouble.hint


def test_other_errors_of_the_system_end_no_run(house):
    """A connection that broke where nobody foresaw it says nothing about the next scenario."""
    house.journal.fail("measure", ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
    result = house.play(GRANT)
    assert result.trouble.code not in ENVIRONMENT_CODES
    assert "Connection reset by peer" in result.trouble.what


@pytest.mark.parametrize("verb", ["apply", "ready", "taste", "measure", "evidence"])
def test_interruption_gets_through(house, verb):
    """Ctrl-C ends the run wherever it falls."""
    let_everybody_through(house)
    house.journal.fail(verb, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        house.play(OPEN_TO_ALL)


def test_interruption_while_cleaning_up_gets_through(house):
    """Also when the verdict is there and all that is left to do is to delete."""
    house.journal.fail("delete", KeyboardInterrupt(), after=1)  # first goes the beacon
    with pytest.raises(KeyboardInterrupt):
        house.play(NOTHING)
    assert len(house.journal.about("measure")) == 2, "the step and its control"


def test_interruption_while_the_world_goes_gets_through(house):
    """And when a new world is made after an error."""

    def obstacle(verb, _about):
        if verb == "measure":
            raise ProbeError("the pod is gone", "workload here/shop", "read its log")
        if verb == "delete":
            raise KeyboardInterrupt

    house.journal.obstacle = obstacle
    with pytest.raises(KeyboardInterrupt):
        house.play(NOTHING)


def test_passed_scenario_keeps_no_evidence(house):
    """Evidence is for what a person has to look into."""
    result = house.play(GRANT)
    assert result.evidence == ""
    assert not house.evidence.exists()


def test_failed_scenario_keeps_its_evidence_before_anything_is_removed(house):
    """When the cluster is asked for evidence, all that the scenario applied is still there."""
    let_everybody_through(house)
    result = house.play(GRANT)
    assert result.verdict is Verdict.FAILED
    kept = house.evidence / result.evidence
    assert kept == house.evidence / "traffic-access" / "example" / "v1alpha3"
    assert "TrafficTarget here-run-1/shop" in (kept / "cluster" / "objects.txt").read_text()
    assert house.cluster.policy() == ()


def test_errored_scenario_keeps_its_evidence_before_anything_is_removed(house):
    """Nor has the world been thrown away by then."""
    house.journal.fail("measure", ProbeError("the pod is gone", "workload here/shop", "read its log"))
    kept = house.evidence / house.play(GRANT).evidence
    names = (kept / "cluster" / "objects.txt").read_text()
    assert "Deployment here-run-1/shop" in names
    assert "TrafficTarget here-run-1/shop" in names


def test_evidence_has_each_step_with_its_calls_and_manifests(house):
    """A person sees what was in force, and both ends of every call, the control's too."""
    let_everybody_through(house)
    house.mesh.rule = refuse_client_a(house)
    kept = house.evidence / house.play(GRANT, REVOKED).evidence
    calls = json.loads((kept / "step-1-calls.json").read_text())
    assert {one["cell"].partition(" ")[0] for one in calls} == {"here-run-1/client-a", "here-run-1/client-b"}
    assert calls[0]["status"] == 403
    assert "kind: TrafficTarget" in (kept / "step-1-manifests.yaml").read_text()
    assert "name: shop" not in (kept / "step-2-manifests.yaml").read_text()
    control = json.loads((kept / "control-calls.json").read_text())
    assert {receipt["responder"] for one in control for receipt in one["receipts"]} == {"here-run-1/shop"}


def refuse_client_a(house):
    """Make a rule that refuses client-a what it is granted."""

    def rule(source, call):
        if source == house.key("here/client-a") and call.request.path == "/metrics":
            return {}
        return house.mesh.by_the_book(source, call)

    return rule


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        ProbeError("no log", "here/shop", "wait"),
        KeyError("a mistake"),
    ],
    ids=["disk-full", "cluster", "mistake"],
)
def test_evidence_that_cannot_be_kept_changes_no_verdict(house, error):
    """The verdict stands, no path is named where nothing lies, and the headline says so."""
    let_everybody_through(house)
    house.journal.fail("evidence", error)
    result = house.play(OPEN_TO_ALL)
    assert result.verdict is Verdict.FAILED
    assert result.evidence == ""
    assert "missing or cut short" in result.headline
    assert str(error.args[0 if not isinstance(error, OSError) else 1]) in result.headline
    assert house.cluster.policy() == ()


def test_evidence_that_cannot_be_kept_hides_no_trouble(house):
    """An errored scenario on a full disk still tells its own trouble."""

    def obstacle(verb, _about):
        if verb == "measure":
            raise ProbeError("the pod is gone", "workload here/shop", "read its log")
        if verb == "evidence":
            raise OSError(28, "No space left on device")

    house.journal.obstacle = obstacle
    result = house.play(NOTHING)
    assert result.trouble.what == "the pod is gone"
    assert "No space left on device" in result.headline
