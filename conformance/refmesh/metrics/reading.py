"""Reads what a sidecar's Envoy says of its own counts: one sample at a time. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from conformance.refmesh.metrics.traffic import Bin
from conformance.refmesh.translate.telemetry import METRIC, TAGS

STATS_PATH = "/stats?format=json&histogram_buckets=detailed&filter=" + quote(
    r"^(smi\.latency\.|server\.uptime$)"
)
"""Where Envoy's admin pages have it."""

Bins = Mapping[Bin, float]

_NAMES = tuple(name for name, _ in TAGS)
_SERIES = re.compile(
    rf"^{re.escape(METRIC)}" + "".join(rf"\.{name}(?:\.(?P<{name}>.*?))?" for name in _NAMES) + "$"
)


@dataclass(frozen=True, slots=True, order=True)
class Series:
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
    """Since Envoy started, in whole seconds; a smaller one than before tells of a restart."""
    counts: Mapping[Series, Bins]


def read_sample(text: str | bytes) -> Sample:
    """Read the page at `STATS_PATH`.

    Raises:
        ValueError: It is not that page.
    """
    try:
        stats = json.loads(text)["stats"]
        uptime = next((one["value"] for one in stats if one.get("name") == "server.uptime"), 0)
        return Sample(uptime=timedelta(seconds=int(uptime)), counts=dict(_histograms(stats)))
    except (LookupError, TypeError, AttributeError) as problem:
        raise ValueError(f"this is no page of Envoy's statistics: {problem!r}") from problem


def _histograms(stats: list[Mapping[str, Any]]) -> Iterator[tuple[Series, Bins]]:
    for group in stats:
        for one in (group.get("histograms") or {}).get("details") or ():
            match = _SERIES.match(one["name"])
            if match:
                yield Series(*(match[name] or "" for name in _NAMES)), _bins(one["totals"])


def _bins(totals: list[Mapping[str, float]]) -> Bins:
    return {
        (one["lower_bound"], one["lower_bound"] + one["width"]): one["count"]
        for one in totals
        if one["count"]
    }
