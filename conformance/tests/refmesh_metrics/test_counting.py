"""From Envoy's own words to figures: samples, windows, restarts, percentiles, and sums that have to agree."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.refmesh.metrics import (
    History,
    Inventory,
    Round,
    Sample,
    read_inventory,
)
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.reading import Page, Series, read_page
from conformance.refmesh.metrics.source import attributed
from conformance.refmesh.metrics.stats_page import StatsPage
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added, quantile

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
WINDOW = timedelta(seconds=10)
BIN = (100.0, 110.0)
NAME = (
    "smi.latency.smi_pod.here/client-0.smi_side.client.smi_source.127.0.0.1.smi_identity."
    ".smi_listener.service|here/web|8080.smi_upstream.127.77.0.2:8080.smi_cluster.service|here/shop|8080"
    ".smi_status.200.smi_ending.-"
)
SERIES = Series("here/client-0", "client", "", "", "", "", "", "200", "-")


def a_page(*bins, name=NAME):
    totals = "".join(
        f'{{"lower_bound": {low}, "width": {width}, "count": {count}}},' for low, width, count in bins
    )
    return (
        f'{{"stats": [{{"histograms": {{"details": [{{"name": "{name}", "totals": [{totals[:-1]}]}}]}}}}]}}'
    )


def after(seconds):
    return BEGAN + timedelta(seconds=seconds)


def a_round(seconds, count, uptime=100.0, pod="here/client-0"):
    counts = {SERIES: {BIN: count}} if count else {}
    return Round(at=after(seconds), samples={pod: Sample(uptime=timedelta(seconds=uptime), counts=counts)})


def figures_of(*rounds):
    history = History(WINDOW)
    for one in rounds:
        history.take(one)
    seen = history.difference()
    return seen.span.total_seconds(), sum(sum(one.values()) for one in seen.counts.values())


def test_page_of_envoy_is_read_to_the_letter():
    """Names come apart though values hold dots, bars and slashes; bounds lose what arithmetic left behind."""
    sample = read_page(a_page((220.00000000000003, 10, 2), (8000, 100, 1)), timedelta(seconds=7)).sample
    (series,) = sample.counts
    assert (series.pod, series.side, series.source, series.identity) == (
        "here/client-0",
        "client",
        "127.0.0.1",
        "",
    )
    assert (series.listener, series.upstream) == ("service|here/web|8080", "127.77.0.2:8080")
    assert (series.cluster, series.status, series.ending) == ("service|here/shop|8080", "200", "-")
    assert sample.counts[series] == {(220.0, 230.0): 2, (8000.0, 8100.0): 1}


def test_other_series_are_passed_over():
    """Envoy has many histograms of its own."""
    assert read_page(a_page((1, 1, 1), name="cluster.x.upstream_rq_time"), WINDOW).sample.counts == {}


@pytest.mark.parametrize(
    "page", ["", "[]", '{"stats": 1}', "<html>", '{"stats": [{"histograms": {"details": [{}]}}]}']
)
def test_other_pages_are_no_samples(page):
    """What is no JSON is no JSON, and what is no page of Envoy's says so."""
    with pytest.raises(ValueError, match=r"."):
        read_page(page, WINDOW)


def test_window_is_the_difference_of_two_looks():
    """Of the newest, and of the last one that is a window old."""
    assert figures_of(a_round(0, 5), a_round(4, 6), a_round(10, 8), a_round(14, 20)) == (10, 14)


def test_short_history_says_so():
    """After a restart of whoever looks there is a gap, and not the totals since sidecars started."""
    assert figures_of(a_round(0, 500), a_round(3, 510)) == (3, 10)


def test_restarted_sidecar_counts_from_nothing():
    """Its clock went back; what it counted before is not taken away from what it counts now."""
    assert figures_of(a_round(0, 50), a_round(10, 7, uptime=4)) == (10, 7)


def test_new_sidecar_counts_whole():
    """It started within the window, so that nothing of it lies before."""
    rounds = a_round(0, 0, pod="here/other-0"), a_round(10, 7, uptime=4)
    assert figures_of(*rounds) == (10, 7)


