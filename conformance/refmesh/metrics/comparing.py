"""What sidecars counted between two looks at them: differences of counters that only ever grow. Pure.

A counter says what happened since its process started. What happened in a window is the difference of two samples;
where there is no old one, the window is shorter, and says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from conformance.refmesh.metrics.reading import Bins, Sample, Series

_INEXACT = timedelta(seconds=1)
"""Envoy tells its uptime in whole seconds, rounded down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look at all sidecars."""

    at: datetime
    samples: Mapping[str, Sample]
    """By whose they are: ``namespace/pod``, or whatever else names a sidecar in every round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What was counted between two rounds."""

    at: datetime
    span: timedelta
    counts: Mapping[Series, Bins]


def compared(rounds: Sequence[Round]) -> Difference:
    """Say what was counted from the first round to the last; those between tell of processes that have ended.

    A sidecar nobody knows about at the first round is left out.
    """
    base, newest = rounds[0], rounds[-1]
    counts: dict[Series, Bins] = {}
    unknown = set(unknown_at(base, newest))
    for name in (one for one in newest.samples if one not in unknown):
        told = [(one.at, one.samples[name]) for one in rounds if name in one.samples]
        began = base.samples[name].counts if name in base.samples else {}
        # Where a sidecar goes under two names, the later one says all that the other does.
        counts |= _summed(_grown(*life) for life in _lives(told, began))
    return Difference(at=newest.at, span=newest.at - base.at, counts=counts)


def _lives(
    told: Sequence[tuple[datetime, Sample]], began: Mapping[Series, Bins]
) -> Iterator[tuple[Mapping[Series, Bins], Sample]]:
    """Tell the lives of a sidecar's Envoy apart: what it had counted where each begins, and where it ends."""
    for (at, one), (later, following) in pairwise(told):
        if _has_started_anew(at, one, later, following):
            yield began, one
            began = {}
    yield began, told[-1][1]


def _has_started_anew(at: datetime, old: Sample, now: datetime, new: Sample) -> bool:
    return new.uptime < old.uptime or now - new.uptime > at + _INEXACT


def _summed(parts: Iterable[Mapping[Series, Bins]]) -> Mapping[Series, Bins]:
    counts: dict[Series, Bins] = {}
    for part in parts:
        for series, bins in part.items():
            had = counts.get(series, {})
            counts[series] = (
                {one: had.get(one, 0) + bins.get(one, 0) for one in {**had, **bins}} if had else bins
            )
    return counts


def unknown_at(base: Round, newest: Round) -> list[str]:
    """Name the sidecars that ran at *base*, but of which nobody knows what they had counted by then."""
    return [
        name
        for name, sample in newest.samples.items()
        if name not in base.samples and newest.at - sample.uptime < base.at
    ]


def totals_of(newest: Round) -> Difference:
    """Say what sidecars have counted since they started, as of *newest*."""
    counts = {series: bins for sample in newest.samples.values() for series, bins in sample.counts.items()}
    span = max((one.uptime for one in newest.samples.values()), default=timedelta(0))
    return Difference(at=newest.at, span=span, counts=counts)


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
