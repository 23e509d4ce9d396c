"""Reads what a sidecar's Envoy says of its own counts: one sample at a time. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from conformance.refmesh.metrics.traffic import Bin
from conformance.refmesh.translate.telemetry import METRIC, TAGS

_DROPPED = "server.dropped_stat_flushes"
_HISTOGRAMS = "/stats?format=json&usedonly&histogram_buckets=detailed&filter="
STATS_PATH = _HISTOGRAMS + quote(rf"^({re.escape(METRIC)}\.|{re.escape(_DROPPED)}$)")
"""Where Envoy's admin pages have the counts. Used ones only: Envoy has some thousand that never counted anything."""

START_PATH = "/config_dump?mask=last_updated"
"""Where Envoy's admin pages say when it read its first configuration. Its own uptime is of the last time that it
added up, which may be long ago, and in whole seconds.
"""

PROMETHEUS_PATH = "/stats/prometheus?filter=" + quote(rf"^({re.escape(METRIC)}\.|server\.uptime$)")
"""Where Envoy's admin pages have counts and uptime in the way that Prometheus reads."""

Bins = Mapping[Bin, float]

_NAMES = tuple(name for name, _ in TAGS)
_SERIES = re.compile(
    rf"^{re.escape(METRIC)}" + "".join(rf"\.{name}(?:\.(?P<{name}>.*?))?" for name in _NAMES) + "$"
)


class Series(NamedTuple):
    """What tells one histogram from the others, as Envoy filled it in."""

    pod: str
    side: str
    source: str
    """Address of the caller."""
    identity: str
    """SPIFFE id that the caller's certificate proves; empty at the client's side."""
    listener: str
    upstream: str
    """Address and port of the pod that was chosen; empty when none was."""
    cluster: str
    status: str
    ending: str
    """Envoy's response flags; ``-`` when all went well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one sidecar has counted since it started."""

    uptime: timedelta
    """Since Envoy started; a smaller one than before tells of a restart."""
    counts: Mapping[Series, Bins]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page at `STATS_PATH` says."""

    sample: Sample
    dropped: int
    """How often Envoy was asked to add up while it still did so for somebody who had asked before."""


def read_start(text: str | bytes) -> datetime:
    """Read the page at `START_PATH`: when Envoy started, by its own machine's clock.

    Raises:
        ValueError: It is not that page.
    """
    try:
        (boot,) = (one for one in json.loads(text)["configs"] if one["@type"].endswith("BootstrapConfigDump"))
        return datetime.fromisoformat(boot["last_updated"])
    except (LookupError, TypeError, AttributeError, ValueError) as problem:
        raise ValueError(f"this page of Envoy's does not tell when it started: {problem!r}") from problem


def read_page(text: str | bytes, uptime: timedelta) -> Page:
    """Read the page at `STATS_PATH`, of an Envoy that has been running for *uptime*.

    Raises:
        ValueError: It is not that page.
    """
    try:
        stats = json.loads(text)["stats"]
        dropped = sum(one["value"] for one in stats if one.get("name") == _DROPPED)
        return Page(sample=Sample(uptime=uptime, counts=dict(_histograms(stats))), dropped=dropped)
    except (LookupError, TypeError, AttributeError) as problem:
        raise ValueError(f"this is no page of Envoy's histograms: {problem!r}") from problem


def _histograms(stats: list[Mapping[str, Any]]) -> Iterator[tuple[Series, Bins]]:
    for group in stats:
        for one in (group.get("histograms") or {}).get("details") or ():
            if series := series_named(one["name"]):
                yield series, _bins(one["totals"])


@lru_cache(maxsize=100_000)
def series_named(name: str) -> Series | None:
    """Take the name of a histogram apart; None when it is none of ours."""
    match = _SERIES.match(name)
    return Series(*(match[one] or "" for one in _NAMES)) if match else None


def _bins(totals: list[Mapping[str, float]]) -> Bins:
    return {_bounds(one["lower_bound"], one["width"]): one["count"] for one in totals if one["count"]}


@lru_cache(maxsize=10_000)
def _bounds(lower: float, width: float) -> Bin:
    """Give the bounds of a bin: always the same object, and without what Envoy's arithmetic leaves behind a comma
    (220.00000000000003).
    """
    lower, width = float(f"{lower:.6g}"), float(f"{width:.6g}")
    return lower, lower + width
