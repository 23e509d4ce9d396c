"""Calls as the proxies of both ends noted them, and figures of some of them."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

WINDOW = timedelta(seconds=10)
PERCENTS = (50, 90, 99)
REFUSED, SERVER_ERROR = 403, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One call as the proxies of both ends have it."""

    source: str
    receiver: str
    """Key of the workload it went to, or was refused at."""
    service: str
    status: int
    took: float
    """Unit: seconds."""
    at: datetime
    is_http: bool = True
    connection: int = 0
    """Which connection carried it."""


Calls = Sequence[Noted]
"""Oldest first."""


def measured(calls: Calls, now: datetime) -> Calls:
    """Give the calls that figures of *now* are made of."""
    return http_alone(in_window(calls, now))


def in_window(calls: Calls, now: datetime) -> Calls:
    """Leave out what has left the window."""
    return [one for one in calls if now - WINDOW < one.at <= now]


def http_alone(calls: Calls) -> Calls:
    """Leave out raw TCP."""
    return [one for one in calls if one.is_http]


def received_by(ends: Container[str], calls: Calls) -> Calls:
    """Give those of *calls* that went to one of these workloads, by their keys."""
    return [one for one in calls if one.receiver in ends]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How many calls ended how, and how long they took."""

    success: float
    failure: float
    latencies: tuple[float, ...]
    """One for each of `PERCENTS`, in seconds; zeros without calls."""


def counted(calls: Calls) -> Figures:
    """Count some calls."""
    good = sum(map(is_good, calls))
    return Figures(success=float(good), failure=float(len(calls) - good), latencies=latencies(calls))


def is_good(call: Noted) -> bool:
    """Say whether a call counts as a success: it was let through and answered, and not with a server's error."""
    return 0 < call.status < SERVER_ERROR and call.status != REFUSED


def latencies(calls: Calls) -> tuple[float, ...]:
    """Give the percentiles of how long some calls took, by nearest rank."""
    took = sorted(one.took for one in calls)
    ranks = [max(0, ceil(len(took) * percent / 100) - 1) for percent in PERCENTS]
    return tuple(took[rank] if took else 0.0 for rank in ranks)
