"""How figures stand in a table: words, columns, order."""

from datetime import timedelta

import pytest

from conformance.tests.doubles.metrics_api import a_list, an_edge, an_object
from conformance.top.figures import read_document
from conformance.top.layout import Layout, Order, latency_words, plain_lines, window_words


def laid_out(*items, with_namespace=False, edges=False, order=Order.CALLS):
    figures = read_document(a_list(*items))
    return Layout.of(figures, with_namespace=with_namespace, edges=edges, order=order)


def table(*items, **rest):
    return [line.split() for line in plain_lines(laid_out(*items, **rest))]


def test_numbers_are_converted():
    """Share of success, calls per second of the window, latencies in readable units."""
    assert table(an_object()) == [
        ["NAME", "SUCCESS", "CALLS/S", "P50", "P90", "P99"],
        ["shop", "90.00%", "10.0", "5.00ms", "20.0ms", "300ms"],
    ]


def test_columns_stand_under_each_other():
    """Names at the left, numbers at the right, nothing behind."""
    lines = plain_lines(laid_out(an_object("a-long-name"), an_object("b", success="0", failure="0")))
    assert lines == [
        "NAME         SUCCESS  CALLS/S     P50     P90    P99",
        "a-long-name   90.00%     10.0  5.00ms  20.0ms  300ms",
        "b               idle        0       -       -      -",
    ]


def test_success_is_never_rounded_up_to_all():
    """One failure in a million is not a hundred percent."""
    assert table(an_object(success="999999", failure="1"))[1][1] == "99.99%"
    assert table(an_object(success="5", failure="0"))[1][1] == "100.00%"


def test_unknown_is_a_question_mark():
    """And not a zero, nor idle."""
    row = table(an_object(success="x", unit=None, window=None))[1]
    assert row == ["shop", "?", "?", "?", "?", "?"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.00ms"),
        (0.00042, "0.42ms"),
        (0.0123, "12.3ms"),
        (0.1234, "123ms"),
        (1.5, "1.50s"),
        (75, "75.0s"),
    ],
)
def test_latency_has_three_digits(seconds, words):
    """In milliseconds below a second."""
    assert latency_words(timedelta(seconds=seconds)) == words


def test_edges_have_peers():
    """With their namespace or kind where these are others; a reference without a name is a star."""
    anybody = {"direction": "from", "side": "server", "resource": {}}
    pods = {"direction": "to", "side": "", "resource": {"kind": "Pod", "namespace": "here"}}
    rows = table(
        an_edge("shop", "client"),
        an_edge("shop", "there/client", "to"),
        an_object("shop", edge=anybody),
        an_object("shop", edge=pods),
        edges=True,
        order=Order.NAME,
    )
    assert rows[0][:4] == ["NAME", "PEER", "SIDE", "SUCCESS"]
    assert [row[:4] for row in rows[1:]] == [
        ["shop", "from", "(any)", "server"],
        ["shop", "from", "client", "server"],
        ["shop", "to", "Pod", "*"],
        ["shop", "to", "there/client", "client"],
    ]


def test_splits_have_backends():
    """One line for each, with its weight."""
    backends = [{"apex": "website", "name": f"website-v{one}", "weight": one} for one in (2, 1)]
    rows = table(*(an_object("website", kind="TrafficSplit", backend=one) for one in backends))
    assert [row[:3] for row in rows] == [
        ["NAME", "BACKEND", "WEIGHT"],
        ["website", "website-v1", "1"],
        ["website", "website-v2", "2"],
    ]


def test_namespace_is_shown_where_there_may_be_several():
    """First of all."""
    assert [row[0] for row in table(an_object(), with_namespace=True)] == ["NAMESPACE", "here"]


BUSY = an_object("busy", success="500", failure="0", latencies=(1, 1, 1))
FAILING = an_object("failing", success="1", failure="9", latencies=(1, 1, 2))
SLOW = an_object("slow", success="50", failure="5", latencies=(1, 1, 900))
IDLE = an_object("idle", success="0", failure="0", latencies=(0, 0, 0))


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (Order.CALLS, ["busy", "slow", "failing", "idle"]),
        (Order.NAME, ["busy", "failing", "idle", "slow"]),
        (Order.SUCCESS, ["failing", "slow", "busy", "idle"]),
        (Order.LATENCY, ["slow", "failing", "busy", "idle"]),
    ],
)
def test_worst_or_busiest_comes_first(order, names):
    """What is idle comes last, wherever figures decide."""
    rows = laid_out(SLOW, IDLE, FAILING, BUSY, order=order).rows
    assert [row.resource.name for row in rows] == names


def test_window_is_told_as_a_range_where_there_are_several():
    """Empty where nobody tells."""
    windows = [an_object(window=one) for one in ("30s", "10s", None)]
    assert window_words(read_document(a_list(*windows))) == "10 to 30 s"
    assert window_words(read_document(a_list(windows[0]))) == "30 s"
    assert window_words(read_document(a_list(windows[2]))) == ""
