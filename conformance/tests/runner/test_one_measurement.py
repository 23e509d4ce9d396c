"""Waiting is not measuring: what decides is asked once, after the wait, however the wait ended."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from conformance.model.verdict import Verdict
from conformance.runner.measure import _SPREAD as SPREAD
from conformance.runner.measure import _TASTE as TASTE
from conformance.runner.measure import REPEAT
from conformance.tests.doubles.playhouse import GRANT, HALVES, NOTHING, OPEN_WEBSITES, REVOKED

EVERYTHING = """
  - name: everybody is listed
    apply:
      - HTTPRouteGroup: routes
        matches: [{name: all, pathRegex: ".*", methods: ["*"]}]
      - TrafficTarget: shop
        destination: shop
        sources: [client-a, client-b]
        rules: [{HTTPRouteGroup: routes}]
    ask: {from: [client-a, client-b], to: [shop], requests: [GET /metrics]}
"""
"""A step that needs no control."""


UNSPLIT = """
  - name: the split is gone
    delete: [TrafficSplit website]
    split: {from: client-a, to: website, request: GET /}
"""
"""A step after `HALVES`."""


def by_verb(house, **wrong):
    """Let the mesh refuse everything but the beacon while this verb is asked: taste or measure."""

    def rule(source, call):
        verb = next(one.verb for one in reversed(house.journal.entries))
        refused = verb in wrong and not call.host.startswith("beacon.")
        return {} if refused else house.mesh.by_the_book(source, call)

    house.mesh.rule = rule


def test_every_step_is_measured_once(house):
    """Two steps are two measurements, and each asks every cell as often as it has to be asked at least."""
    house.play(EVERYTHING, EVERYTHING)
    measured = house.journal.about("measure")
    assert [len(calls) for calls in measured] == [2 * REPEAT, 2 * REPEAT]


def test_scenario_may_ask_more_often(house):
    """``repeat`` raises how often a cell is asked in the one measurement."""
    step = NOTHING.replace("ask: {", f"ask: {{repeat: {REPEAT + 4}, ")
    house.play(step)
    assert len(house.journal.about("measure")[0]) == REPEAT + 4


def test_connection_that_is_kept_carries_one_round(house):
    """Requests of a source follow each other on one connection; each round has its own."""
    house.play(EVERYTHING.replace("ask: {", "ask: {keep_alive: true, "))
    measured = house.journal.about("measure")
    assert [len(calls) for calls in measured] == [2] * REPEAT
    ids = {call.id for calls in measured for _, call in calls}
    plans = [one for one in house.prober.plans if ids & {call.id for call in one.calls}]
    assert {(one.connections, one.keep_alive) for one in plans} == {(1, True)}


def test_measurement_follows_the_wait(house):
    """Between the change and the measurement there is nothing but tasting."""
    house.play(EVERYTHING)
    verbs = house.journal.verbs()
    at = verbs.index("measure")
    last_change = max(number for number, verb in enumerate(verbs[:at]) if verb in {"apply", "delete"})
    assert set(verbs[last_change + 1 : at]) == {"taste"}


def test_failed_measurement_is_not_repeated(house):
    """Answers that agreed all through the wait and not when they were measured have failed."""
    by_verb(house, measure=True)
    result = house.play(EVERYTHING)
    assert result.verdict is Verdict.FAILED
    assert result.steps[0].converged
    assert house.journal.verbs().count("measure") == 1


def test_at_the_deadline_it_is_measured_anyway(house):
    """A mesh that never agrees is measured once at the deadline, and fails by that."""
    by_verb(house, measure=True, taste=True)
    result = house.play(EVERYTHING)
    (step,) = result.steps
    assert result.verdict is Verdict.FAILED
    assert not step.converged
    assert step.waited >= house.mesh.convergence.deadline
    assert house.journal.verbs().count("measure") == 1


def test_agreement_that_came_too_late_is_inconclusive(house):
    """What agrees at last, when it is measured, but never held before the deadline is no pass."""
    by_verb(house, taste=True)
    result = house.play(EVERYTHING)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert house.journal.verbs().count("measure") == 1
    assert "is denied, allowed is expected" in result.headline


def test_step_waits_for_the_whole_window(house):
    """Agreement is believed after the window, counted from the first answer that agreed."""
    (step,) = house.play(EVERYTHING).steps
    assert step.converged
    assert house.mesh.convergence.window <= step.waited < house.mesh.convergence.deadline


def test_later_step_is_judged_by_its_own_expectation(house):
    """Each step's expectation comes from the objects in force then."""
    result = house.play(GRANT, REVOKED)
    wanted = [[one.expected for one in step.findings] for step in result.steps]
    granted, refused = "every call is answered by the application", "no call reaches an application"
    assert wanted == [[granted, refused], [refused, refused]]


def test_split_is_sampled_until_it_is_sure_and_all_counts(house):
    """The batches after the wait make up one measurement: every call of them is in the step's count."""
    result = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    batches = [calls for calls in house.journal.about("sample") if calls != TASTE]
    assert result.verdict is Verdict.PASSED
    assert result.steps[0].calls == sum(batches)
    assert result.duration < timedelta(seconds=1)


def test_split_is_sampled_again_while_it_is_unsure(house):
    """A share near the border takes more batches, all of which count."""
    near = {house.key("here/website-v1"): Fraction(53, 100), house.key("here/website-v2"): Fraction(47, 100)}
    house.mesh.rule = lambda source, call: (
        near if call.id == "burst" else house.mesh.by_the_book(source, call)
    )
    (step,) = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES).steps
    batches = [calls for calls in house.journal.about("sample") if calls != TASTE]
    assert len(batches) > 1
    assert step.calls == sum(batches)


def test_plain_service_is_called_over_many_connections(house):
    """Whoever is behind it has to be met, and Kubernetes may choose once per connection; shares need no such care."""
    house.play(HALVES, UNSPLIT, folder="traffic-split", head=OPEN_WEBSITES)
    measured = [
        connections
        for connections, calls in zip(house.prober.connections, house.journal.about("sample"), strict=True)
        if calls != TASTE
    ]
    assert (measured[0], measured[-1]) == (8, SPREAD)


@pytest.mark.parametrize(("profile", "waited"), [(3, 5), (8, 8)])
def test_slow_mesh_is_given_its_time_in_splits_too(house, profile, waited):
    """What the profile says of one measured call holds for those of a split; none is given less than usual."""
    house.mesh.convergence = replace(house.mesh.convergence, measured_call=timedelta(seconds=profile))
    house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert set(house.prober.timeouts) == {timedelta(seconds=waited)}


@pytest.mark.parametrize("wrong", ["here/website-v3", None], ids=["a-stranger-answers", "nobody-answers"])
def test_split_is_waited_for_while_its_tasting_is_wrong(house, wrong):
    """As long as somebody answers who should not, or nobody does, the split is not in force yet."""
    late = timedelta(milliseconds=20)

    def rule(source, call):
        if call.id == "burst" and house.clock.time < late.total_seconds():
            return {house.key(wrong): Fraction(1)} if wrong else {}
        return house.mesh.by_the_book(source, call)

    house.mesh.rule = rule
    result = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert result.verdict is Verdict.PASSED
    assert result.steps[0].waited >= late + house.mesh.convergence.window


def test_progress_is_told_step_by_step(house):
    """A person who waits hears which step is played."""
    house.play(GRANT, REVOKED)
    assert house.told[:2] == ["step 1 of 2: client-a is listed", "step 2 of 2: the target is gone"]
