"""Remembers what sidecars have counted for as long as a window reaches back, and says what came in between."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from conformance.refmesh.metrics.comparing import Difference, Round, compared, totals_of, unknown_at
from conformance.refmesh.metrics.reading import Sample

_MOST_SERIES = 200_000
"""Series of one round that are remembered; a mesh of 1,000 pods with ten peers each has 40,000. A guess."""


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
        return totals_of(newest)

    def difference(self) -> Difference | None:
        """Say what the last window has brought; None before there are two rounds to compare."""
        with self._lock:
            rounds, known = tuple(self._rounds), self._known
        if not rounds:
            return None
        newest = rounds[-1]
        if known and known[0] is newest:
            return known[1]
        found = self._compared(rounds)
        with self._lock:
            self._known = newest, found
        return found

    def _compared(self, rounds: tuple[Round, ...]) -> Difference | None:
        """Begin where the window does, or later: at the first round in which every sidecar is known."""
        newest = rounds[-1]
        older = sum(one.at <= newest.at - self._window for one in rounds[:-1])
        reached = rounds[max(older - 1, 0) :]
        begin = next(at for at, one in enumerate(reached) if not unknown_at(one, newest))
        return compared(reached[begin:]) if begin < len(reached) - 1 else None


def _bounded(samples: Mapping[str, Sample]) -> Iterable[tuple[str, Sample]]:
    left = _MOST_SERIES
    for pod, sample in samples.items():
        left -= len(sample.counts)
        if left < 0:
            return
        yield pod, sample
