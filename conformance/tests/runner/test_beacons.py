"""The beacon shows that the mesh has taken in the last change, and no earlier one can stand for it."""

from conformance.model.verdict import Verdict
from conformance.spec import ApiGroup, kind_named
from conformance.tests.doubles.memory_mesh import evenly
from conformance.tests.doubles.playhouse import GRANT, HALVES, NOTHING, OPEN_WEBSITES, REVOKED

SPARE = """
  - name: nothing that is asked changes
    apply:
      - HTTPRouteGroup: spare
        matches: [{name: other, pathRegex: "/other$", methods: [GET]}]
    ask: {from: [client-a], to: [shop], requests: [GET /metrics]}
"""
QUARTERS = HALVES.replace("website-v1: 50", "website-v1: 25").replace("website-v2: 50", "website-v2: 75")
SPLITS = {"folder": "traffic-split", "head": OPEN_WEBSITES}


def is_beacon(manifest):
    return kind_named(manifest.kind) is not None and manifest.name.startswith("beacon")


def lit(house, kind):
    """List the beacon's objects of one kind, as they were applied."""
    applied = [one for some in house.journal.about("apply") for one in some]
    return [one for one in applied if one.kind == kind and is_beacon(one)]


def leads_to(split):
    """Name the backend of a beacon's split that gets the calls."""
    (backend,) = [one["service"] for one in split.body["spec"]["backends"] if one["weight"]]
    return backend


def beacon_calls(house, verb="taste"):
    """List the calls of each asking that went to the beacon."""
    asked = ([call for _, call in calls] for calls in house.journal.about(verb))
    return [calls for calls in asked if calls[0].host.startswith("beacon.")]


def test_each_change_has_a_fresh_nonce(house):
    """No two steps light the same beacon, in name or in path."""
    house.play(GRANT, REVOKED)
    house.play(GRANT)
    names = [one.name for one in lit(house, "TrafficTarget")]
    paths = [str(one.body["spec"]["matches"]) for one in lit(house, "HTTPRouteGroup")]
    assert len(names) == len(set(names)) == 3
    assert len(set(paths)) == 3


def test_beacon_replaces_the_one_before(house):
    """Whenever something is measured, one beacon at most is granted: the last."""
    seen = []
    house.journal.obstacle = lambda verb, _: (
        seen.append([one.name for one in house.cluster.policy() if is_beacon(one)])
        if verb == "measure"
        else None
    )
    house.play(GRANT, REVOKED)
    first, second, control = seen
    assert len(first) == len(second) == 2
    assert set(first).isdisjoint(second)
    assert control == []


def test_beacon_travels_with_the_change(house):
    """A step and its beacon are one change, so that a mesh cannot have the beacon without the step."""
    house.play(GRANT)
    (change,) = [some for some in house.journal.about("apply") if any(is_beacon(one) for one in some)]
    assert [one.kind for one in change if not is_beacon(one)] == ["HTTPRouteGroup", "TrafficTarget"]
    assert is_beacon(change[-1]), "the beacon comes after what it stands for"


def test_table_that_agrees_under_an_unlit_beacon_is_inconclusive(house):
    """Right answers of a mesh that never showed the beacon may be older than the change."""
    house.mesh.rule = lambda source, call: (
        {} if call.host.startswith("beacon.") else house.mesh.by_the_book(source, call)
    )
    result = house.play(GRANT)
    (step,) = result.steps
    assert result.verdict is Verdict.INCONCLUSIVE
    assert not step.converged
    assert step.findings[-1].subject == "convergence"
    assert "the beacon's path" in step.findings[-1].observed
    assert all(one.verdict is Verdict.PASSED for one in step.findings[:-1])


def test_mesh_that_stopped_listening_is_not_taken_for_one_that_acted(house):
    """A change that leaves all answers alone is believed only when the new beacon shows; the old one does not."""

    def stop_listening(verb, about):
        if verb == "apply" and any(one.name == "spare" for one in about):
            known = house.cluster.policy()
            house.mesh.heard = lambda: known

    house.journal.obstacle = stop_listening
    before, after = house.play(GRANT, SPARE).steps
    assert before.converged
    assert not after.converged
    assert after.verdict is Verdict.INCONCLUSIVE


def test_split_flips_with_each_change_of_a_split(house):
    """The beacon's split leads to the other backend after each step that touches a split, in later scenarios too."""
    house.play(HALVES, QUARTERS, **SPLITS)
    house.play(HALVES, **SPLITS)
    ways = [leads_to(one) for one in lit(house, "TrafficSplit")]
    assert ways == ["beacon-blue", "beacon-green", "beacon-blue"]


def test_split_stays_where_no_split_changes(house):
    """A change of access lights a grant and leaves the beacon's split alone."""
    house.play(HALVES, SPARE, **SPLITS)
    assert len(lit(house, "TrafficSplit")) == 1
    assert len(lit(house, "TrafficTarget")) == 2


def test_split_that_leads_to_both_backends_is_not_lit(house):
    """As long as the backend of before answers some calls of the beacon, the new split is not in force."""

    def rule(source, call):
        answers = house.mesh.by_the_book(source, call)
        both = evenly([house.key("here/beacon-blue"), house.key("here/beacon-green")])
        return both if call.host.startswith("beacon.") and answers else answers

    house.mesh.rule = rule
    (step,) = house.play(HALVES, **SPLITS).steps
    assert not step.converged
    assert "the beacon's split does not yet lead to" in step.findings[-1].observed


def test_split_is_believed_after_many_calls_and_a_grant_after_one(house):
    """Two backends without a split would pass for one by luck; a path that is not open passes for nothing."""
    house.play(GRANT)
    assert {len(calls) for calls in beacon_calls(house)} == {1}
    house.journal.entries.clear()
    house.play(HALVES, **SPLITS)
    assert min(len(calls) for calls in beacon_calls(house)) >= 16


def test_first_step_has_a_beacon_though_nothing_changes(house):
    """Workloads may have started just now: a proxy that has heard nothing yet is not to pass for a refusal."""
    house.play(NOTHING)
    assert lit(house, "TrafficTarget")
    assert beacon_calls(house)


def test_open_mesh_whose_proxies_hear_late_fails(house):
    """It lets everybody through, and refuses everything until its proxies have heard of anything at all."""
    house.mesh.rule = lambda source, call: (
        (house.mesh.by_the_book(source, call) or {house.key("here/shop"): 1}) if house.mesh.heard() else {}
    )
    assert house.play(NOTHING).verdict is Verdict.FAILED


def test_later_step_without_any_change_asks_for_no_beacon(house):
    """Nor is the beacon of the step before asked for again."""
    house.play(GRANT)
    before = len(beacon_calls(house))
    house.journal.entries.clear()
    house.play(GRANT, NOTHING)
    assert len(lit(house, "TrafficTarget")) == 1
    assert len(beacon_calls(house)) == before


def test_first_step_without_change_waits_for_what_is_open(house):
    """Grants under ``open`` are a change of their own; the first step lights a beacon for them, no later one."""
    house.play(NOTHING, NOTHING, head="open: [client-a -> shop]")
    assert len(lit(house, "TrafficTarget")) == 1


def test_mesh_without_access_control_flips_its_split_only(house):
    """Where no grant can be written the split alone is the beacon."""
    house.serve_only(ApiGroup.SPLIT)
    (step,) = house.play(HALVES, folder="traffic-split").steps
    assert step.converged
    assert not lit(house, "TrafficTarget")
    assert [leads_to(one) for one in lit(house, "TrafficSplit")] == ["beacon-blue"]
