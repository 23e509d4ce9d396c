"""The sequential test of one share, and its arithmetic."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from conformance.judge import SplitSettings
from conformance.judge.ratio import Decision, RatioTest, alternatives, calls_to_see

_SHARES = (0.001, 0.01, 0.1, 0.3, 1 / 3, 0.5, 2 / 3, 0.9, 0.999)


def _tests(alpha=1e-6 / 4, beta=1e-3):
    settings = SplitSettings()
    for share in _SHARES:
        for other in alternatives(share, settings.distance, settings.fold):
            yield RatioTest(expected=share, alternative=other, alpha=alpha, beta=beta)


@pytest.mark.parametrize(
    ("share", "below", "above"),
    [(0.5, 0.45, 0.55), (0.1, 0.05, 0.15), (0.01, 0.001, 0.06), (0.001, 0.0001, 0.01), (0.95, 0.9, 0.995)],
)
def test_alternatives_are_five_points_or_tenfold_off(share, below, above):
    """Whichever is nearer, counted from the rarer side."""
    assert alternatives(share, 0.05, 10) == pytest.approx((below, above))


@given(st.floats(1e-6, 1 - 1e-6))
def test_alternatives_stay_between_nothing_and_everything(share):
    """On both sides of the share, and never at 0 or 1, where no ratio exists."""
    below, above = alternatives(share, 0.05, 10)
    assert 0 < below < share < above < 1


@given(st.integers(0, 400), st.integers(0, 400))
def test_log_ratio_is_that_of_the_two_binomial_likelihoods(hits, missed):
    """Checked against the exact likelihoods of scipy."""
    test, calls = RatioTest(expected=0.5, alternative=0.55, alpha=1e-6, beta=1e-3), hits + missed
    exact = binom.logpmf(hits, calls, 0.55) - binom.logpmf(hits, calls, 0.5)
    assert test.log_ratio(hits, calls) == pytest.approx(exact, abs=1e-6)


def test_bounds_hold_exactly():
    """The chance ever to cross a bound, added up call by call over all paths, stays below alpha and beta."""
    test = RatioTest(expected=0.5, alternative=0.75, alpha=0.05, beta=0.1)
    assert 0.01 < _ever(test, 0.5, Decision.DIFFERS) <= 0.05
    assert 0.03 < _ever(test, 0.75, Decision.AGREES) <= 0.1
    assert _ever(test, 0.85, Decision.AGREES) < _ever(test, 0.75, Decision.AGREES)


def _ever(test, share, wanted, longest=400):
    """Give the exact probability that *test* ends with *wanted*, if it looks after every call."""
    alive, ended = {0: 1.0}, 0.0
    for calls in range(1, longest + 1):
        following: dict[int, float] = {}
        for hits, weight in alive.items():
            for seen, chance in ((hits + 1, share), (hits, 1 - share)):
                decision = test.decide(seen, calls)
                if decision is Decision.OPEN:
                    following[seen] = following.get(seen, 0.0) + weight * chance
                elif decision is wanted:
                    ended += weight * chance
        alive = following
    assert sum(alive.values()) < 1e-6
    return ended


def test_fixed_number_of_calls_keeps_both_error_rates():
    """At that number some threshold meets alpha and beta, by scipy's exact binomial tails."""
    for test in _tests():
        calls = test.fixed_calls()
        if test.alternative > test.expected:
            threshold = binom.isf(test.alpha, calls, test.expected)
            missed = binom.cdf(threshold, calls, test.alternative)
        else:
            threshold = binom.ppf(test.alpha, calls, test.expected)
            missed = binom.sf(threshold - 1, calls, test.alternative)
        assert missed <= test.beta, test


def test_exact_shares_hardly_ever_exhaust_the_patience():
    """At the cap, the chance of not having agreed yet is below alpha for every share."""
    settings = SplitSettings()
    for test in _tests():
        calls = int(settings.patience * test.fixed_calls())
        per_hit = test.log_ratio(1, 1) - test.log_ratio(0, 1)
        last = (log(test.beta) - test.log_ratio(0, calls)) / per_hit
        undecided = (
            binom.sf(last, calls, test.expected) if per_hit > 0 else binom.cdf(last, calls, test.expected)
        )
        assert undecided < settings.alpha, test


def test_calls_to_see_leave_the_stated_chance_of_missing():
    """With one call fewer the chance would be larger."""
    calls = calls_to_see(0.01, 1e-3)
    assert 0.99**calls <= 1e-3 < 0.99 ** (calls - 1)
    assert calls_to_see(0.5, exp(-10)) == 15
