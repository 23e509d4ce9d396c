"""The live table: what stands on the screen, at any size and whatever becomes of the API."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from conformance.errors import EnvironmentBrokenError
from conformance.tests.doubles.metrics_api import a_list, an_edge, an_object
from conformance.top import screen as module
from conformance.top.figures import read_document
from conformance.top.layout import Layout, Order
from conformance.top.screen import Screen
from conformance.top.source import Reading

UNTIL = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def lay_out(figures):
    return Layout.of(figures, with_namespace=False, edges=False, order=Order.NAME)


def a_reading(*items):
    return Reading(figures=read_document(a_list(*items)), at=UNTIL + timedelta(seconds=1))


def a_screen(reading=None, *, now=UNTIL + timedelta(seconds=2), **rest):
    return Screen(
        title="pods in namespace here, every 2 s",
        interval=timedelta(seconds=2),
        lay_out=lay_out,
        reading=reading,
        clock=lambda: now,
        **rest,
    )


def drawn(screen, width=80, height=24):
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(screen.render(console))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    module.time.tzset()
    yield
    monkeypatch.undo()
    module.time.tzset()


def test_screen_says_what_is_read_and_when():
    """Above the table; the figures' own time and window, too."""
    assert drawn(a_screen(a_reading(an_object()))) == [
        "pods in namespace here, every 2 s",
        "read at 03:04:06, window 10 s, until 03:04:05",
        "",
        "NAME  SUCCESS  CALLS/S      P50      P90      P99",
        "shop   90.00%     10.0   5.00ms   20.0ms    300ms",
    ]


@pytest.mark.parametrize(
    ("age", "words"), [(95, "95 s"), (1000, "17 min"), (9000, "2 h"), (500_000, "6 days")]
)
def test_old_figures_are_called_old(age, words):
    """A mesh whose figures have stopped moving must not look alive."""
    late = a_screen(a_reading(an_object()), now=UNTIL + timedelta(seconds=age))
    assert drawn(late)[1].endswith(f"until 03:04:05: {words} old")


def test_nothing_is_no_blank_screen():
    """It says that nothing is there."""
    assert drawn(a_screen(a_reading()))[1] == "read at 03:04:06, nothing is there"


@pytest.mark.parametrize("width", [51, 60, 200])
def test_table_fits_the_width(width):
    """Names give way, figures never."""
    lines = drawn(a_screen(a_reading(an_object("a-rather-long-name-" * 4))), width=width)
    assert all(len(line) <= width for line in lines)
    assert lines[-1].split()[-5:] == ["90.00%", "10.0", "5.00ms", "20.0ms", "300ms"]
    assert lines[-1].startswith("a-rat")


def test_broadest_names_give_way_first():
    """A short namespace stays readable beside a long name."""
    edge = an_edge("a-rather-long-name-" * 3, "there/another-rather-long-name")
    screen = a_screen(a_reading(edge))
    screen.lay_out = lambda figures: Layout.of(figures, with_namespace=True, edges=True, order=Order.NAME)
    row = drawn(screen, width=102)[-1].split()
    assert (row[0], row[2], row[4]) == ("here", "from", "server")
    assert row[1].startswith("a-rather-long")
    assert row[3].startswith("there/anoth")


def test_screen_that_is_far_too_narrow_is_cut():
    """It is not for a table to fail."""
    lines = drawn(a_screen(a_reading(an_object("a-rather-long-name-" * 4))), width=20)
    assert all(len(line) <= 20 for line in lines)


def test_table_fits_the_height():
    """What has no room is counted."""
    many = a_screen(a_reading(*(an_object(f"pod-{one:02}") for one in range(30))))
    lines = drawn(many, height=10)
    assert len(lines) == 10
    assert lines[-2].startswith("pod-04")
    assert lines[-1] == "... and 25 more"
    assert len(drawn(many, height=34)) == 34
    assert drawn(many, height=34)[-1].startswith("pod-29")


def test_trouble_is_told_beside_the_last_figures():
    """They stay, with their time, and the next attempt may succeed."""
    lines = drawn(a_screen(a_reading(an_object()), trouble="no answer"))
    assert lines[1] == "as of 03:04:06; not since: no answer"
    assert lines[-1].startswith("shop")


def test_run_reads_again_until_ctrl_c(monkeypatch):
    """A failure in between is no end; the last table stays behind."""
    readings = [
        a_reading(an_object("first")),
        EnvironmentBrokenError("no answer", "", ""),
        a_reading(an_object("last")),
    ]
    told = []

    def read():
        found = readings.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def sleep(seconds):
        told.append(screen.trouble)
        if not readings:
            raise KeyboardInterrupt

    monkeypatch.setattr(module.time, "sleep", sleep)
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    screen = a_screen()
    screen.run(read, console)
    assert told == ["", "no answer", ""]
    assert "last" in console.file.getvalue().rpartition("\x1b[?1049l")[2]


def test_first_failure_is_an_error():
    """Nobody wants to look at an empty screen and guess."""

    def read():
        raise EnvironmentBrokenError("no answer", "here", "wait")

    with pytest.raises(EnvironmentBrokenError):
        a_screen().run(read, Console(file=io.StringIO(), force_terminal=True))
