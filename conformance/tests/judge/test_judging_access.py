"""A truth table against what was witnessed."""

import pytest

from conformance.judge import ControlSet, judge_access
from conformance.model.expectation import Access, Expected
from conformance.model.traffic import AddressForm, Ending
from conformance.model.verdict import Verdict
from conformance.tests.doubles.asking import a_cell
from conformance.tests.doubles.small_world import a_topology
from conformance.tests.doubles.witnesses import a_witnessed, let_through, refused

SHOP = "here/shop"
CELL, OTHER = a_cell(request="GET /a"), a_cell(request="GET /b")
OUTSIDE = a_cell("outside/outsider")


def _judged(expected, witnessed, proofs=(), alive=(), by_responder=None, cell=CELL):
    table = {cell: Expected(access=expected, because="the rule")}
    controls = ControlSet.of(proofs, a_topology(), alive)
    return judge_access(table, witnessed, controls, by_responder)


def _verdict(*arguments, **options):
    return _judged(*arguments, **options).verdict


def test_refusal_with_a_control_passes():
    """Another request on the same path got through in this scenario, so the path is open."""
    assert _verdict(Access.DENIED, [refused(CELL)] * 3, [let_through(OTHER)]) is Verdict.PASSED


@pytest.mark.parametrize(
    "proof",
    [
        a_cell("client-b"),
        a_cell(port=9090),
        a_cell(target="bank"),
    ],
)
def test_refusal_without_a_control_is_inconclusive(proof):
    """Another source, port or Service proves nothing about this path; the finding names the path."""
    judgement = _judged(Access.DENIED, [refused(CELL)], [let_through(proof)])
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "no call of this scenario got through on here/client-a -> here/shop:8080" in (
        judgement.findings[0].observed
    )


def test_refused_call_is_no_control():
    """Only a call that got through proves a path."""
    assert _verdict(Access.DENIED, [refused(CELL)], [refused(OTHER)]) is Verdict.INCONCLUSIVE


def test_control_by_name_serves_for_the_pods_address():
    """The form of address is not part of the path."""
    pod = a_cell(form=AddressForm.POD)
    assert _verdict(Access.DENIED, [refused(pod)], [let_through(OTHER)], cell=pod) is Verdict.PASSED


def test_control_of_a_caller_outside_the_mesh_is_a_pair():
    """It reached something else outside the mesh, and somebody reached the port that it was refused."""
    away = let_through(a_cell("outside/outsider", "outside/outsider"), "outside/outsider")
    there = let_through(a_cell("client-b"))
    calls = [refused(OUTSIDE)]
    assert _verdict(Access.DENIED, calls, [away, there], cell=OUTSIDE) is Verdict.PASSED
    for proofs, words in (
        ([away], "nobody reached here/shop:8080"),
        ([there], "reached nothing else outside"),
    ):
        judgement = _judged(Access.DENIED, calls, proofs, cell=OUTSIDE)
        assert judgement.verdict is Verdict.INCONCLUSIVE
        assert words in judgement.findings[0].observed


def test_other_callers_outside_the_mesh_are_no_control():
    """That somebody else reached a place outside the mesh does not show that this caller can."""
    away = let_through(a_cell("client-b", "outside/outsider"), "outside/outsider")
    proofs = [away, let_through(a_cell("client-b"))]
    assert _verdict(Access.DENIED, [refused(OUTSIDE)], proofs, cell=OUTSIDE) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "arrived",
    [
        let_through(CELL),
        a_witnessed(CELL, status=403, received_by=[SHOP]),
        a_witnessed(CELL, ending=Ending.TIMED_OUT, received_by=[SHOP, SHOP]),
    ],
)
def test_delivery_of_what_is_denied_fails_and_names_who_got_it(arrived):
    """A receipt is proof, whatever the caller saw and however many calls were refused."""
    judgement = _judged(Access.DENIED, [refused(CELL), arrived, refused(CELL)])
    assert judgement.verdict is Verdict.FAILED
    assert "received by here/shop" in judgement.findings[0].observed


def test_all_repeats_of_a_grant_have_to_pass():
    """One refusal among answers fails where both ends are alive, and is an error where they are not."""
    calls = [let_through(CELL), refused(CELL), let_through(CELL)]
    assert _verdict(Access.ALLOWED, [let_through(CELL)] * 3) is Verdict.PASSED
    assert _verdict(Access.ALLOWED, calls, alive=[SHOP]) is Verdict.FAILED
    assert _verdict(Access.ALLOWED, calls, alive=["here/bank"]) is Verdict.ERRORED


