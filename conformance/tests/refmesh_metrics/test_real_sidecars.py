"""With real sidecars on the embedded cluster: known calls are sent, and figures are those of these calls."""

import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from conformance.probe.messages import DELAY_HEADER, STATUS_HEADER
from conformance.providers.reference_metrics import PERIOD, WINDOW
from conformance.tests.doubles.demo_place import TCP_PORT, a_place, counts, seconds

pytestmark = pytest.mark.envoy

OVER = (WINDOW + 2 * PERIOD).total_seconds() + 0.2
"""After this time no older call is in the window."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with a_place(tmp_path_factory.mktemp("runs")) as place:
        yield place


@pytest.fixture
def place(running):
    """A place where nobody has called for a window."""
    running.figures("/namespaces")
    time.sleep(OVER)
    return running


def test_calls_are_counted_once_on_each_side(place):
    """Answers, errors, refusals and calls that were given up, by both ends alike, as soon as they are over."""
    for _ in range(10):
        assert place.call("client-a", "shop") == 200
    for _ in range(3):
        assert place.call("client-a", "shop", **{STATUS_HEADER: "503"}) == 503
    assert place.call("client-b", "shop") == 403
    assert place.call("client-a", "shop", timeout=0.05, **{DELAY_HEADER: "200"}) is None
    time.sleep(0.25)
    assert counts(place.of("shop")) == (10, 5)
    assert counts(place.figures("/namespaces/here/deployments/shop")) == (10, 5)
    edges = place.figures("/namespaces/here/deployments/shop/edges")["items"]
    assert {one["edge"]["resource"]["name"]: counts(one) for one in edges} == {
        "client-a": (10, 4),
        "client-b": (0, 1),
    }
    (sent,) = place.figures("/namespaces/here/deployments/client-a/edges")["items"]
    assert (sent["edge"]["direction"], sent["edge"]["side"], counts(sent)) == ("to", "client", (10, 4))


def test_latencies_are_those_of_the_calls(place):
    """Within the bins of the histogram, and what a call takes on its way; a call given up has none."""
    for delay in [0] * 8 + [60] * 3 + [200]:
        place.call("client-a", "shop", **{DELAY_HEADER: str(delay)})
    item = place.of("shop")
    assert counts(item) == (12, 0)
    assert seconds(item, 50) < 0.03
    assert 0.054 < seconds(item, 90) < 0.12
    assert 0.18 < seconds(item, 99) < 0.35


def test_window_moves_on_and_says_what_it_covers(place):
    """What is over leaves; timestamp and window are those of the figures."""
    asked = datetime.now(UTC)
    place.call("client-a", "shop")
    item = place.of("shop")
    assert counts(item) == (1, 0)
    assert abs(datetime.fromisoformat(item["timestamp"]) - asked) < timedelta(seconds=1)
    assert WINDOW.total_seconds() <= float(item["window"].removesuffix("s")) <= OVER
    time.sleep(OVER)
    assert counts(place.of("shop")) == (0, 0)


def test_split_has_its_calls_by_backend(place):
    """Their sum is what was sent to the root, and calls to a backend's own Service are not in it."""
    for _ in range(12):
        assert place.call("client-a", "website", "/") == 200
    assert place.call("client-a", "website-v1", "/") in {200, 403}
    items = place.figures("/namespaces/here/trafficsplits")["items"]
    assert sum(sum(counts(one)) for one in items) == 12
    assert {one["backend"]["apex"] for one in items} == {"website"}
    received = {name: place.of(name) for name in ("website-v1", "website-v2")}
    assert sum(sum(counts(one)) for one in received.values()) == 13


def test_raw_connections_are_no_calls(place):
    """Neither side counts them."""
    with socket.create_connection((place.seen("client-a", "shop"), TCP_PORT), timeout=5) as raw:
        raw.settimeout(0.3)
        with suppress(OSError):
            raw.sendall(b"hello\n")
            raw.recv(64)
    time.sleep(0.25)
    assert counts(place.of("shop")) == (0, 0)
    assert place.figures("/namespaces/here/deployments/client-a/edges")["items"] == []
