"""A split under test, from the first batch to the verdict."""

import random
from collections import Counter
from fractions import Fraction
from itertools import cycle, islice

import pytest

from conformance.judge import ShareTest, SplitSettings
from conformance.judge.shares import _ratio_tests
from conformance.model.expectation import Spread
from conformance.model.verdict import Verdict
from conformance.tests.doubles.witnesses import a_sample

A, B, C = "here/a", "here/b", "here/c"
_QUICK = SplitSettings(alpha=0.05, beta=0.05, distance=0.2)
"""Coarse rates, so that a few hundred simulated runs can show that the bounds hold."""


def _spread(weights, **changes):
    total = sum(weights.values())
    shares = {key: Fraction(weight, total) for key, weight in weights.items() if weight}
    fields = {"shares": shares, "among": frozenset(shares), "because": "TrafficSplit here/rollout"}
    return Spread(**{**fields, **changes})


def _loose(*among, required=(), **changes):
    return _spread({}, among=frozenset(among), shares=None, required=frozenset(required), **changes)


def _run(spread, true, seed, settings=None):
    draw, test = random.Random(seed), ShareTest(spread, "here/web:8080", settings)
    while not test.decided:
        answers = draw.choices(list(true), list(true.values()), k=test.calls_wanted())
        test.add(a_sample(Counter(answers)))
    return test


def _verdicts(spread, true, runs, settings=None):
    return Counter(_run(spread, true, seed, settings).judgement().verdict for seed in range(runs))


_HALVES = _spread({A: 1, B: 1})
_SPLITS = [{A: 50, B: 50}, {A: 90, B: 10}, {A: 1, B: 2}, {A: 5, B: 3, C: 2}, {A: 999, B: 1}]


@pytest.mark.parametrize("weights", _SPLITS)
def test_exact_shares_pass(weights):
    """Random choices with the very shares never fail, and end well before the patience does."""
    assert _verdicts(_spread(weights), weights, 20) == {Verdict.PASSED: 20}


@pytest.mark.parametrize("weights", _SPLITS)
def test_shares_five_points_off_fail(weights):
    """Or all that a rare backend has, which is less than five points."""
    rarest = min(weights, key=weights.__getitem__)
    total = sum(weights.values())
    moved = min(total / 20, weights[rarest])
    wrong = {**weights, rarest: weights[rarest] - moved, A: weights[A] + moved}
    if rarest == A:
        wrong = {**weights, A: weights[A] - moved, B: weights[B] + moved}
    assert _verdicts(_spread(weights), wrong, 20) == {Verdict.FAILED: 20}


@pytest.mark.parametrize("weights", _SPLITS[:4])
def test_shares_half_as_far_off_end_one_way_or_another(weights):
    """Between the hypotheses nothing is promised but an end."""
    total = sum(weights.values())
    wrong = {**weights, A: weights[A] - total / 40, B: weights[B] + total / 40}
    assert sum(_verdicts(_spread(weights), wrong, 4).values()) == 4


@pytest.mark.parametrize(
    ("true", "verdict"), [({A: 1, B: 1, C: 2}, Verdict.PASSED), ({A: 1, B: 1, C: 1}, Verdict.FAILED)]
)
def test_share_of_a_service_is_that_of_all_its_workloads(true, verdict):
    """Two pods against one, half and half: neither a third nor a quarter is asked of each."""
    halves = _spread(
        {"here/web": 1, C: 1}, among=frozenset({A, B, C}), behind={"here/web": frozenset({A, B})}
    )
    judged = _run(halves, true, 1).judgement()
    assert judged.verdict is verdict
    assert "share of here/web at" in " ".join(one.subject for one in judged.findings)


def test_false_alarms_and_misses_stay_below_their_bounds():
    """With rates of 1 in 20, 600 runs each stay below them, by more than chance allows to hide."""
    runs = 600
    alarms = _verdicts(_HALVES, {A: 0.5, B: 0.5}, runs, _QUICK)[Verdict.FAILED]
    misses = _verdicts(_HALVES, {A: 0.7, B: 0.3}, runs, _QUICK)[Verdict.PASSED]
    assert alarms <= 0.05 * runs
    assert misses <= 0.05 * runs


