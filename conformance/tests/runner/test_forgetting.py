"""After a scenario nothing of it is left: it is deleted, and a mesh that remembers it gets a new world."""

import pytest

from conformance.errors import ProbeError
from conformance.model.verdict import Verdict
from conformance.spec import ApiGroup
from conformance.tests.doubles.playhouse import GRANT, HALVES, NOTHING, OPEN_WEBSITES, REVOKED


def worlds(house):
    """List the names under which worlds were made, in order."""
    applied = [one.name for some in house.journal.about("apply") for one in some if one.kind == "Namespace"]
    return list(dict.fromkeys(name for name in applied if name.startswith("here-")))


def remember_everything(house):
    """Let the mesh keep whatever it once heard of."""
    known = {}

    def heard():
        known.update({one.ref: one for one in house.cluster.policy()})
        return tuple(known.values())

    house.mesh.heard = heard


def fail_while(house, verb, error, during):
    """Let the first *verb* after the one whose objects' names begin with *during* go wrong, once."""
    armed = []

    def obstacle(met, about):
        if met == "apply" and any(one.name.startswith(during) for one in about):
            armed.append(True)
        elif met == verb and armed:
            armed.clear()
            raise error

    house.journal.obstacle = obstacle


def lost():
    return ProbeError("the pod is gone", "workload here/shop", "read its log")


def test_nothing_is_left_of_a_scenario(house):
    """Objects of the scenario, of its control, its open grants and its beacon's grant are all deleted."""
    house.play(GRANT, REVOKED, head="open: [client-a -> bank]")
    assert house.cluster.policy() == ()


def test_beacons_split_goes_with_its_grant(house):
    """A split whose backends nobody may call freezes Traefik Mesh: it takes in nothing that comes after it."""
    house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert house.cluster.policy() == ()


def test_beacons_split_stays_where_nothing_is_granted(house):
    """For the next flip; it is on workloads that no scenario is about."""
    house.serve_only(ApiGroup.SPLIT)
    house.play(HALVES, folder="traffic-split")
    assert [str(one.ref) for one in house.cluster.policy()] == ["TrafficSplit here-run-1/beacon"]


def test_beacons_split_is_gone_before_a_control(house):
    """Its grant is deleted then, too."""
    left = []
    house.journal.obstacle = lambda verb, about: (
        left.append(house.cluster.policy())
        if verb == "apply" and any(one.name.startswith("control-") for one in about)
        else None
    )
    ask = NOTHING.replace("[client-a]", "[client-b]").partition("ask:")[2]
    house.play(f"{HALVES.rstrip()}\n    ask:{ask}", folder="traffic-split", head=OPEN_WEBSITES)
    assert [[one.kind for one in some if one.name == "beacon"] for some in left] == [[]]


def test_mesh_that_forgets_keeps_its_world(house):
    """The workloads stay for the next scenario, and those that run already are not applied again."""
    house.play(GRANT)
    house.play(GRANT)
    assert worlds(house) == ["here-run-1"]
    assert len([some for some in house.journal.about("apply") if some[0].kind == "Namespace"]) == 1


def test_next_scenario_may_bring_more_workloads(house):
    """Workloads start when a scenario first needs them, beside those that run."""
    house.play(GRANT)
    first = house.mesh.topology().workloads.keys()
    house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    second = house.mesh.topology().workloads.keys()
    assert first < second
    assert house.key("here/website-v1") in second - first


def test_mesh_that_does_not_forget_gets_a_new_world(house):
    """A path that works without its grants would speak in the next scenario; so that has other names."""
    remember_everything(house)
    assert house.play(GRANT).verdict is Verdict.PASSED
    assert any("has not forgotten" in words for words in house.told)
    assert house.play(GRANT).verdict is Verdict.PASSED
    assert worlds(house) == ["here-run-1", "here-run-2"]


def test_old_world_is_deleted_when_a_new_one_is_made(house):
    """Nothing runs on under the old names."""
    remember_everything(house)
    house.play(GRANT)
    assert [str(ref) for ref in house.journal.about("delete")[-1]] == [
        "Namespace here-run-1",
        "Namespace outside-run-1",
        "Namespace there-run-1",
    ]
    assert house.cluster.objects == {}
    assert house.journal.about("close") == ["prober"], "nobody listens to pods that are gone"


