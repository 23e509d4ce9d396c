"""Bursts: many like calls, counted at both ends."""

import time
from datetime import timedelta

import pytest

from conformance.model.traffic import Ending, HttpRequest, Observation
from conformance.probe.ledger import Ledger, RawReceipt
from conformance.probe.sample import combine, merge
from conformance.probe.shares import BurstResult, Tally

CALLER, SHOP = "here/caller", "here/shop"
BOTH = (CALLER, SHOP)


def sample(prober, host="shop", **changes):
    settings = {"calls": 500, "receivers": BOTH, "port": 8080, "request": HttpRequest(), **changes}
    return prober.shares(CALLER, host=host, **settings)


@pytest.mark.parametrize("connections", [1, 8, 600])
def test_burst_is_counted_at_both_ends(prober, connections):
    """Every call is answered once, received once, and by the same workload."""
    shares = sample(prober, connections=connections)
    assert shares.counts == {SHOP: 500}
    assert shares.receipts == {CALLER: 0, SHOP: 500}
    assert (shares.duplicates, shares.unwitnessed, shares.delivered, shares.unsent) == (0, 0, 0, 0)
    assert (shares.others, len(shares.order)) == ((), 500)


def test_burst_counts_each_responder(apps, prober):
    """Two connections that lead to two workloads share the calls out; the order tells who answered which."""
    apps.lead({"pair:8080": [*apps.places("shop:8080"), *apps.places("caller:8080")]})
    shares = sample(prober, "pair", connections=2)
    assert set(shares.counts) == set(BOTH)
    assert sum(shares.counts.values()) == 500
    assert shares.receipts == shares.counts
    assert all(shares.order.count(key) == number for key, number in shares.counts.items())


def test_burst_carries_its_request(apps, prober):
    """Method, path and headers of a burst are the request's own: this one asks for status 418."""
    shares = sample(prober, calls=20, request=HttpRequest(method="POST", headers=(("x-smi-status", "418"),)))
    (other,) = shares.others
    assert (other.count, other.example.status, other.example.responder) == (20, 418, SHOP)
    assert (shares.counts, shares.delivered) == ({}, 20)


@pytest.mark.parametrize(
    ("places", "ending"),
    [([("127.78.255.254", 8080)], Ending.REFUSED), ([], Ending.REFUSED), (None, Ending.NAME_UNKNOWN)],
)
def test_burst_that_goes_nowhere_has_other_endings_only(apps, prober, places, ending):
    """Each call of it ended so, and one example says why."""
    name = f"burst-{ending.value}-{places and len(places)}"
    if places is not None:
        apps.lead({f"{name}:8080": places})
    shares = sample(prober, name, calls=50)
    assert [(one.count, one.example.ending) for one in shares.others] == [(50, ending)]
    assert shares.order == (None,) * 50


def test_proxys_refusals_and_cuts_are_counted_apart(apps, prober):
    """A server that says 403 once on each connection and then cuts it makes two groups of equal size."""

    def refuses_once(taken):
        taken.recv(65536)
        taken.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
        taken.recv(65536)

    apps.serve("moody", refuses_once)
    shares = sample(prober, "moody", calls=10, connections=1)
    seen = {(one.example.ending, one.example.status): one.count for one in shares.others}
    assert seen == {(Ending.ANSWERED, 403): 5, (Ending.CLOSED, None): 5}


def test_answer_to_another_call_is_no_clean_answer(apps, prober):
    """An answer with the application's headers but an old id is not counted for the split."""

    def repeats(taken):
        while taken.recv(65536):
            taken.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"
                b"x-smi-responder: here/shop\r\nx-smi-call: old#1\r\n\r\n"
            )

    apps.serve("cache", repeats)
    shares = sample(prober, "cache", calls=10, connections=1)
    assert shares.counts == {}
    assert [(one.count, one.example.echoed_id) for one in shares.others] == [(10, "old#1")]


def test_call_that_takes_too_long_is_cut_and_the_burst_goes_on(prober):
    """Each call times out on a connection of its own, and has been delivered all the same."""
    slow = HttpRequest(headers=(("x-smi-delay-ms", "2000"),))
    shares = sample(prober, calls=6, connections=3, request=slow, timeout=timedelta(milliseconds=200))
    assert [(one.count, one.example.ending) for one in shares.others] == [(6, Ending.TIMED_OUT)]
    assert (shares.delivered, shares.receipts[SHOP]) == (6, 6)


def test_burst_begins_no_more_calls_after_its_limit(prober):
    """A mesh that swallows calls does not hold up the run; what was not sent is said."""
    slow = HttpRequest(headers=(("x-smi-delay-ms", "100"),))
    started = time.monotonic()
    shares = sample(prober, calls=1000, connections=1, request=slow, limit=timedelta(milliseconds=400))
    assert time.monotonic() - started < 5
    answered = sum(shares.counts.values())
    assert 1 <= answered < 10
    assert answered + shares.unsent == 1000


def test_no_calls_make_an_empty_sample(prober):
    """Zero calls are no error: nothing was sent and nothing received."""
    assert sample(prober, calls=0).order == ()


def result_of(*order):
    return BurstResult(
        responders=("here/v1", "here/v2"), order=order, others=(), unsent=0, elapsed=timedelta(0)
    )


def test_answer_without_receipt_is_unwitnessed():
    """A responder that was asked and holds no receipt contradicts the answer."""
    tallies = {"here/v1": Tally(seen=0b01, duplicates=0)}
    assert combine(result_of(0, 0, 1), tallies).unwitnessed == 1


def test_call_received_at_two_places_is_a_duplicate():
    """Mirrored calls show, although each receiver saw each call once."""
    tallies = {"here/v1": Tally(seen=0b11, duplicates=0), "here/v2": Tally(seen=0b10, duplicates=3)}
    shares = combine(result_of(0, 0), tallies)
    assert (shares.duplicates, shares.unwitnessed, shares.delivered) == (4, 0, 0)


def test_call_received_but_not_answered_is_delivered():
    """What reached an application counts, whatever the caller heard."""
    tallies = {"here/v1": Tally(seen=0b101, duplicates=0)}
    assert combine(result_of(0, -1, -1), tallies).delivered == 1


def test_late_notes_add_to_earlier_ones():
    """A call that is noted again later is a duplicate."""
    merged = merge(Tally(seen=0b011, duplicates=1), Tally(seen=0b110, duplicates=0))
    assert (merged.seen, merged.duplicates) == (0b111, 2)


def test_many_bursts_are_counted_at_a_time_but_not_without_bound():
    """Counts that nobody takes are forgotten, oldest first."""
    ledger = Ledger(SHOP)
    for burst in range(100):
        ledger.write(RawReceipt(b"b%d#0" % burst, 8080, "http", b"GET", b"/", []))
    assert (ledger.take_tally("b0").seen, ledger.take_tally("b99").seen) == (0, 1)


def test_example_of_another_ending_names_its_call(apps, prober):
    """A reader can find the call in the order of the burst."""
    shares = sample(prober, "no-such-name", calls=1)
    example = shares.others[0].example
    assert isinstance(example, Observation)
    assert example.call_id.endswith("#0")
