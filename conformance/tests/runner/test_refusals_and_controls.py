"""A refusal is evidence only beside a control; whoever is down is blamed on no mesh."""

import itertools

import pytest

from conformance.errors import NotReadyError
from conformance.model.traffic import HttpRequest, Receipt, TcpRequest
from conformance.model.verdict import Verdict
from conformance.spec import ApiGroup
from conformance.tests.doubles.playhouse import GRANT, HALVES, NOTHING, OPEN_WEBSITES, REVOKED

OUTSIDER = """
  - name: nobody is listed
    ask: {from: [outside/outsider], to: [shop], requests: [GET /metrics]}
"""


def never(house, *pairs):
    """Let calls of these symbolic (source, Service) pairs reach nobody, whatever is granted."""
    closed = {(house.key(source), f"{house.key(to).partition('/')[2]}.") for source, to in pairs}

    def rule(source, call):
        if any(source == one and call.host.startswith(host) for one, host in closed):
            return {}
        return house.mesh.by_the_book(source, call)

    house.mesh.rule = rule


def listen_late(house, *, lag):
    """Let the mesh know what the cluster held *lag* seconds ago."""
    known = [(-lag, ())]

    def heard():
        known.append((house.clock.time, house.cluster.policy()))
        return [policy for since, policy in known if since <= house.clock.time - lag][-1]

    house.mesh.heard = heard


def after_the_last_step(house, verb):
    """Split what the journal says of *verb*: what came after the second measurement."""
    at = [number for number, one in enumerate(house.journal.entries) if one.verb == "measure"][1]
    return [one.about for one in house.journal.entries[at:] if one.verb == verb]


def cells(calls):
    """Name whom calls went to, from whom."""
    return [
        (source.partition("/")[2], call.host.partition(".")[0], call.port, call.request)
        for source, call in calls
    ]


def test_refusal_that_a_control_opens_passes(house):
    """A caller that is refused, and let through when it is granted, was refused by policy."""
    assert house.play(GRANT).verdict is Verdict.PASSED


def test_refusal_without_its_control_is_inconclusive(house):
    """A path that no grant opens may just be broken: its refusal never counts as a pass."""
    never(house, ("here/client-b", "here/shop"))
    result = house.play(GRANT)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "has no control" in result.headline


def test_refusal_that_was_delivered_late_fails(house):
    """A call that its caller saw refused, and that reached the application all the same, got through."""
    asked = []
    house.journal.obstacle = lambda verb, about: asked.append(about) if verb == "measure" else None

    def late(_receivers):
        call = next(call for source, call in asked[0] if source == house.key("here/client-b"))
        return {
            call.id: (Receipt(call_id=call.id, responder=house.key("here/shop"), port=8080, protocol="http"),)
        }

    house.prober.late = late
    result = house.play(GRANT)
    assert result.verdict is Verdict.FAILED
    assert "client-b" in result.headline


def test_pods_that_have_not_joined_are_judged_by_nobody(house):
    """Without its proxy a pod shows the bare cluster: no verdict, however the calls would go."""

    def obstacle(verb, _about):
        if verb == "joined":
            raise NotReadyError("shop has not joined", "pod here/shop-0", "see the injector's log")

    house.journal.obstacle = obstacle
    result = house.play(GRANT)
    assert result.verdict is Verdict.ERRORED
    assert "has not joined" in result.headline
    assert house.journal.about("measure") == []


def test_refused_destination_that_is_down_is_errored(house):
    """A granted call to an app that does not answer past the mesh either says nothing about the mesh."""
    house.prober.dead.add(house.key("here/shop"))
    result = house.play(GRANT)
    assert result.verdict is Verdict.ERRORED
    assert "not shown to be alive" in result.headline
    assert result.trouble.code == "unsound-evidence"


def test_refused_destination_that_is_alive_fails(house):
    """The same call to an app that answers past the mesh contradicts the grant."""
    never(house, ("here/client-a", "here/shop"))
    result = house.play(GRANT)
    assert result.verdict is Verdict.FAILED
    assert "both ends answered past the mesh" in result.headline


def test_app_whose_channel_is_gone_at_the_end_is_not_alive(house):
    """That an app cannot be asked whether it lives is no error of its own, but no life either."""
    never(house, ("here/client-a", "here/shop"))
    house.journal.obstacle = lambda verb, about: verb == "ping" and house.prober.gone.add(about)
    result = house.play(GRANT)
    assert result.verdict is Verdict.ERRORED
    assert "not shown to be alive" in result.headline


def test_split_whose_backend_is_down_is_errored(house):
    """A share that is missing because a backend is down is blamed on no mesh."""
    house.prober.dead.add(house.key("here/website-v2"))
    result = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert result.verdict is Verdict.ERRORED


def test_split_whose_backends_are_alive_fails(house):
    """The same shares with everybody alive contradict the split."""
    house.mesh.rule = lambda source, call: (
        {house.key("here/website-v1"): 1} if call.id == "burst" else house.mesh.by_the_book(source, call)
    )
    result = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert result.verdict is Verdict.FAILED


def test_silence_at_a_split_is_controlled_at_the_end(house):
    """A split whose backends may not be reached is silent, and speaks once its path is opened."""
    result = house.play(HALVES, folder="traffic-split")
    assert result.verdict is Verdict.PASSED
    assert "control: opening what was refused" in house.told


def test_silence_at_a_split_needs_a_control(house):
    """Where the path stays silent when it is opened, as that of a broken mesh does, silence shows nothing."""
    never(house, ("here/client-a", "here/website"))
    result = house.play(HALVES, folder="traffic-split")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no control shows that it can" in result.headline