@pytest.mark.parametrize("weights", _SPLITS)
def test_round_robin_passes(weights):
    """A mesh that deals calls out by turns agrees sooner than chance does."""
    turn = [key for key, weight in weights.items() for _ in range(weight)]
    answers, test = cycle(turn), ShareTest(_spread(weights), "here/web:8080")
    while not test.decided:
        test.add(a_sample(Counter(islice(answers, test.calls_wanted()))))
    assert test.judgement().verdict is Verdict.PASSED


@pytest.mark.parametrize("true", [{A: 2, B: 1}, {A: 1, B: 0}, {A: 60, B: 40}])
def test_usual_faults_fail_within_the_first_batches(true):
    """Swapped, ignored and wrong weights are found with fewer calls than an agreement takes on average."""
    test = _run(_HALVES, true, 1)
    assert test.judgement().verdict is Verdict.FAILED
    assert test.calls < 5000


def test_weight_of_one_in_a_thousand_is_neither_lost_nor_rounded_up():
    """Nothing at all and one percent are both found."""
    spread = _spread({A: 999, B: 1})
    assert _verdicts(spread, {A: 1}, 3) == {Verdict.FAILED: 3}
    assert _verdicts(spread, {A: 99, B: 1}, 3) == {Verdict.FAILED: 3}


def test_alpha_is_shared_out_among_all_tests():
    """Two sides of three shares are six tests, which together fail exact shares no more often than stated."""
    tests = _ratio_tests(_spread({A: 5, B: 3, C: 2}), SplitSettings())
    assert sum(test.alpha for test in tests.values()) == pytest.approx(SplitSettings().alpha)


def test_alternative_that_was_ruled_out_stays_so():
    """A look that decides one side holds, even where later calls alone would leave that side open again."""
    test = ShareTest(_HALVES, "here/web:8080")
    test.add(a_sample({A: 900, B: 1100}))
    assert not test.decided
    test.add(a_sample({A: 2250, B: 1750}))
    assert test.judgement().verdict is Verdict.PASSED


def test_single_backend_takes_enough_calls_to_see_a_leak():
    """Share 1 passes after as many calls as show a leak of one percent with power 0.999."""
    test = ShareTest(_spread({A: 1, B: 0}), "here/web:8080")
    assert test.calls_wanted() == 688
    test.add(a_sample({A: 687}))
    assert not test.decided
    test.add(a_sample({A: 1}))
    assert test.decided
    assert test.judgement().verdict is Verdict.PASSED


@pytest.mark.parametrize("stray", [a_sample({A: 9, B: 1}), a_sample({A: 10}, receipts={A: 10, B: 1})])
def test_one_call_at_a_workload_that_should_get_nothing_fails_at_once(stray):
    """By the caller's account or by the receiver's alone; no statistics are needed for what must never be."""
    test = ShareTest(_spread({A: 1, B: 0}), "here/web:8080")
    test.add(stray)
    assert test.decided
    judgement = test.judgement()
    assert judgement.verdict is Verdict.FAILED
    assert judgement.findings[0].observed == "it received 1 of 10"


def test_lost_call_fails_where_everybody_is_alive():
    """A split gives shares to backends, not to nobody; a backend that is down is no fault of the mesh."""
    test = ShareTest(_HALVES, "here/web:8080")
    test.add(a_sample({A: 50, B: 49}, lost=1))
    assert test.decided
    assert test.judgement(frozenset({A, B})).verdict is Verdict.FAILED
    assert test.judgement(frozenset({A})).verdict is Verdict.ERRORED