def test_step_in_a_new_world_has_nothing_of_the_old_one_in_force(house):
    """Objects that went with the old world are expected of nobody and shown to nobody."""
    house.journal.fail("measure", lost())
    house.play(GRANT)
    (step,) = house.play(GRANT).steps
    assert "run-2" in step.manifests
    assert "run-1" not in step.manifests


def test_mesh_without_access_control_is_not_asked_to_forget(house):
    """Where nothing can be refused, a path that still works says nothing, and the world stays."""
    house.serve_only(ApiGroup.SPLIT)
    assert house.play(HALVES, NOTHING, folder="traffic-split").verdict is Verdict.PASSED
    house.play(HALVES, folder="traffic-split")
    assert worlds(house) == ["here-run-1"]


def test_calls_of_a_new_world_have_other_ids(house):
    """No receipt of the old world can count in the new one."""
    remember_everything(house)
    house.play(NOTHING)
    house.play(NOTHING)
    first, *_, last = (
        {call.id.partition(".")[0] for _, call in calls} for calls in house.journal.about("measure")
    )
    assert first == {"run-1"}
    assert last == {"run-2"}


def test_forgetting_is_asked_of_every_path_that_worked(house):
    """The path that only the control opened is asked as well as the scenario's own."""
    house.play(GRANT)
    asked = house.journal.about("taste")[-1]
    assert {source for source, _ in asked} == {house.key("here/client-a"), house.key("here/client-b")}


def test_path_that_no_grant_can_close_is_not_waited_for(house):
    """That a caller outside the mesh still reaches a place outside it is no memory of the mesh."""
    step = NOTHING.replace("to: [shop]", "to: [outside/outsider]").replace("client-a", "outside/outsider")
    assert house.play(step, head="needs: [unmeshed]").verdict is Verdict.PASSED
    house.play(GRANT)
    assert worlds(house) == ["here-run-1"]


@pytest.mark.parametrize("verb", ["taste", "measure", "ready", "apply"])
def test_error_leaves_nothing_behind(house, verb):
    """Wherever a scenario breaks off, its world goes with all that was applied, and the next begins anew."""
    house.journal.fail(verb, lost(), after=1 if verb == "apply" else 0)
    assert house.play(GRANT).verdict is Verdict.ERRORED
    assert house.cluster.objects == {}
    assert house.play(GRANT).verdict is Verdict.PASSED
    assert worlds(house) == ["here-run-1", "here-run-2"]


def test_error_in_the_control_leaves_nothing_behind(house):
    """The control's grants open what the scenario refuses: they go as well."""
    fail_while(house, "measure", lost(), during="control-")
    assert house.play(GRANT).verdict is Verdict.ERRORED
    assert house.cluster.objects == {}


def test_error_while_cleaning_up_costs_the_world_and_not_the_verdict(house):
    """The verdict rests on what was measured before; only the next scenario needs a world of its own."""
    control = []
    house.journal.obstacle = lambda verb, about: control.append(True) if verb == "measure" else stumble(verb)

    def stumble(verb):
        if len(control) == 2 and verb == "delete":
            control.append(True)
            raise lost()

    assert house.play(GRANT).verdict is Verdict.PASSED
    assert house.cluster.objects == {}
    assert any("cleaning up went wrong (the pod is gone)" in words for words in house.told)


def test_world_that_cannot_be_thrown_away_is_not_played_in(house):
    """Until the old world is gone every scenario errs; then the next has a new one."""
    house.prober.gone.add(house.key("here/client-a"))
    house.journal.obstacle = refuse_to_delete
    assert house.play(GRANT).verdict is Verdict.ERRORED
    assert "no new world yet" in house.told[-1]
    house.prober.gone.clear()
    again = house.play(GRANT)
    assert again.verdict is Verdict.ERRORED
    assert again.trouble.what == "the pod is gone"
    house.journal.obstacle = lambda _verb, _about: None
    assert house.play(GRANT).verdict is Verdict.PASSED
    assert worlds(house)[0] == "here-run-1"
    assert len(worlds(house)) == 2


def refuse_to_delete(verb, _about):
    """Let nothing be deleted."""
    if verb == "delete":
        raise lost()