def test_sidecar_that_tells_nothing_for_a_while_shortens_no_window():
    """What it has counted meanwhile it tells later."""
    known, silent = a_round(0, 5), Round(at=after(5), samples={})
    assert figures_of(known, silent, a_round(10, 9)) == (10, 4)


def test_both_lives_of_a_restarted_sidecar_count():
    """What it had told by then is not forgotten with it."""
    rounds = a_round(0, 50), a_round(6, 58), a_round(8, 2, uptime=1), a_round(10, 7, uptime=3)
    assert figures_of(*rounds) == (10, 15)


def test_first_round_is_no_window():
    """One look says what was counted since sidecars started, and nothing of a span of time."""
    history = History(WINDOW)
    history.take(a_round(0, 500))
    assert history.difference() is None


def test_restart_is_seen_though_the_new_process_has_run_for_longer_than_the_old_one_had():
    """It cannot have run for six seconds and be the one that there was ten seconds ago."""
    assert figures_of(a_round(0, 50, uptime=3), a_round(10, 60, uptime=6)) == (10, 60)


def a_joint_round(seconds, *samples):
    """Write a round of several sidecars, each a name, a count and an uptime."""
    single = [a_round(seconds, count, uptime, pod=f"here/{pod}") for pod, count, uptime in samples]
    return Round(
        at=after(seconds), samples={pod: one for each in single for pod, one in each.samples.items()}
    )


def growth_of(*rounds):
    history = History(WINDOW)
    for one in rounds:
        history.take(one)
    return history.difference()


def test_span_begins_where_every_sidecar_is_known():
    """One that had been running but was first seen late: nobody may be told that it did nothing for ten seconds."""
    rounds = [
        a_joint_round(0, ("old", 5, 100)),
        a_joint_round(4, ("old", 6, 104), ("late", 500, 400)),
        a_joint_round(7, ("old", 8, 107), ("late", 503, 403)),
        a_joint_round(10, ("old", 20, 110), ("late", 507, 406)),
    ]
    assert growth_of(*rounds).span == timedelta(seconds=6)
    assert figures_of(rounds[0], *(only(one, "here/late") for one in rounds[1:])) == (6, 7)
    assert figures_of(rounds[0], *(only(one, "here/old") for one in rounds[1:])) == (10, 15)


def only(one, pod):
    return Round(at=one.at, samples={pod: one.samples[pod]})


def test_sidecar_seen_for_the_first_time_leaves_no_span():
    """What the others did in the window cannot be told in one figure with what nobody knows."""
    late = a_joint_round(10, ("old", 9, 110), ("late", 500, 400))
    assert growth_of(a_joint_round(0, ("old", 5, 100)), late) is None


def test_sidecar_that_started_since_leaves_the_span_as_it_is():
    """It counts from nothing, and needs no older sample."""
    seen = growth_of(
        a_joint_round(0, ("old", 5, 100)),
        a_joint_round(6, ("old", 6, 106), ("new", 1, 2)),
        a_joint_round(10, ("old", 9, 110), ("new", 3, 6)),
    )
    assert seen.span == WINDOW


def test_sidecar_that_is_gone_leaves_the_span_as_it_is():
    """Only those of the newest round have to be known."""
    seen = growth_of(
        a_joint_round(0, ("old", 5, 100), ("gone", 1, 50)),
        a_joint_round(4, ("old", 5, 104)),
        a_joint_round(10, ("old", 9, 110)),
    )
    assert seen.span == WINDOW


def test_history_is_bounded_by_its_window():
    """However long it runs."""
    history = History(WINDOW)
    for number in range(1000):
        history.take(a_round(number, number))
    assert len(history._rounds) <= 12


@pytest.mark.parametrize(
    ("status", "ending", "outcome"),
    [
        (200, "-", (3, 0, True)),
        (404, "-", (3, 0, True)),
        (301, "-", (3, 0, True)),
        (403, "-", (0, 3, True)),
        (500, "-", (0, 3, True)),
        (503, "UF", (0, 3, True)),
        (503, "UF,URX", (0, 3, True)),
        (0, "DC", (0, 3, False)),
        (200, "DC", (0, 3, False)),
        (200, "UC", (0, 3, False)),
        (503, "DC", (0, 3, False)),
    ],
)
def test_whole_answers_below_500_are_successes(status, ending, outcome):
    """But for 403; what broke off is a failure without a latency."""
    tally = Tally.of_status(status, {BIN: 3}, ending)
    assert (tally.success, tally.failure, bool(tally.bins)) == outcome