def test_backend_that_is_down_is_no_evidence_of_a_wrong_share():
    """It is an error of the environment, with or without lost calls."""
    test = _run(_HALVES, {A: 1}, 1)
    assert test.judgement(frozenset({A})).verdict is Verdict.ERRORED
    assert test.judgement(frozenset({A, B})).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "odd", [{"receipts": {A: 400, B: 401}}, {"duplicates": 1}, {"unwitnessed": 1}, {"receipts": {A: 400}}]
)
def test_receipts_that_disagree_with_replies_are_inconclusive(odd):
    """Neither count can then be trusted."""
    test = ShareTest(_loose(A, B, required=[A, B]), "here/web:8080")
    test.add(a_sample({A: 400, B: 400}, **odd))
    assert test.judgement().verdict is Verdict.INCONCLUSIVE


def test_everybody_required_has_to_be_seen():
    """Without shares, a mixture passes; who is never seen fails it once enough calls were sent."""
    test = ShareTest(_loose(A, B, required=[A, B]), "here/web:8080")
    wanted = test.calls_wanted()
    test.add(a_sample({A: wanted - 1, B: 1}))
    assert test.judgement().verdict is Verdict.PASSED
    lopsided = ShareTest(_loose(A, B, required=[A, B]), "here/web:8080")
    lopsided.add(a_sample({A: wanted}))
    assert lopsided.judgement().verdict is Verdict.FAILED
    assert lopsided.judgement(frozenset({A})).verdict is Verdict.ERRORED


def test_what_the_text_leaves_open_is_recorded():
    """Nobody is required: any of them may answer and calls may fail, but a stranger may not."""
    spread = _loose(A, B, may_fail=True)
    fine, stray = (ShareTest(spread, "here/web:8080") for _ in range(2))
    fine.add(a_sample({B: 400}, lost=400))
    stray.add(a_sample({B: 400, C: 1}, lost=399))
    assert fine.judgement().verdict is Verdict.PASSED
    assert "recorded, not judged: here/b 400 of 800" in fine.judgement().findings[0].observed
    assert stray.judgement().verdict is Verdict.FAILED


def test_silence_needs_a_control():
    """A mesh that is down answers nobody either, so silence alone is inconclusive."""
    test = ShareTest(_loose(may_fail=True), "here/web:8080")
    test.add(a_sample({}, lost=test.calls_wanted()))
    assert test.decided
    assert test.judgement().verdict is Verdict.INCONCLUSIVE
    assert test.judgement(controlled=True).verdict is Verdict.PASSED


def test_batch_that_cannot_be_sent_ends_the_test_as_an_error():
    """Otherwise a caller that is stuck would be asked for ever."""
    test = ShareTest(_loose(A, may_fail=True), "here/web:8080")
    test.add(a_sample({}, calls=100, unsent=100))
    assert test.decided
    assert test.calls_wanted() == 0
    assert test.judgement().verdict is Verdict.ERRORED


def test_patience_ends_a_test_with_an_interval():
    """Between the hypotheses a test may never be sure; then the finding says where the share lies."""
    settings = SplitSettings(patience=1.0)
    test = ShareTest(_HALVES, "here/web:8080", settings)
    while not test.decided:
        wanted = test.calls_wanted()
        hits = round((test.calls + wanted) * 0.5255) - round(test.calls * 0.5255)
        test.add(a_sample({A: hits, B: wanted - hits}))
    judgement = test.judgement()
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "which decides nothing" in judgement.findings[0].observed


def test_test_that_was_never_fed_is_an_error():
    """Nothing sent is no pass."""
    assert ShareTest(_HALVES, "here/web:8080").judgement().verdict is Verdict.ERRORED


def test_findings_say_what_was_tested_and_how():
    """Each share has its finding, with rule, counts and the statistics they rest on."""
    findings = _run(_HALVES, {A: 0.5, B: 0.5}, 1).judgement().findings
    assert [one.subject for one in findings] == [
        "share of here/a at here/web:8080",
        "share of here/b at here/web:8080",
    ]
    assert findings[0].expected == "here/a answers 50.00% of the calls"
    assert findings[0].because == "TrafficSplit here/rollout"
    assert "alpha = 1e-06 for all together, power 0.999" in findings[0].statistics
