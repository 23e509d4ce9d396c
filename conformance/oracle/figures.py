"""What the figures of an object, an edge or a backend may be, worked out from the calls that both ends saw.

docs/statistics.md says why the bounds are what they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from conformance.model.labels import Selector, fits
from conformance.model.metrics import Bounds, CallClass, CallEntry, Figures, Peer, Reference, Span
from conformance.oracle.ledger import Known
from conformance.spec import LATENCIES

_SURE = {
    CallClass.SUCCESS: (1, 0, 1),
    CallClass.FAILURE: (0, 1, 1),
    CallClass.OPEN: (0, 0, 1),
    CallClass.UNANSWERED: (0, 1, 1),
    CallClass.REFUSED: (0, 0, 0),
    CallClass.UNCOUNTED: (0, 0, 0),
}
"""What a call adds at least: successes, failures, both together. Unit: calls."""
_AT_MOST = {
    CallClass.SUCCESS: (1, 0, 1),
    CallClass.FAILURE: (0, 1, 1),
    CallClass.OPEN: (1, 1, 1),
    CallClass.UNANSWERED: (0, 1, 1),
    CallClass.REFUSED: (0, 1, 1),
    CallClass.UNCOUNTED: (0, 0, 0),
}
"""What a call adds at most."""


_SHARED = frozenset({"Node"})
"""Kinds whose objects may contain pods of others, whose calls nobody here has counted."""
_ANY_NUMBER = 10**9
"""Stands for no upper bound. Unit: calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsOracle:
    """Expected figures of one reading."""

    known: Known
    tolerance: Fraction
    """Relative error of counts that a mesh may have, 0 to 1."""
    resolution: Fraction
    """Factor between a response time and what a histogram makes of it, from 1."""

    def of_object(self, resource: Reference, span: Span) -> Figures:
        """Say what the figures of an object may be: those of what it receives.

        Spec: traffic-metrics, introduction and "Edge": a blank peer means all the traffic received by the resource.
        """
        calls = self.known.received(resource)
        because = f"{_now(calls)} of the calls that were driven went to {resource}"
        return self._figures(calls, span, because, shared=resource.kind in _SHARED)

    def of_edge(self, resource: Reference, peer: Peer, span: Span) -> Figures:
        """Say what the figures between an object and a peer of it may be."""
        calls = self._between(resource, peer)
        way = "to" if peer.direction == "to" else "from"
        because = f"{_now(calls)} of the calls of {resource} that were driven went {way} {peer.peer}"
        return self._figures(calls, span, because, shared=resource.kind in _SHARED)

    def of_backend(self, split: Reference, backend: str, span: Span) -> Figures:
        """Say what the figures of a backend of a split may be.

        Spec: traffic-metrics, "Traffic Splits": all requests that are sent to the split's apex service, per backend.
        """
        found = self.known.split_named(split)
        calls = self.known.to_backend(found, backend) if found else ()
        return self._figures(
            calls, span, f"{_now(calls)} of the calls to the root of {split} arrived at {backend}"
        )

    def of_root(self, split: Reference, span: Span) -> Figures:
        """Say what the figures of all backends of a split together may be: those of its root."""
        found = self.known.split_named(split)
        calls = self.known.to_root(found) if found else ()
        return self._figures(calls, span, f"{_now(calls)} calls were driven to the root of {split}")

    def members(self, resource: Reference, selector: Selector) -> frozenset[Reference]:
        """Name the objects that a list may have, of those that the suite knows.

        Args:
            resource: The list's kind and namespace; without a namespace all are meant.
            selector: What their labels have to meet.
        """
        return frozenset(
            one
            for one in self.known.objects(resource.kind, resource.namespace)
            if not selector or fits(selector, self.known.labels(one))
        )

    def pods_of(self, resource: Reference) -> frozenset[Reference]:
        """Name the pods whose aggregate an object is."""
        return frozenset(
            Reference("Pod", pod.namespace, pod.name)
            for pod in self.known.pods
            if resource in self.known.of_kind(resource.kind, pod.workload)
        )

    def backends(self, split: Reference) -> tuple[str, Mapping[str, Fraction]]:
        """Name a split's root and the weights of its backends; nothing where it is not in force."""
        found = self.known.split_named(split)
        if found is None:
            return "", {}
        return found.root, {one.service: one.weight or Fraction(0) for one in found.backends}

    def peers(self, resource: Reference, span: Span) -> Mapping[Peer, bool]:
        """Name every edge that an object may have; True where it has to be there, as counted traffic made it.

        Spec: traffic-metrics, introduction: edges are only visible between two that have exchanged traffic.
        """
        found: dict[Peer, bool] = {}
        ways: tuple[tuple[str, Sequence[CallEntry], Callable[[CallEntry], str]], ...] = (
            ("from", self.known.received(resource), lambda call: call.source),
            ("to", self.known.sent(resource), lambda call: call.receiver),
        )
        for direction, calls, other in ways:
            for call in calls:
                must = call.counts_as not in {CallClass.REFUSED, CallClass.UNCOUNTED} and _surely(call, span)
                if not _maybe(call, span):
                    continue
                for one in self.known.of_kind(resource.kind, other(call)):
                    peer = Peer(direction=direction, peer=one)
                    found[peer] = found.get(peer, False) or (must and self._is_meshed(other(call)))
        return found

    def _is_meshed(self, workload: str) -> bool:
        return self.known.topology.workloads[workload].meshed

    def _between(self, resource: Reference, peer: Peer) -> tuple[CallEntry, ...]:
        if peer.direction == "to":
            ends = [(call, call.receiver) for call in self.known.sent(resource)]
        else:
            ends = [(call, call.source) for call in self.known.received(resource)]
        return tuple(call for call, end in ends if peer.peer in self.known.of_kind(resource.kind, end))

    def _figures(
        self, calls: Sequence[CallEntry], span: Span, because: str, *, shared: bool = False
    ) -> Figures:
        """Bound figures; those of what is *shared* with others have no upper bounds."""
        sure = [call for call in calls if _surely(call, span)]
        may = [call for call in calls if _maybe(call, span)]
        success, failure, total = (self._counted(sure, may, at, shared=shared) for at in range(3))
        return Figures(
            success=success,
            failure=failure,
            total=total,
            latencies={} if shared else dict(self._latencies(sure, may)),
            calls=len(may),
            missed=sum(not _surely(call, span) for call in self.known.calls if not call.is_earlier),
            because=because,
            blurred=() if shared else self._blurred(sure, may),
        )

    def _counted(
        self, sure: Sequence[CallEntry], may: Sequence[CallEntry], at: int, *, shared: bool
    ) -> Bounds:
        low = sum(_SURE[call.counts_as][at] for call in sure)
        high = sum(_AT_MOST[call.counts_as][at] for call in may)
        return Bounds(
            low=Fraction(floor(low * (1 - self.tolerance))),
            high=Fraction(_ANY_NUMBER if shared else ceil(high * (1 + self.tolerance))),
        )

    def _latencies(self, sure: Sequence[CallEntry], may: Sequence[CallEntry]) -> Iterable[tuple[int, Bounds]]:
        """Bound percentiles of the successes alone and of all: the text does not say whose they are."""
        samples = _samples(may)
        if not samples:
            return
        is_exact = len(sure) == len(may)
        for _, percent in LATENCIES:
            found = [_percentile(one, percent, is_exact=is_exact) for one in samples]
            low = min(one.low for one in found) / self.resolution
            high = max(one.high for one in found) * self.resolution
            yield percent, Bounds(low=low, high=high)

    def _blurred(self, sure: Sequence[CallEntry], may: Sequence[CallEntry]) -> tuple[int, ...]:
        """Name the first two neighbours that were told apart by the application and cannot be by their callers."""
        is_exact = len(sure) == len(may)
        for sample in _samples(may) if is_exact else ():
            for (_, less), (_, more) in pairwise(LATENCIES):
                lower, upper = (_percentile(sample, one, is_exact=True) for one in (less, more))
                are_apart = upper.low > _fastest(sample, less) * self.resolution**2
                if are_apart and upper.low <= lower.high * self.resolution:
                    return less, more
        return ()


