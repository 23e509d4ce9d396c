"""What sidecars counted between two looks at them: differences of counters that only ever grow. Pure.

A counter says what happened since its process started. What happened in a window is the difference of two samples;
where there is no old one, the window is shorter, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

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


def compared(base: Round, newest: Round) -> Difference:
    """Say what was counted from *base* to *newest*; a sidecar nobody knows about at *base* is left out."""
    counts: dict[Series, Bins] = {}
    for name, sample in newest.samples.items():
        counts |= _grown(_before(base, name, sample, newest.at), sample)
    return Difference(at=newest.at, span=newest.at - base.at, counts=counts)


def unknown_at(base: Round, newest: Round) -> list[str]:
    """Name the sidecars that ran at *base*, but of which nobody knows what they had counted by then."""
    return [name for name, sample in newest.samples.items() if _before(base, name, sample, newest.at) is None]


def totals_of(newest: Round) -> Difference:
    """Say what sidecars have counted since they started, as of *newest*."""
    counts = {series: bins for sample in newest.samples.values() for series, bins in sample.counts.items()}
    span = max((one.uptime for one in newest.samples.values()), default=timedelta(0))
    return Difference(at=newest.at, span=span, counts=counts)


def _before(base: Round, name: str, sample: Sample, now: datetime) -> Mapping[Series, Bins] | None:
    """Give what a sidecar had counted at *base*: nothing if it has started since, None if nobody knows."""
    old, started = base.samples.get(name), now - sample.uptime
    if old is None:
        return {} if started >= base.at else None
    has_started_anew = sample.uptime < old.uptime or started > base.at + _INEXACT
    return {} if has_started_anew else old.counts


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
