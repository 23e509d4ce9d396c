"""What a Prometheus had of the sidecars at one moment: the question in PromQL, and its answer taken apart. Pure.

Sidecars are told apart by all labels that are not the histogram's own: those of the scraped target, which its counts
and its uptime share, however the targets were relabelled.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from conformance.refmesh.bootstrap import bucket_bounds
from conformance.refmesh.metrics.comparing import Round
from conformance.refmesh.metrics.reading import Bins, Sample, Series
from conformance.refmesh.metrics.traffic import Bin
from conformance.refmesh.translate.telemetry import METRIC, TAGS

_BUCKETS = f"envoy_{METRIC.replace('.', '_')}_bucket"
_UPTIME = "envoy_server_uptime"
_FACT = "smi_fact"

SCRAPES_QUERY = " or ".join(
    f'label_replace({what}, "{_FACT}", "{name}", "", "")'
    for name, what in {"now": "vector(time())", "scraped": f"timestamp({_UPTIME})", "uptime": _UPTIME}.items()
)
"""Asks for the time of each sidecar's last scrape, its uptime then, and Prometheus' own time."""

COUNTS_QUERY = (
    f'{SCRAPES_QUERY} or {_BUCKETS}{{le="+Inf"}}'
    f' or ({_BUCKETS}{{le!="+Inf"}} < ignoring(le) group_left() {_BUCKETS}{{le="+Inf"}})'
)
"""Asks for all counts besides, in one question, since a scrape between two of them would tear them apart.

Buckets are cumulative: all above a series' slowest call have the count of ``+Inf``, and say nothing more. Leaving
them out makes the answer a fraction of its size; which they are is known, since the mesh itself sets the buckets.
"""

Row = Mapping[str, Any]
"""One series of an answer: ``metric`` with its labels, and ``value`` or ``values``."""

_NAMES = tuple(name for name, _ in TAGS)
_BINS: tuple[Bin, ...] = tuple(pairwise((0.0, *bucket_bounds(), math.inf)))
_UPPERS = tuple(upper for _, upper in _BINS)
_OWN = frozenset({"__name__", "le", _FACT, *_NAMES})


def first_scrapes_query(span: timedelta) -> str:
    """Ask for all scrapes of the last *span*."""
    return f"{_UPTIME}[{math.ceil(span.total_seconds() * 1000)}ms]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One sidecar's last scrape."""

    at: datetime
    uptime: timedelta
    """Whole seconds, and as old as the sidecar's last flush."""
    counts: Mapping[Series, Bins]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What Prometheus had at one moment."""

    asked: datetime
    """By its own clock."""
    scrapes: Mapping[str, Scrape]
    """By the labels of the target, the oldest first: a sidecar under two targets counts as the later one says."""

    def as_round(self, among: Iterable[str] | None = None) -> Round:
        """Give it as one look at all sidecars, which is as old as the oldest scrape; only *among* decide on that.

        Counts may be younger than that by an interval between scrapes, never older. Uptimes are those at that time.
        """
        names = self.scrapes.keys() & set(self.scrapes if among is None else among)
        at = min((self.scrapes[name].at for name in names), default=self.asked)
        samples = {
            name: Sample(uptime=one.uptime - (one.at - at), counts=one.counts)
            for name, one in self.scrapes.items()
        }
        return Round(at=at, samples=samples)


def read_moment(rows: Iterable[Row]) -> Moment:
    """Read an answer to `SCRAPES_QUERY` or `COUNTS_QUERY`.

    Raises:
        ValueError: It is none, or counts have no uptime of their own beside them.
    """
    facts: dict[str, dict[str, float]] = defaultdict(dict)
    cumulative: dict[str, dict[Series, dict[float, float]]] = defaultdict(lambda: defaultdict(dict))
    try:
        for row in rows:
            labels, value = row["metric"], float(row["value"][1])
            match labels.get(_FACT):
                case None:
                    cumulative[_target(labels)][_series(labels)][float(labels["le"])] = value
                case fact:
                    facts[_target(labels)][fact] = value
        asked = facts.pop("")["now"]
        scrapes = {name: _scrape(one, cumulative.pop(name, {})) for name, one in facts.items()}
    except (LookupError, TypeError, AttributeError) as problem:
        raise ValueError(f"this is no answer to what was asked: {problem!r}") from problem
    if cumulative:
        raise ValueError(f"{_BUCKETS} of {next(iter(cumulative))} has no {_UPTIME} with the same labels")
    for name, one in scrapes.items():
        _check_single(name, one)
    return Moment(asked=_time(asked), scrapes=dict(sorted(scrapes.items(), key=lambda one: one[1].at)))


def read_first_scrapes(rows: Iterable[Row]) -> Mapping[str, datetime]:
    """Read an answer to `first_scrapes_query`: the first scrape of each target in that span.

    Raises:
        ValueError: It is none.
    """
    try:
        return {_target(row["metric"]): _time(float(row["values"][0][0])) for row in rows}
    except (LookupError, TypeError, AttributeError) as problem:
        raise ValueError(f"this is no answer to what was asked: {problem!r}") from problem


def _check_single(name: str, scrape: Scrape) -> None:
    """See that a target is one sidecar; with one uptime for two, nobody could tell which has started anew."""
    pods = sorted({series.pod for series in scrape.counts})
    if len(pods) > 1:
        raise ValueError(f"{pods[0]} and {pods[1]} have the same labels, {name}")


def _target(labels: Mapping[str, str]) -> str:
    return _spelt(tuple(sorted(one for one in labels.items() if one[0] not in _OWN)))


@lru_cache(maxsize=20_000)
def _spelt(labels: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels)


def _series(labels: Mapping[str, str]) -> Series:
    return Series(*(labels.get(name, "") for name in _NAMES))


def _scrape(
    facts: Mapping[str, float],
    cumulative: Mapping[Series, Mapping[float, float]],
) -> Scrape:
    return Scrape(
        at=_time(facts["scraped"]),
        uptime=timedelta(seconds=facts["uptime"]),
        counts={series: _bins(counts) for series, counts in cumulative.items()},
    )


def _bins(cumulative: Mapping[float, float]) -> Bins:
    """Take cumulative buckets apart; those that were left out hold all calls.

    What took longer than the last bound that Prometheus has is put there, at a bin without width: nobody knows how
    much longer, and Prometheus' own ``histogram_quantile`` says the same.
    """
    if len(cumulative) > 1 and (strange := cumulative.keys() - {*_UPPERS[: len(cumulative) - 1], math.inf}):
        raise ValueError(f"the bucket up to {min(strange):.0f} is another's, or one before it is missing")
    total, before = cumulative[math.inf], 0.0
    found: dict[Bin, float] = {}
    for bin_ in _BINS:
        upto = total if math.isinf(bin_[1]) else cumulative.get(bin_[1], total)
        if upto > before:
            found[bin_ if math.isfinite(bin_[1]) else (bin_[0], bin_[0])] = upto - before
            before = upto
        if before >= total:
            break
    return found


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
