"""The oracle's figures: which calls have to be counted, which may, and what percentiles may be."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.metrics import CallClass, CallEntry, Peer, PodEntry, Reference, Span
from conformance.oracle import Known, MetricsOracle
from conformance.tests.doubles.small_world import a_topology

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHOP = Reference("Pod", "here", "shop-0")


def at(seconds: float) -> datetime:
    """Give a time around noon."""
    return NOON + timedelta(seconds=seconds)


def a_call(**changes) -> CallEntry:
    """Make a success from client-a to shop that took 20 to 22 ms, at noon."""
    fields = {
        "source": "here/client-a",
        "receiver": "here/shop",
        "service": "here/shop",
        "counts_as": CallClass.SUCCESS,
        "begun": at(0),
        "ended": at(0.1),
        "fastest": timedelta(milliseconds=20),
        "slowest": timedelta(milliseconds=22),
    }
    return CallEntry(**{**fields, **changes})


def an_oracle(*calls: CallEntry, tolerance: Fraction = Fraction(0), resolution: int = 2) -> MetricsOracle:
    """Make the oracle for one pod per workload."""
    topology = a_topology()
    pods = tuple(
        PodEntry(
            name=f"{one.name}-0",
            namespace=one.namespace,
            workload=key,
            replica_set=f"{one.name}-set",
            node="n",
        )
        for key, one in topology.workloads.items()
    )
    known = Known(calls=calls, pods=pods, topology=topology, manifests=())
    return MetricsOracle(known=known, tolerance=tolerance, resolution=Fraction(resolution))


def a_span(begin: float = -5, end: float = 5, edge: float = 1) -> Span:
    """Make a span with edges that are *edge* seconds unsure."""
    return Span(
        sure_from=at(begin + edge), sure_to=at(end - edge), may_from=at(begin - edge), may_to=at(end + edge)
    )


@pytest.mark.parametrize(
    ("shift", "low", "high"), [(0, 1, 1), (-4.5, 0, 1), (-10, 0, 0), (4.5, 0, 1), (10, 0, 0)]
)
def test_call_counts_by_where_it_lies(shift, low, high):
    """A call inside has to be counted, one at an edge may be, one outside must not."""
    oracle = an_oracle(a_call(begun=at(shift), ended=at(shift + 0.1)))
    success = oracle.of_object(SHOP, a_span()).success
    assert (success.low, success.high) == (low, high)


@pytest.mark.parametrize(
    ("counts_as", "success", "failure", "total"),
    [
        (CallClass.SUCCESS, (1, 1), (0, 0), (1, 1)),
        (CallClass.FAILURE, (0, 0), (1, 1), (1, 1)),
        (CallClass.OPEN, (0, 1), (0, 1), (1, 1)),
        (CallClass.UNANSWERED, (0, 0), (1, 1), (1, 1)),
        (CallClass.REFUSED, (0, 0), (0, 1), (0, 1)),
        (CallClass.UNCOUNTED, (0, 0), (0, 0), (0, 0)),
    ],
)
def test_ends_count_as_the_text_says(counts_as, success, failure, total):
    """What the text leaves open widens the bounds; a refusal is never a success."""
    found = an_oracle(a_call(counts_as=counts_as)).of_object(SHOP, a_span())
    seen = [(one.low, one.high) for one in (found.success, found.failure, found.total)]
    assert seen == [success, failure, total]


def test_earlier_calls_count_where_a_window_reaches_back():
    """They are not missed where it does not."""
    oracle = an_oracle(a_call(), a_call(begun=at(-20), ended=at(-19), is_earlier=True))
    near, far = oracle.of_object(SHOP, a_span()), oracle.of_object(SHOP, a_span(begin=-30))
    assert (near.success.low, near.missed, far.success.low) == (1, 0, 2)


def test_node_may_have_the_calls_of_others():
    """Only what the suite drove is known of it."""
    found = an_oracle(a_call()).of_object(Reference("Node", "", "n"), a_span())
    assert found.success.low == 1
    assert found.success.high > 10**6
    assert not found.latencies


def test_tolerance_widens_counts():
    """A mesh that extrapolates is given what its profile says."""
    oracle = an_oracle(*[a_call()] * 20, tolerance=Fraction(15, 100))
    success = oracle.of_object(SHOP, a_span()).success
    assert (success.low, success.high) == (17, 23)


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=80), st.integers(0, 5))
def test_true_percentiles_lie_within_the_bounds(milliseconds, spent):
    """Nearest rank and interpolation, of times between what the application took and its caller waited, both fit."""
    calls = [
        a_call(fastest=timedelta(milliseconds=one), slowest=timedelta(milliseconds=one + 5))
        for one in milliseconds
    ]
    latencies = an_oracle(*calls, resolution=1).of_object(SHOP, a_span()).latencies
    true = sorted(Fraction(one + spent, 1000) for one in milliseconds)
    for percent, bounds in latencies.items():
        share = Fraction(percent, 100)
        nearest = true[max(0, -(-share * len(true) // 1) - 1)]
        place = share * (len(true) - 1)
        below, above = true[int(place)], true[min(int(place) + 1, len(true) - 1)]
        interpolated = below + (above - below) * (place - int(place))
        assert nearest in bounds
        assert interpolated in bounds


@pytest.mark.parametrize(("wait", "blurred"), [(12, ()), (40, ()), (60, (50, 90))])
def test_percentiles_blur_where_callers_wait_long(wait, blurred):
    """What the application set apart is lost where callers of quick calls wait as long as those of slow ones."""
    quick = a_call(fastest=timedelta(milliseconds=10), slowest=timedelta(milliseconds=wait))
    slow = a_call(fastest=timedelta(milliseconds=50), slowest=timedelta(milliseconds=62))
    calls = [quick] * 60 + [slow] * 40
    assert an_oracle(*calls, resolution=1).of_object(SHOP, a_span()).blurred == blurred


def test_percentiles_that_were_never_apart_do_not_blur():
    """A scenario that has all calls take the same time compares nothing between them."""
    calls = [a_call(slowest=timedelta(milliseconds=900))] * 40
    assert an_oracle(*calls).of_object(SHOP, a_span()).blurred == ()


def test_edges_are_only_observed():
    """Who exchanged calls has an edge; a refusal may make one."""
    oracle = an_oracle(a_call(), a_call(source="here/client-b", counts_as=CallClass.REFUSED))
    found = oracle.peers(SHOP, a_span())
    client_a, client_b = (Reference("Pod", "here", f"client-{one}-0") for one in "ab")
    assert found == {
        Peer(direction="from", peer=client_a): True,
        Peer(direction="from", peer=client_b): False,
    }


@pytest.mark.parametrize(
    "resource",
    [
        Reference("Deployment", "here", "shop"),
        Reference("ReplicaSet", "here", "shop-set"),
        Reference("Service", "here", "shop"),
        Reference("Namespace", "", "here"),
        Reference("Node", "", "n"),
    ],
    ids=str,
)
def test_aggregates_have_the_calls_of_their_pods(resource):
    """Whatever a pod belongs to has its calls."""
    oracle = an_oracle(a_call(), a_call(source="here/shop", receiver="there/shop"))
    expected = 2 if resource.kind == "Node" else 1
    assert oracle.of_object(resource, a_span()).success.low == expected