def test_silence_at_a_split_is_controlled_by_a_call_on_the_same_path(house):
    """Where the same caller reached the same Service in another step, silence is a refusal."""
    opened = """
  - name: website-v1 is granted
    apply:
      - HTTPRouteGroup: routes
        matches: [{name: all, pathRegex: ".*", methods: ["*"]}]
      - TrafficTarget: website
        destination: website-v1
        sources: [client-a]
        rules: [{HTTPRouteGroup: routes}]
      - {TrafficSplit: website, service: website, backends: {website-v1: 1}}
    ask: {from: [client-a], to: [website], requests: [GET /]}
"""
    closed = HALVES.replace("    split:", "    delete: [TrafficTarget website]\n    split:")
    result = house.play(opened, closed, folder="traffic-split")
    assert result.verdict is Verdict.PASSED


def test_control_waits_for_the_mesh_too(house):
    """A mesh that takes its time to open what was refused is given as long as for any change."""
    listen_late(house, lag=0.02)
    result = house.play(GRANT)
    assert result.verdict is Verdict.PASSED
    assert "control: opening what was refused" in house.told


def test_control_waits_for_everybody_behind_a_service(house):
    """Of three pods that take turns the third opens late: two that are open do not end the wait."""
    asked = itertools.count()

    def rule(source, call):
        is_control = getattr(call.request, "path", "") == "/control"
        if is_control and (number := next(asked)) % 3 == 2 and number < 9:
            return {}
        return house.mesh.by_the_book(source, call)

    house.mesh.rule = rule
    step = """
  - name: nobody is listed
    ask: {from: [client-b], to: [website], requests: [GET /]}
"""
    assert house.play(step).verdict is Verdict.PASSED


def test_control_comes_last_and_asks_the_unproven_paths_only(house):
    """After the last step, each path that was refused and never used is asked once; no other is."""
    house.play(GRANT, REVOKED)
    (control,) = after_the_last_step(house, "measure")[1:]
    assert cells(control) == [("client-b", "shop", 8080, HttpRequest(path="/control"))]


def test_control_deletes_the_scenario_first(house):
    """When the control's grants are applied, nothing of the scenario is left that could let a call through."""
    left = []
    house.journal.obstacle = lambda verb, about: (
        left.append(house.cluster.policy())
        if verb == "apply" and any(one.name.startswith("control-") for one in about)
        else None
    )
    house.play(GRANT, REVOKED)
    assert left == [()]


def test_control_leaves_what_is_open_for_the_whole_scenario(house):
    """Grants under ``open`` belong to the scenario's surroundings and stay through its control."""
    house.play(GRANT, REVOKED, head="open: [client-a -> bank]")
    before, *_ = after_the_last_step(house, "delete")
    assert before
    assert not any(ref.name.startswith("open-") for ref in before)


def test_control_of_raw_tcp_is_raw_tcp(house):
    """A refusal on a TCP port is opened by TCP and shown with a line that is no HTTP."""
    step = """
  - name: nobody is listed
    ask: {from: [client-b], to: [shop], ports: [8300], requests: [TCP]}
"""
    result = house.play(step, head="needs: [tcp]")
    assert result.verdict is Verdict.PASSED
    assert cells(house.journal.about("measure")[-1]) == [("client-b", "shop", 8300, TcpRequest())]


def test_mesh_whose_grants_do_not_add_up_is_shown_each_control(house):
    """Two callers of one destination are opened one after the other, so neither hangs on the other's grant."""

    def rule(source, call):
        targets = [one for one in house.cluster.policy() if one.kind == "TrafficTarget"]
        shop = [one for one in targets if one.body["spec"]["destination"]["name"] == "shop"]
        known = [one for one in house.cluster.policy() if one not in shop[1:]]
        house.mesh.heard = lambda: tuple(known)
        return house.mesh.by_the_book(source, call)

    house.mesh.rule = rule
    step = NOTHING.replace("client-a", "client-a, client-b").replace("[shop]", "[shop, bank]")
    assert house.play(step).verdict is Verdict.PASSED
    first, second = house.journal.about("measure")[1:]
    assert [one[:2] for one in cells(first)] == [("client-a", "shop"), ("client-a", "bank")]
    assert [one[:2] for one in cells(second)] == [("client-b", "shop"), ("client-b", "bank")]


def test_source_outside_the_mesh_has_a_pair_as_control(house):
    """Nothing can be granted to it: it reaches a place outside the mesh, and a meshed caller the port."""
    result = house.play(OUTSIDER, head="needs: [unmeshed]")
    assert result.verdict is Verdict.PASSED
    assert [one[:3] for one in cells(house.journal.about("measure")[-1])] == [
        ("outsider", "outsider", 8080),
        ("client-a", "shop", 8080),
    ]
    granted = [one for some in house.journal.about("apply") for one in some if one.kind == "TrafficTarget"]
    assert not any("outsider" in one.name for one in granted)


@pytest.mark.parametrize(
    "pair, missing",
    [
        (("outside/outsider", "outside/outsider"), "reached nothing else outside the mesh"),
        (("here/client-a", "here/shop"), "nobody reached"),
    ],
)
def test_half_a_pair_is_no_control(house, pair, missing):
    """With either half of the pair missing, the refusal of a source outside the mesh is inconclusive."""
    never(house, pair)
    result = house.play(OUTSIDER, head="needs: [unmeshed]")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert missing in result.headline


def test_mesh_without_access_control_gets_no_control(house):
    """Where nothing can be refused, nothing is opened after the last step."""
    house.serve_only(ApiGroup.SPLIT)
    result = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert result.verdict is Verdict.PASSED
    assert not any(one.kind == "TrafficTarget" for some in house.journal.about("apply") for one in some), (
        "no grant was written for a mesh that serves none"
    )
    assert "measure" not in house.journal.verbs()