def _samples(calls: Sequence[CallEntry]) -> list[list[CallEntry]]:
    """Give the successes, and all that counts; nothing where there is nothing."""
    counted = [call for call in calls if call.counts_as is not CallClass.UNCOUNTED]
    successes = [call for call in counted if call.counts_as is CallClass.SUCCESS]
    return [one for one in (successes, counted) if one]


def _percentile(calls: Sequence[CallEntry], percent: int, *, is_exact: bool) -> Bounds:
    """Bound a percentile by the response times on either side of its rank.

    Definitions of a percentile differ by less than one rank. What the application took bounds it from below, what its
    caller waited from above. Where calls may be missing from the window, their response times say no more than that.
    """
    fast = sorted(_seconds(call.fastest) for call in calls)
    slow = sorted(_seconds(call.slowest) for call in calls)
    if not is_exact:
        return Bounds(low=fast[0], high=slow[-1])
    below, above = _ranks(percent, len(calls))
    return Bounds(low=fast[below], high=slow[above])


def _fastest(calls: Sequence[CallEntry], percent: int) -> Fraction:
    """Give a percentile's upper end, had nobody waited longer than the application took."""
    return sorted(_seconds(call.fastest) for call in calls)[_ranks(percent, len(calls))[1]]


def _ranks(percent: int, number: int) -> tuple[int, int]:
    """Give the places of a percentile's neighbours among *number* sorted times, counted from 0."""
    rank = Fraction(percent, 100) * number
    below, above = max(floor(rank) - 1, 0), min(ceil(rank) + 1, number) - 1
    return min(below, number - 1), max(above, 0)


def _now(calls: Sequence[CallEntry]) -> int:
    """Count the calls of the step itself."""
    return sum(not call.is_earlier for call in calls)


def _seconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 10**6)


def _surely(call: CallEntry, span: Span) -> bool:
    return span.sure_from <= call.begun and call.ended <= span.sure_to


def _maybe(call: CallEntry, span: Span) -> bool:
    return span.may_from <= call.ended and call.begun <= span.may_to
