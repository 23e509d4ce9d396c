"""Steps that replace pods: the order of things, what old pods prove of new ones, and what happens if none comes."""

from conformance.errors import NotReadyError
from conformance.model.manifest import ObjectRef
from conformance.model.traffic import Receipt
from conformance.model.verdict import Verdict
from conformance.tests.doubles.playhouse import GRANT

REPLACED = """
  - name: shop has a new pod
    replace_pods: [shop]
    ask: {from: [client-a, client-b], to: [shop], requests: [GET /metrics]}
"""
NEW_CALLER = """
  - name: client-b has a new pod
    replace_pods: [client-b]
    ask: {from: [client-b], to: [shop], requests: [GET /metrics]}
"""


def shop(house):
    """Name what makes the shop's pods."""
    namespace, _, name = house.key("here/shop").partition("/")
    return ObjectRef("Deployment", namespace, name)


def test_pods_go_before_their_successors_come(house):
    """What makes them is deleted, then applied again, ready before anybody asks, under the same policy."""
    result = house.play(GRANT, REPLACED)
    assert result.verdict is Verdict.PASSED, result.headline
    told = [
        (one.verb, one.about)
        for one in house.journal.entries
        if (one.verb == "delete" and shop(house) in one.about)
        or (one.verb == "apply" and any(each.ref == shop(house) for each in one.about))
        or (one.verb == "ready" and one.about == {house.key("here/shop")})
        or one.verb == "measure"
    ]
    assert [verb for verb, _ in told][:6] == ["apply", "measure", "delete", "apply", "ready", "measure"]
    assert any("replacing pods" in words for words in house.told)
    assert [
        step.manifests.startswith("# before: new pods of here-run-1/shop\n") for step in result.steps
    ] == [False, True]


def test_mesh_that_forgets_new_pods_fails(house):
    """The step asks what the last one asked, and a successor that is refused everything is found out."""
    known = []

    def rule(source, call):
        now = [one.address for one in house.cluster.pods() if one.workload == house.key("here/shop")]
        known[:] = known or now
        return house.mesh.by_the_book(source, call) if now == known else {}

    house.mesh.rule = rule
    result = house.play(GRANT, REPLACED)
    assert result.verdict is Verdict.FAILED
    assert "client-a" in result.headline


def test_old_pod_proves_nothing_of_the_new_one(house):
    """client-b got through before and is refused now: that its new pod can get through has to be shown anew."""
    opened = GRANT.replace("sources: [client-a]", "sources: [client-a, client-b]").replace(
        "[client-a, client-b], to", "[client-b], to"
    )
    closing = NEW_CALLER.replace(
        "replace_pods: [client-b]", "delete: [TrafficTarget shop]\n    replace_pods: [client-b]"
    )
    assert house.play(opened, closing).verdict is Verdict.PASSED
    measured = [{source.partition("/")[2] for source, _ in one} for one in house.journal.about("measure")]
    assert measured == [{"client-b"}, {"client-b"}, {"client-b"}]  # the third is the control


def test_receipts_are_gathered_before_their_pod_goes(house):
    """What came late is on record with the pod that received it, and would be lost with it."""
    asked = []
    house.journal.obstacle = lambda verb, about: asked.append((verb, about))

    def late(_receivers):
        if ("delete", (shop(house),)) in asked:
            return {}
        calls = next(about for verb, about in asked if verb == "measure")
        refused = next(call for source, call in calls if source == house.key("here/client-b"))
        return {
            refused.id: (
                Receipt(call_id=refused.id, responder=house.key("here/shop"), port=8080, protocol="http"),
            )
        }

    house.prober.late = late
    result = house.play(GRANT, REPLACED)
    assert result.verdict is Verdict.FAILED
    assert "client-b" in result.headline


def test_pod_that_does_not_go_is_an_error_and_comes_back(house):
    """Nobody is blamed for it, and the next scenario finds the workload as it was."""
    right = house.cluster.delete
    house.cluster.delete = lambda refs: right(one for one in refs if one.kind != "Deployment")
    result = house.play(GRANT, REPLACED)
    house.cluster.delete = right
    assert result.verdict is Verdict.ERRORED
    assert "did not go within" in result.headline
    assert house.play(GRANT).verdict is Verdict.PASSED


def test_successor_that_is_not_ready_is_an_error(house):
    """So is one that does not come up."""
    house.journal.fail("ready", NotReadyError("shop is not ready", "the test", "as scripted"), after=1)
    result = house.play(GRANT, REPLACED)
    assert result.verdict is Verdict.ERRORED
    assert house.play(GRANT).verdict is Verdict.PASSED
