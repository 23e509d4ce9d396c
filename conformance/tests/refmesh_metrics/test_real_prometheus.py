"""A real Prometheus scrapes real sidecars: known calls are sent, and its figures are those of these calls."""

import http.client
import itertools
import math
import time
from datetime import UTC, datetime, timedelta

import pytest

from conformance.probe.messages import DELAY_HEADER, STATUS_HEADER
from conformance.refmesh.bootstrap import ADMIN_PORT, bucket_bounds
from conformance.refmesh.metrics import MetricsApi, MetricsRequest, PrometheusSource
from conformance.refmesh.metrics.asking import ROOT
from conformance.refmesh.metrics.scraped import COUNTS_QUERY, read_moment
from conformance.tests.doubles.demo_place import WORKLOADS, a_place, counts, seconds
from conformance.tests.doubles.local_mesh import wait_until
from conformance.tests.doubles.real_prometheus import a_prometheus, prometheus_or_skip

pytestmark = [pytest.mark.envoy, pytest.mark.prometheus]
PROGRAM = prometheus_or_skip()

FLUSH = INTERVAL = timedelta(seconds=1)
WINDOW = timedelta(seconds=8)
SHOWS = (FLUSH + INTERVAL).total_seconds() + 0.5
"""After this time a call that has ended is scraped."""
OVER = (WINDOW + FLUSH + INTERVAL).total_seconds() + 0.5
"""After this time no older call is in the window."""
BOUNDS = [0.0, *bucket_bounds()]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with a_place(tmp_path_factory.mktemp("runs"), flush=FLUSH) as place:
        targets = [f"{inside(place, one)}:{ADMIN_PORT}" for one in WORKLOADS]
        with a_prometheus(PROGRAM, tmp_path_factory.mktemp("prometheus"), targets) as prometheus:
            place.prometheus = prometheus
            wait_until(lambda: prometheus.knows(len(WORKLOADS)), "all sidecars are scraped", 30)
            time.sleep(OVER)
            yield place


def inside(place, workload):
    _, second, _, number = place.pod(workload.removeprefix("here/")).address.split(".")
    return f"127.{second}.2.{number}"


def an_api(place, url):
    source = PrometheusSource(url, WINDOW, fresh=timedelta(0))
    return MetricsApi(source, place.inventory, lambda _: True)


def ask(api, path):
    return api.answer(MetricsRequest(method="GET", path=ROOT + path))


def read(api, path):
    answer = ask(api, path)
    assert answer.status == 200, answer.body
    return answer.body


def pod_path(place, workload):
    return f"/namespaces/here/pods/{place.pod(workload).ref.name}"


class Told:
    """What the API says of known calls, all of the same look."""

    def __init__(self, place, slowest):
        self.place, self.slowest = place, slowest
        inventory = place.inventory()
        source = PrometheusSource(place.prometheus.url, WINDOW, fresh=timedelta(hours=1))
        self.api = MetricsApi(source, lambda: inventory, lambda _: True)

    def of(self, workload):
        return read(self.api, pod_path(self.place, workload))


@pytest.fixture(scope="module")
def told(place):
    """11 answers, 3 errors, 2 refusals and a call that was given up; then a split's 8 calls."""
    slowest = {}
    for delay in [0] * 7 + [60] * 3 + [200]:
        began = time.monotonic()
        assert place.call("client-a", "shop", **{DELAY_HEADER: str(delay)}) == 200
        slowest[delay] = max(slowest.get(delay, 0), time.monotonic() - began)
    for _ in range(3):
        assert place.call("client-a", "shop", **{STATUS_HEADER: "503"}) == 503
    for _ in range(2):
        assert place.call("client-b", "shop") == 403
    assert place.call("client-a", "shop", timeout=0.05, **{DELAY_HEADER: "200"}) is None
    for _ in range(8):
        assert place.call("client-a", "website", "/") == 200
    time.sleep(SHOWS)
    return Told(place, slowest)


def test_counts_are_those_of_the_calls(told):
    """By both ends, though each of these series began within the window: nothing is extrapolated, nothing is lost."""
    assert counts(told.of("shop")) == (11, 6)
    assert counts(read(told.api, "/namespaces/here/deployments/shop")) == (11, 6)
    edges = read(told.api, "/namespaces/here/deployments/shop/edges")["items"]
    assert {one["edge"]["resource"]["name"]: counts(one) for one in edges} == {
        "client-a": (11, 4),
        "client-b": (0, 2),
    }
    sent = read(told.api, "/namespaces/here/deployments/client-b/edges")["items"]
    assert [(one["edge"]["direction"], one["edge"]["side"], counts(one)) for one in sent] == [
        ("to", "client", (0, 2))
    ]


