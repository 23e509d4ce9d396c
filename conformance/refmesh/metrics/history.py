"""Remembers what sidecars have counted, and says what came in between: counters only ever grow, windows move on.

A counter says what happened since its process started. What happened in a window is the difference of two samples;
where there is no old one, the window is shorter, and says so.
"""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from conformance.refmesh.metrics.reading import Bins, Sample, Series

_MOST_SERIES = 200_000
"""Series of one round that are remembered; a mesh of 1,000 pods with ten peers each has 40,000. A guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look at all sidecars."""

    at: datetime
    samples: Mapping[str, Sample]
    """By ``namespace/pod``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What was counted between two rounds."""

    at: datetime
    span: timedelta
    counts: Mapping[Series, Bins]


class History:
    """Rounds of one window. Safe to use from several threads.

    Args:
        window: How far back is to be known.
    """

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._rounds: deque[Round] = deque()
        self._known: tuple[Round, Difference] | None = None
        self._lock = threading.Lock()

    @property
    def window(self) -> timedelta:
        """How far back is to be known."""
        return self._window

    def take(self, taken: Round) -> None:
        """Remember a round, and forget what no window reaches back to any more; of too many series, the last ones."""
        kept = Round(at=taken.at, samples=dict(_bounded(taken.samples)))
        with self._lock:
            if self._rounds and self._rounds[-1].at >= taken.at:
                return
            self._rounds.append(kept)
            while len(self._rounds) > 1 and self._rounds[1].at <= taken.at - self._window:
                self._rounds.popleft()

    def totals(self) -> Difference:
        """Say what sidecars have counted since they started, as of the newest round."""
        with self._lock:
            newest = self._rounds[-1] if self._rounds else Round(at=datetime.now(UTC), samples={})
        counts = {
            series: bins for sample in newest.samples.values() for series, bins in sample.counts.items()
        }
        span = max((one.uptime for one in newest.samples.values()), default=timedelta(0))
        return Difference(at=newest.at, span=span, counts=counts)

    def difference(self) -> Difference | None:
        """Say what the last window has brought; None before the first round."""
        with self._lock:
            rounds, known = tuple(self._rounds), self._known
        if not rounds:
            return None
        newest = rounds[-1]
        if known and known[0] is newest:
            return known[1]
        found = self._compared(newest, rounds)
        with self._lock:
            self._known = newest, found
        return found

    def _compared(self, newest: Round, rounds: tuple[Round, ...]) -> Difference:
        older = [one for one in rounds[:-1] if one.at <= newest.at - self._window]
        base = older[-1] if older else rounds[0]
        counts: dict[Series, Bins] = {}
        for pod, sample in newest.samples.items():
            counts |= _grown(_before(base, pod, sample, newest.at), sample)
        return Difference(at=newest.at, span=newest.at - base.at, counts=counts)


def _before(base: Round, pod: str, sample: Sample, now: datetime) -> Mapping[Series, Bins] | None:
    """Give what a sidecar had counted at *base*: nothing if it has started since, None if nobody knows."""
    old = base.samples.get(pod)
    has_started_since = now - sample.uptime >= base.at
    if old is not None and sample.uptime >= old.uptime:
        return old.counts
    return {} if has_started_since or old is not None else None


def _grown(before: Mapping[Series, Bins] | None, sample: Sample) -> Mapping[Series, Bins]:
    if before is None:
        return {}
    found: dict[Series, Bins] = {}
    for series, bins in sample.counts.items():
        old = before.get(series)
        if bins is not old and (grown := _less(bins, old) if old else bins):
            found[series] = grown
    return found


def _less(bins: Bins, before: Bins) -> Bins:
    if bins == before:
        return {}
    grown = {bounds: count - before.get(bounds, 0) for bounds, count in bins.items()}
    return {bounds: count for bounds, count in grown.items() if count > 0}


def _bounded(samples: Mapping[str, Sample]) -> Iterable[tuple[str, Sample]]:
    left = _MOST_SERIES
    for pod, sample in samples.items():
        left -= len(sample.counts)
        if left < 0:
            return
        yield pod, sample
