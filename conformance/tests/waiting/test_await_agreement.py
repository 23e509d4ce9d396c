"""The one waiting function, in virtual time."""

from datetime import timedelta

from conformance.runner.waiting import await_agreement
from conformance.tests.doubles.clock import FakeClock

WINDOW = timedelta(milliseconds=50)
DEADLINE = timedelta(seconds=1)


def wait_for(answers, **options):
    """Ask a script of (time in seconds, answer): each holds from its time on."""
    clock = FakeClock()

    def missing() -> str:
        return [answer for since, answer in answers if since <= clock.time][-1]

    return await_agreement(missing, window=WINDOW, deadline=DEADLINE, clock=clock, **options)


def test_agreement_takes_the_whole_window():
    """An answer that agrees from the start is believed only after the window."""
    wait = wait_for([(0, "")])
    assert wait.held
    assert wait.took >= WINDOW


def test_a_break_starts_the_window_anew():
    """Agreement that breaks before the window is over does not count towards it."""
    wait = wait_for([(0, ""), (0.04, "flapped"), (0.06, "")])
    assert wait.held
    assert wait.took >= timedelta(seconds=0.11)
    assert wait.missing == "flapped"


def test_agreement_lasts_as_long_as_it_took_to_come():
    """Where a mesh was slow to show one piece of a change, a piece that comes as late again is still seen."""
    late = [(0, "not yet"), (0.2, ""), (0.35, "the other proxy"), (0.4, "")]
    assert wait_for(late).took < timedelta(seconds=0.3)
    patient = wait_for(late, as_long_as_it_took=True)
    assert patient.held
    assert patient.took >= timedelta(seconds=0.8)


def test_agreement_that_came_at_once_takes_no_longer():
    """A quick mesh pays nothing for the slow ones: the window is all it waits for."""
    wait = wait_for([(0, "not yet"), (0.02, "")], as_long_as_it_took=True)
    assert WINDOW <= wait.took <= timedelta(seconds=0.02) + WINDOW + timedelta(seconds=0.01)


def test_the_deadline_ends_a_wait_without_agreement():
    """What never agrees ends at the deadline and says what was missing last."""
    wait = wait_for([(0, "first"), (0.5, "second")])
    assert not wait.held
    assert wait.missing == "second"
    assert DEADLINE <= wait.took < DEADLINE + timedelta(milliseconds=50)


def test_an_agreement_that_began_in_time_may_finish_its_window():
    """A mesh that is right just before the deadline is not called late because of the window."""
    wait = wait_for([(0, "not yet"), (0.98, "")])
    assert wait.held


def test_one_lucky_answer_is_no_agreement():
    """A single agreeing answer between two others ends nothing."""
    wait = wait_for([(0, "no"), (0.5, ""), (0.502, "no")])
    assert not wait.held


def test_a_window_of_nothing_still_asks_twice():
    """Even without a window one answer alone is not believed."""
    asked = []

    def missing() -> str:
        asked.append(1)
        return ""

    assert await_agreement(missing, window=timedelta(0), deadline=DEADLINE, clock=FakeClock()).held
    assert len(asked) == 2
