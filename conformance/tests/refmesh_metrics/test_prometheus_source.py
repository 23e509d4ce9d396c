"""What the metrics source makes of scrapes: windows, restarts, joins, and what is said when there is no answer."""

import json
import math
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors import UsageError
from conformance.refmesh.metrics import Inventory, PrometheusSource, SilentSourceError
from conformance.refmesh.metrics.asking_prometheus import AskingSettings
from conformance.refmesh.metrics.reading import Series
from conformance.refmesh.metrics.scraped import COUNTS_QUERY, read_moment
from conformance.refmesh.metrics.traffic import quantile
from conformance.tests.doubles.memory_prometheus import BOUNDS, MemoryPrometheus, serving

WINDOW = timedelta(seconds=30)
NOW = 1_800_000_000.0
POD, OTHER = "10.0.0.1", "10.0.0.2"
HASTY = AskingSettings(connecting=0.5, answering=0.3, most_bytes=1 << 20)


def a_series(status="200", pod="here/shop-0"):
    return Series(
        pod, "server", "10.0.0.9", "spiffe://x", "inbound|80", "127.0.0.1:80", "app|80", status, "-"
    )


def calls(count, status="200", upper=BOUNDS[4], pod="here/shop-0"):
    return {a_series(status, pod): {upper: count}}


@pytest.fixture
def there():
    with serving(MemoryPrometheus(now=NOW)) as memory:
        yield memory


def source(there, window=WINDOW, fresh=timedelta(0)):
    return PrometheusSource(there.url, window, fresh=fresh, settings=HASTY)


def seen(there, **how):
    """Read figures: successes, failures and the span in seconds."""
    traffic = source(there, **how).traffic(Inventory())
    tallies = [flow.tally for flow in traffic.flows]
    return (
        sum(one.success for one in tallies),
        sum(one.failure for one in tallies),
        traffic.span.total_seconds(),
    )


def scraped(there, *samples, pod=POD, **labels):
    """Scrape a pod at some times before now: each a time, an uptime and its counts."""
    for before, uptime, counts in samples:
        there.scrape(NOW - before, pod, uptime, counts, **labels)


def test_figures_are_the_difference_of_two_scrapes(there):
    """The last one, and the last one that is a window old."""
    scraped(there, (46, 100, calls(5)), (31, 115, calls(7)), (16, 130, calls(8)), (1, 145, calls(20)))
    assert seen(there) == (13, 0, 30)


def test_time_is_that_of_the_scrape(there):
    """Nobody knows what happened since; the time of the question would be a claim."""
    scraped(there, (37, 100, calls(5)), (7, 130, calls(8)))
    assert source(there).traffic(Inventory()).at == datetime.fromtimestamp(NOW - 7, UTC)


def test_first_calls_of_a_kind_are_counted(there):
    """The first failure has no scrape before it: PromQL's increase would not see it."""
    scraped(there, (31, 115, calls(7)), (1, 145, calls(7) | calls(3, "503")))
    assert seen(there) == (0, 3, 30)


def test_window_is_as_old_as_its_oldest_scrapes(there):
    """Sidecars are scraped at different times, each a window apart."""
    scraped(there, (41, 100, calls(1)), (11, 130, calls(2)))
    other = "here/other-0"
    scraped(there, (32, 100, calls(1, pod=other)), (2, 130, calls(5, pod=other)), pod=OTHER)
    traffic = source(there).traffic(Inventory())
    assert (traffic.at, traffic.span) == (datetime.fromtimestamp(NOW - 11, UTC), timedelta(seconds=30))


@pytest.mark.parametrize("uptimes", [(115, 10), (3, 10)])
def test_restarted_sidecar_counts_from_nothing(there, uptimes):
    """Whether its uptime went back or has only grown too little."""
    scraped(there, (31, uptimes[0], calls(50)), (1, uptimes[1], calls(60)))
    assert seen(there) == (60, 0, 30)


def test_new_sidecar_counts_whole_and_leaves_the_window(there):
    """It started since, so that no older scrape is missing."""
    scraped(there, (31, 100, calls(1)), (1, 130, calls(2)))
    scraped(there, (1, 20, calls(7, pod="here/new-0")), pod=OTHER)
    assert seen(there) == (8, 0, 30)


