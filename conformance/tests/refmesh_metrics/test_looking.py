"""A look at a sidecar shows what it has counted until then, however long its Envoy takes to add that up."""

from datetime import UTC, datetime, timedelta

import pytest

from conformance.refmesh.metrics import History, Sampler
from conformance.refmesh.metrics import stats_page as looking
from conformance.refmesh.metrics.reading import read_page, read_start
from conformance.refmesh.metrics.stats_page import StatsPage
from conformance.tests.doubles.admin_page import AdminPage, served_at

HERE = "127.93.0.1"
HOUR = timedelta(hours=1)


@pytest.fixture
def envoy():
    page = AdminPage()
    with served_at(HERE, page):
        yield page


@pytest.fixture
def page():
    opened = StatsPage(HERE)
    yield opened
    opened.close()


def count(sample):
    return sum(sum(bins.values()) for bins in sample.counts.values())


@pytest.mark.parametrize("slow", [0, 1, 5])
def test_look_shows_all_that_was_counted_before(envoy, page, slow):
    """An Envoy that still adds up is asked again, and what it had begun before the look is no answer."""
    envoy.slow = slow
    page.look_now()
    for total in (3, 7):
        page.look()  # somebody else's look, which is being added up when the next call ends
        envoy.counted = total
        assert count(page.look_now()) == total


def test_envoy_that_never_adds_up_tells_nothing(envoy, page, monkeypatch):
    """Rather than what was true at some time before."""
    page.look_now()
    monkeypatch.setattr(looking, "_PATIENCE", 0.05)
    envoy.slow = 10_000
    page.look()
    with pytest.raises(TimeoutError, match="adding up"):
        page.look_now()


def test_uptime_is_that_of_the_first_look_as_well(envoy, page):
    """An Envoy that nobody has looked at for an hour was not started just now."""
    envoy.start(HOUR)
    assert HOUR <= page.look().uptime < HOUR + timedelta(seconds=1)


def test_connection_that_breaks_is_no_new_start(envoy, page):
    """The same Envoy runs on, to the millisecond; another one began later and has counted nothing yet."""
    envoy.start(HOUR)
    before = page.look_now()
    page.close()
    assert before.uptime < page.look().uptime
    page.close()
    envoy.start(timedelta(seconds=2))
    assert page.look().uptime < timedelta(seconds=3)


def test_restart_forgets_what_the_last_envoy_said(envoy, page):
    """What is known of a process that has ended is no word of the next one."""
    page.look_now()
    page.close()
    envoy.start(timedelta(0))
    envoy.counted = 4
    assert count(page.look_now()) == 4


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"configs": []}', '{"configs": [{"@type": "x"}]}'])
def test_other_pages_tell_no_start(text):
    """What is not the page says so."""
    with pytest.raises(ValueError, match=r"."):
        read_start(text)


def test_start_is_read_to_the_millisecond():
    """As Envoy writes it."""
    page = AdminPage()
    page.began = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert read_start(page.boot()) == page.began


def test_dropped_turns_are_read():
    """None is said where there was none yet."""
    envoy = AdminPage()
    envoy.slow = 1
    assert [read_page(envoy.look(), HOUR).dropped for _ in range(4)] == [0, 1, 1, 2]


@pytest.mark.parametrize("slow", [0, 1, 5])
def test_who_asks_the_mesh_sees_all_that_has_ended(envoy, slow):
    """The slowest sidecar is waited for, and what is told is of the moment of asking."""
    envoy.slow = slow
    history = History(timedelta(seconds=10))
    sampler = Sampler(history, lambda: {"here/client-0": HERE}, timedelta(hours=1))
    try:
        sampler.refresh()
        envoy.counted = 5
        asked = datetime.now(UTC)
        for page in sampler._pages.values():
            page.look()
        sampler._known_at = None  # time passes
        sampler.refresh()
        seen = history.difference()
        assert seen.at >= asked
        assert sum(sum(bins.values()) for bins in seen.counts.values()) == 5
    finally:
        sampler.close()


def test_sidecar_that_never_adds_up_is_silent(envoy, monkeypatch):
    """Its old figures are not told as of now."""
    monkeypatch.setattr("conformance.refmesh.metrics.sampling._MOST_LOOKS", 3)
    history = History(timedelta(seconds=10))
    sampler = Sampler(history, lambda: {"here/client-0": HERE}, timedelta(hours=1))
    try:
        sampler.refresh()
        envoy.slow = 10_000
        sampler._known_at = None
        sampler.refresh()
        sampler._known_at = None
        sampler.refresh()
        assert history.totals().counts == {}
    finally:
        sampler.close()


def test_pod_that_comes_back_elsewhere_is_looked_for_there(envoy):
    """A StatefulSet's pod keeps its name, and nobody need have looked while it was gone."""
    places, other = {"here/till-0": HERE}, "127.93.0.2"
    history = History(timedelta(seconds=10))
    sampler = Sampler(history, lambda: places, timedelta(hours=1))
    successor = AdminPage()
    successor.counted = 6
    try:
        sampler.refresh()
        with served_at(other, successor):
            places["here/till-0"] = other
            for _ in range(2):
                sampler._known_at = None  # time passes
                sampler.refresh()
            told = history.totals().counts
        assert sum(sum(bins.values()) for bins in told.values()) == 6
    finally:
        sampler.close()