def test_address_alone_proves_no_caller():
    """The pod at the address has to be who the certificate says."""
    inventory = Inventory()
    series = Series(
        "here/shop-0", "server", "10.0.0.1", "spiffe://cluster.local/ns/here/sa/a", "", "", "", "200", "-"
    )
    assert attributed(series, {BIN: 1}, inventory, "cluster.local").source == ""


def envoy_bin(value):
    """Give the bin of a value as Envoy's histograms do: two digits that count, from 10 on."""
    exponent = math.floor(math.log10(value)) - 1
    width = 10.0**exponent
    lower = math.floor(value / width) * width
    return (round(lower, 6), round(lower + width, 6))


@given(st.lists(st.integers(10, 10**7), min_size=1, max_size=300), st.sampled_from([50, 90, 99]))
def test_percentile_is_within_a_bin_of_the_true_one(latencies, percent):
    """Against the exact percentile by nearest rank, the error is less than 10 %."""
    bins = {}
    for one in latencies:
        bins[envoy_bin(one)] = bins.get(envoy_bin(one), 0) + 1
    exact = sorted(latencies)[math.ceil(len(latencies) * percent / 100) - 1]
    assert abs(quantile(bins, percent / 100) - exact) <= exact * 0.1 + 1e-6


@given(st.lists(st.integers(10, 10**7), min_size=1, max_size=100))
def test_percentiles_do_not_fall(latencies):
    """p50 is at most p90 and p90 at most p99."""
    bins = {}
    for one in latencies:
        bins[envoy_bin(one)] = bins.get(envoy_bin(one), 0) + 1
    p50, p90, p99 = (quantile(bins, share) for share in (0.5, 0.9, 0.99))
    assert 0 < p50 <= p90 <= p99


PODS = [f"here/p{number}" for number in range(5)]
CALLS = st.lists(
    st.tuples(
        st.sampled_from(PODS), st.sampled_from(PODS), st.sampled_from([200, 403, 500]), st.integers(1, 9)
    ),
    max_size=30,
)


def a_board(calls):
    flows = [
        Flow(
            side=side,
            source=source,
            destination=target,
            status=status,
            tally=Tally.of_status(status, {BIN: count}),
        )
        for source, target, status, count in calls
        for side in Side
    ]
    return Figures(Traffic(flows=tuple(flows), at=BEGAN, span=WINDOW), small_inventory())


def small_inventory():

    def pod(key):
        namespace, name = key.split("/")
        return {"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": namespace, "name": name}}

    return read_inventory([pod(key) for key in PODS])


@given(CALLS)
def test_edges_add_up_and_both_ends_agree(calls):
    """What an object received is the sum of its from-edges; each from-edge is the other's to-edge."""
    board = a_board(calls)
    edges = {key: board.edges("pods", tuple(key.split("/"))) for key in PODS}
    for key in PODS:
        name = tuple(key.split("/"))
        received = board.received("pods").get(name, Tally())
        total = added(tally for peer, tally in edges[key].items() if peer.direction == "from")
        assert (total.success, total.failure, total.bins) == (
            received.success,
            received.failure,
            received.bins,
        )
        for peer, tally in edges[key].items():
            if peer.direction == "from":
                mirrored = {
                    one.name: other
                    for one, other in edges["/".join(peer.name)].items()
                    if one.direction == "to"
                }
                assert mirrored[name] == tally


def test_silent_sidecar_is_taken_to_run_on():
    """What it said last stays what it said, and its silence is no new start."""
    page = StatsPage("127.0.0.1")
    assert page.unheard() is None
    said = Sample(uptime=timedelta(seconds=1), counts={SERIES: {BIN: 5}})
    page._last = Page(sample=said, dropped=0)
    assert page.unheard().uptime > timedelta(seconds=1)
    assert page.unheard().counts is said.counts