def test_window_begins_where_every_sidecar_is_known(there):
    """One that had been running was scraped for the first time ten seconds ago."""
    scraped(there, *((before, 200 - before, calls(200 - before)) for before in (31, 21, 11, 1)))
    late = "here/late-0"
    some = (11, 990, calls(500, pod=late)), (1, 1000, calls(504, pod=late))
    scraped(there, *some, pod=OTHER)
    assert seen(there) == (10 + 4, 0, 10)


def test_sidecar_scraped_once_leaves_no_window(there):
    """What the others did cannot be told in one figure with what nobody knows."""
    scraped(there, (31, 100, calls(1)), (1, 130, calls(2)))
    scraped(there, (1, 1000, calls(500, pod="here/late-0")), pod=OTHER)
    assert seen(there) == (0, 0, 0.001)


def test_window_reaches_back_to_another_scrape(there):
    """One that is shorter than the time between scrapes would compare a scrape with itself: always zero."""
    scraped(there, (61, 100, calls(1)), (1, 160, calls(9)))
    assert seen(there, window=timedelta(seconds=20)) == (8, 0, 60)


def test_sidecars_are_joined_by_all_labels_of_their_target(there):
    """Relabelling has left nodes for instances; two pods of a node are not mixed up."""
    node = {"instance": "node-1", "namespace": "here"}
    scraped(there, (31, 100, calls(1)), (1, 130, calls(2)), **node, pod_name="shop-0")
    scraped(there, (31, 100, {}), (1, 5, calls(4, pod="here/b-0")), **node, pod_name="b-0")
    assert seen(there) == (5, 0, 30)


def test_sidecar_under_two_targets_counts_once(there):
    """Two jobs that scrape it are two looks at the same calls."""
    for job in ("mesh", "pods"):
        scraped(there, (31, 100, calls(1)), (1, 130, calls(4)), job=job, instance=POD)
    assert seen(there) == (3, 0, 30)


def test_totals_are_those_since_the_start(there):
    """For whoever asks for them; no figure is made of them."""
    scraped(there, (31, 115, calls(7)), (1, 145, calls(20)))
    traffic = source(there).since_start(Inventory())
    assert ([flow.tally.success for flow in traffic.flows], traffic.span) == ([20], timedelta(seconds=145))


def test_slowest_calls_are_at_the_last_bound(there):
    """Longer than any bucket: nobody knows by how much, and infinity is no latency."""
    scraped(there, (31, 115, {}), (1, 145, {a_series(): {BOUNDS[0]: 1, math.inf: 9}}))
    (flow,) = source(there).traffic(Inventory()).flows
    assert flow.tally.bins == {(0.0, BOUNDS[0]): 1, (BOUNDS[-1], BOUNDS[-1]): 9}
    assert quantile(flow.tally.bins, 0.99) == BOUNDS[-1]


@given(st.dictionaries(st.sampled_from((*BOUNDS, math.inf)), st.integers(1, 9), min_size=1, max_size=9))
def test_buckets_come_back_as_they_were(counts):
    """Though those that hold all calls are left out of the answer."""
    memory = MemoryPrometheus()
    memory.scrape(NOW, POD, 100, {a_series(): counts})
    (scrape,) = read_moment(memory.answer(COUNTS_QUERY, NOW)).scrapes.values()
    below = dict(zip((*BOUNDS, math.inf), (0.0, *BOUNDS), strict=True))
    assert scrape.counts[a_series()] == {
        (below[upper], below[upper] if math.isinf(upper) else upper): count for upper, count in counts.items()
    }


@pytest.mark.parametrize("there_is", [f'"{BOUNDS[1]:.0f}"', '"600"'])
def test_buckets_of_another_mesh_are_refused(there, there_is):
    """Which of them hold all calls could not be told; nor where a scrape drops some."""
    scraped(there, (1, 145, {a_series(): {BOUNDS[2]: 1, BOUNDS[4]: 1}}))
    rows = there.answer(COUNTS_QUERY, NOW)
    kept = [row for row in rows if row["metric"].get("le") != f"{BOUNDS[0]:.0f}"]
    text = json.dumps(kept).replace(f'"{BOUNDS[1]:.0f}"', there_is)
    there.instead = a_reply(status="success", data={"result": json.loads(text)})
    with pytest.raises(SilentSourceError, match="is another's, or one before it is missing"):
        source(there).traffic(Inventory())