def test_split_has_its_calls_by_backend(told):
    """Their sum is what was sent to the root, and each is what its pod received."""
    items = read(told.api, "/namespaces/here/trafficsplits")["items"]
    assert sum(counts(one)[0] for one in items) == 8
    assert {one["backend"]["name"]: counts(one) for one in items} == {
        name: counts(told.of(name)) for name in ("website-v1", "website-v2")
    }


def test_idle_pod_has_zeros(told):
    """A client receives nothing."""
    item = told.of("client-b")
    assert (counts(item), [seconds(item, one) for one in (50, 90, 99)]) == ((0, 0), [0, 0, 0])


def test_percentiles_are_in_the_buckets_of_the_calls(told):
    """Of 16 whole answers 12 are fast, 3 take 60 ms and one 200 ms; the callers saw at most so much."""
    item = told.of("shop")
    assert seconds(item, 50) < 0.054
    assert bucket(0.060)[0] <= seconds(item, 90) <= bucket(told.slowest[60])[1]
    assert bucket(0.200)[0] <= seconds(item, 99) <= bucket(told.slowest[200])[1]


def bucket(latency):
    return next((low / 1e6, up / 1e6) for low, up in itertools.pairwise(BOUNDS) if latency * 1e6 <= up)


def test_window_and_time_are_those_of_scrapes(told):
    """The window is whole intervals; the time is no later than the last scrape and no older than an interval."""
    item = told.of("shop")
    age = datetime.now(UTC) - datetime.fromisoformat(item["timestamp"])
    assert timedelta(0) < age < timedelta(seconds=30)
    assert abs(float(item["window"].removesuffix("s")) - WINDOW.total_seconds()) <= INTERVAL.total_seconds()


def test_buckets_that_were_left_out_are_the_ones_that_hold_all(told):
    """The question that leaves them out gives the same bins as all buckets that Prometheus has at that time."""
    now = told.place.prometheus.query("vector(time())")[0]["value"][0]
    moment = read_moment(told.place.prometheus.query(COUNTS_QUERY, time=now))
    found = {
        (one.pod, one.side, one.source, one.upstream, one.cluster, one.status, one.ending): dict(bins)
        for scrape in moment.scrapes.values()
        for one, bins in scrape.counts.items()
    }
    assert found == by_hand(told.place.prometheus.query("envoy_smi_latency_bucket", time=now))


def by_hand(rows):
    names = [f"smi_{one}" for one in ("pod", "side", "source", "upstream", "cluster", "status", "ending")]
    whole = {}
    for row in rows:
        key = tuple(row["metric"].get(one, "") for one in names)
        whole.setdefault(key, {0.0: 0.0})[float(row["metric"]["le"])] = float(row["value"][1])
    return {
        key: {
            (low, low if math.isinf(up) else up): one[up] - one[low]
            for low, up in itertools.pairwise(sorted(one))
            if one[up] > one[low]
        }
        for key, one in whole.items()
    }


def test_restarted_sidecar_counts_from_nothing(place, told):
    """What it had counted when the window began is not taken away from what it counts now."""
    time.sleep(WINDOW.total_seconds())
    ended = datetime.now(UTC)
    end_sidecar(place, "shop")
    wait_until(lambda: place.pod("shop").ready, "the sidecar is back", 30)
    wait_until(
        lambda: place.call("client-a", "shop") == 200, "calls get there again: the first that does counts"
    )
    for _ in range(3):
        assert place.call("client-a", "shop") == 200
    time.sleep(SHOWS)
    item = read(an_api(place, place.prometheus.url), pod_path(place, "shop"))
    began = datetime.fromisoformat(item["timestamp"]) - timedelta(
        seconds=float(item["window"].removesuffix("s"))
    )
    assert began < ended
    assert counts(item) == (4, 0)


def end_sidecar(place, workload):
    admin = http.client.HTTPConnection(inside(place, workload), ADMIN_PORT, timeout=5)
    admin.request("POST", "/quitquitquit")
    admin.getresponse().read()
    admin.close()
    wait_until(lambda: not place.pod(workload).ready, "the sidecar has ended")


def test_prometheus_that_is_gone_is_503(place, tmp_path):
    """And so is one that has no sidecar: neither knows, and zeros would be a claim."""
    with a_prometheus(PROGRAM, tmp_path, []) as other:
        path = pod_path(place, "shop")
        api = an_api(place, other.url)
        assert "has no sidecar" in refusal(api, path)
    assert refusal(api, path).startswith("the source of metrics does not answer: ")
    assert other.url in refusal(api, path)


def refusal(api, path):
    answer = ask(api, path)
    assert (answer.status, answer.body["kind"], answer.body["reason"]) == (
        503,
        "Status",
        "ServiceUnavailable",
    )
    return answer.body["message"]
