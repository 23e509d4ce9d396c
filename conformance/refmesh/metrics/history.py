"""Remembers what sidecars have counted, and says what came in between: counters only ever grow, windows move on.

A counter says what happened since its process started. What happened in a window is the difference of two samples;
where there is no old one, the window is shorter, and says so. A process that started anew has begun at nothing.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
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
        self._known: tuple[Round, Difference | None] | None = None
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
        """Say what the last window has brought; None before there are two rounds to compare."""
        with self._lock:
            rounds, known = tuple(self._rounds), self._known
        if not rounds:
            return None
        newest = rounds[-1]
        if known and known[0] is newest:
            return known[1]
        found = compared(_window_of(rounds, newest.at - self._window))
        with self._lock:
            self._known = newest, found
        return found


def _window_of(rounds: tuple[Round, ...], begin: datetime) -> tuple[Round, ...]:
    """Leave out what lies before the last round that *begin* does not come after."""
    older = sum(one.at <= begin for one in rounds[:-1])
    return rounds[max(older - 1, 0) :]


def compared(rounds: tuple[Round, ...]) -> Difference | None:
    """Say what was counted from the first of some rounds to the last; None where that is no span of time.

    It begins later where the first round does not know a sidecar that was running by then: what that had counted
    before it first told anything is not known, and must not look like nothing.
    """
    newest = rounds[-1]
    base = next(at for at, one in enumerate(rounds) if _knows_all(one, newest))
    if base == len(rounds) - 1:
        return None
    counts: dict[Series, Bins] = {}
    for pod in newest.samples:
        told = [one.samples[pod] for one in rounds[base:] if pod in one.samples]
        for earlier, later in _lives(told, is_new=pod not in rounds[base].samples):
            _add(counts, _grown(earlier, later))
    return Difference(at=newest.at, span=newest.at - rounds[base].at, counts=counts)


def _knows_all(one: Round, newest: Round) -> bool:
    """Say whether a round knows all of the newest one's sidecars but those that have started since."""
    return all(
        pod in one.samples or newest.at - sample.uptime >= one.at for pod, sample in newest.samples.items()
    )


def _lives(told: list[Sample], *, is_new: bool) -> Iterator[tuple[Mapping[Series, Bins], Sample]]:
    """Tell the lives of a sidecar's Envoy apart: what it had counted at the beginning of each, and at its end."""
    began: Mapping[Series, Bins] = {} if is_new else told[0].counts
    for one, following in zip(told, [*told[1:], None], strict=True):
        if following is None or following.uptime < one.uptime:
            yield began, one
            began = {}


def _add(counts: dict[Series, Bins], grown: Mapping[Series, Bins]) -> None:
    for series, bins in grown.items():
        had = counts.get(series)
        counts[series] = (
            bins if had is None else {one: had.get(one, 0) + bins.get(one, 0) for one in {**had, **bins}}
        )


def _grown(before: Mapping[Series, Bins], sample: Sample) -> Mapping[Series, Bins]:
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