def a_reply(code=200, **body):
    return lambda: (code, {}, json.dumps(body).encode())


def hanging():
    time.sleep(1)
    return 200, {}, b"{}"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda: (502, {}, b"<html>bad gateway"), "answers 502, and not as a Prometheus does: b'<html>bad"),
        (lambda: (302, {"location": "/login"}, b""), "answers 302"),
        (a_reply(422, status="error", errorType="execution", error="too many samples"), "too many samples"),
        (a_reply(status="success", warnings=["a store is away"], data={"result": []}), "in part: "),
        (a_reply(status="success", data={"result": []}), "no answer to what was asked"),
        (a_reply(status="success", data=None), "not as a Prometheus does"),
        (a_reply(status="success", data={"result": [{"metric": {}, "value": 1}]}), "no answer to what was"),
        (lambda: (200, {}, b"x" * (2 << 20)), "more than 1 MiB"),
        (hanging, "timed out"),
    ],
)
def test_what_is_no_whole_answer_is_no_figure(there, reply, words):
    """Whoever asks is told what happened, where, and what to try."""
    there.instead = reply
    with pytest.raises(SilentSourceError) as caught:
        source(there).traffic(Inventory())
    assert words in caught.value.what
    assert caught.value.where == f"Prometheus at {there.url}"
    assert caught.value.hint


def test_prometheus_without_sidecars_is_no_zero(there):
    """It scrapes something else."""
    with pytest.raises(SilentSourceError, match="no sidecar"):
        source(there).traffic(Inventory())


def test_counts_without_an_uptime_are_said(there):
    """Relabelled apart: nobody could tell a restart."""
    scraped(there, (1, 145, calls(20)))
    rows = [
        row
        for row in there.answer(COUNTS_QUERY, NOW)
        if row["metric"].get("smi_fact") not in {"uptime", "scraped"}
    ]
    there.instead = a_reply(status="success", data={"result": rows})
    with pytest.raises(SilentSourceError, match="has no envoy_server_uptime with the same labels"):
        source(there).traffic(Inventory())


def test_sidecars_that_cannot_be_told_apart_are_said(there):
    """Relabelled alike: their one uptime would be now this one's and now that one's."""
    scraped(there, (1, 145, calls(20) | calls(7, pod="here/other-0")))
    with pytest.raises(SilentSourceError, match="here/other-0 and here/shop-0 have the same labels"):
        source(there).traffic(Inventory())


def test_prometheus_that_is_gone_is_said_without_its_password():
    """And without the whole question."""
    with pytest.raises(SilentSourceError) as caught:
        PrometheusSource("http://me:secret@127.0.0.1:9/prom", WINDOW).traffic(Inventory())
    assert caught.value.what == "the source of metrics does not answer: [Errno 111] Connection refused"
    assert caught.value.where == "Prometheus at http://127.0.0.1:9/prom"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "prometheus:9090", "ftp://here", "http://", "/api"])
def test_address_that_cannot_be_one_is_refused_at_once(url):
    """Before anybody asks for figures."""
    with pytest.raises(UsageError):
        PrometheusSource(url, WINDOW)


def test_answer_is_shared_by_all_who_ask_at_the_same_time(there):
    """Three questions make an answer: what is there now, where the window begins, and what was there then."""
    scraped(there, (31, 115, calls(7)), (1, 145, calls(20)))
    shared, inventory, found = source(there, fresh=timedelta(seconds=60)), Inventory(), []
    threads = [threading.Thread(target=lambda: found.append(shared.traffic(inventory))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(there.asked) == 3
    assert {(one.at, one.span, len(one.flows)) for one in found} == {
        (datetime.fromtimestamp(NOW - 1, UTC), WINDOW, 1)
    }
    assert shared.traffic(inventory) is shared.traffic(inventory)


def test_silence_is_shared_as_well(there):
    """Nobody waits twice for one who does not answer; whoever asks later asks again."""
    there.instead = a_reply(500, status="error", errorType="internal", error="no")
    shared = source(there, fresh=timedelta(seconds=0.2))
    for _ in range(3):
        with pytest.raises(SilentSourceError):
            shared.traffic(Inventory())
    assert len(there.asked) == 1
    there.instead = None
    scraped(there, (31, 115, calls(7)), (1, 145, calls(20)))
    time.sleep(0.25)
    assert shared.traffic(Inventory()).flows