def test_answer_that_never_came_back_breaks_a_grant():
    """A call that arrived and whose answer was lost is not a call that was let through."""
    lost = a_witnessed(CELL, ending=Ending.RESET, received_by=[SHOP])
    assert _verdict(Access.ALLOWED, [lost], alive=[SHOP]) is Verdict.FAILED


@pytest.mark.parametrize("access", list(Access))
def test_name_that_does_not_resolve_is_an_error(access):
    """Nothing was tried, so it neither passes as a refusal nor fails as one."""
    judgement = _judged(access, [refused(CELL, Ending.NAME_UNKNOWN)], [let_through(OTHER)], [SHOP])
    assert judgement.verdict is Verdict.ERRORED
    assert "name does not resolve" in judgement.findings[0].observed


@pytest.mark.parametrize("access", list(Access))
def test_contradiction_is_inconclusive(access):
    """An application's answer without a receipt proves neither delivery nor refusal."""
    odd = a_witnessed(CELL, answered_by=SHOP)
    assert _verdict(access, [odd], [let_through(OTHER)], [SHOP]) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("calls", [[let_through(CELL)] * 2, [refused(CELL)] * 2])
def test_open_cell_is_recorded(calls):
    """Either steady answer passes, and the finding says what was seen."""
    judgement = _judged(Access.OPEN, calls)
    assert judgement.verdict is Verdict.PASSED
    assert "2 of 2" in judgement.findings[0].observed
    assert "recorded, not judged" in judgement.findings[0].observed


def test_open_cell_with_a_mixture_or_a_lost_answer_is_inconclusive():
    """Open is not "anything": one request has one answer."""
    lost = a_witnessed(CELL, status=403, received_by=[SHOP])
    assert _verdict(Access.OPEN, [let_through(CELL), refused(CELL)]) is Verdict.INCONCLUSIVE
    assert _verdict(Access.OPEN, [lost]) is Verdict.INCONCLUSIVE


def _only_shop(cell, responder, port):
    granted = responder == SHOP
    return Expected(
        access=Access.ALLOWED if granted else Access.DENIED, because=f"{responder} is not granted"
    )


def test_mixture_is_right_where_only_the_granted_of_several_answers():
    """Behind one Service stand a granted workload and another: refusals are the other's share."""
    calls = [let_through(CELL), refused(CELL)]
    assert _verdict(Access.OPEN, calls, by_responder=_only_shop) is Verdict.PASSED


@pytest.mark.parametrize("access", list(Access))
def test_call_at_the_wrong_workload_fails_whatever_the_cell_says(access):
    """The reason is the rule against the workload that received it."""
    stray = let_through(CELL, "here/bank")
    judgement = _judged(access, [let_through(CELL), stray], alive=[SHOP], by_responder=_only_shop)
    assert judgement.verdict is Verdict.FAILED
    assert judgement.findings[0].because == "here/bank is not granted"


def test_failure_between_two_workloads_outside_is_no_failure_of_the_mesh():
    """A pod that cannot call itself through its Service, as on some networks, is the cluster's own trouble."""
    cell = a_cell("outside/outsider", "outside/outsider")
    judgement = _judged(Access.ALLOWED, [refused(cell)], alive=["outside/outsider"], cell=cell)
    assert judgement.verdict is Verdict.ERRORED
    assert "both ends are outside the mesh" in judgement.findings[0].observed
    assert _verdict(Access.ALLOWED, [let_through(cell, "outside/outsider")], cell=cell) is Verdict.PASSED


def test_cell_without_a_witness_and_witness_without_a_cell_are_errors():
    """A plan and a table that do not fit say nothing about the mesh."""
    assert _verdict(Access.DENIED, []) is Verdict.ERRORED
    judgement = _judged(Access.ALLOWED, [let_through(CELL), let_through(OTHER)])
    assert [one.verdict for one in judgement.findings] == [Verdict.PASSED, Verdict.ERRORED]


def test_empty_table_is_an_error():
    """A step that asks nothing cannot pass."""
    assert judge_access({}, [], ControlSet.of([], a_topology())).verdict is Verdict.ERRORED
