"""What was measured of traffic: tallies of calls, told apart by who called whom, and through what. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conformance.refmesh.translate.telemetry import Side

Bin = tuple[float, float]
"""Lower and upper bound of a latency. Unit: microseconds."""

SHORTEST = timedelta(milliseconds=1)
"""The window of figures before anything was measured; a window is never of no length."""

__all__ = ["SHORTEST", "Bin", "Flow", "Side", "Tally", "Traffic", "added", "quantile", "quantiles"]

_REFUSED = 403
_FAILING = 500
_ANSWERING = 100

# Source: Envoy's documentation of %RESPONSE_FLAGS%. With a status below 500 these mean that the answer broke off:
# the caller or the application closed or reset, spoke against the protocol, or took too long. Above it, Envoy's own
# answer is whole unless the caller had gone.
_BROKEN = frozenset({"DC", "UC", "UR", "LR", "UPE", "DPE", "SI", "DT", "UT", "UMSDR", "OM", "DR"})
_GONE = frozenset({"DC", "DR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Some calls, added up."""

    success: float = 0
    """Answers below 500 but 403. Unit: calls, fractional where a source extrapolates."""
    failure: float = 0
    """No answer, 500 and above, and 403: at the caller a refusal and an application's own 403 look alike."""
    bins: Mapping[Bin, float] = field(default_factory=dict)
    """How many answers took how long."""

    @classmethod
    def of_status(cls, status: int, bins: Mapping[Bin, float], ending: str = "-") -> "Tally":
        """Make the tally of calls that all ended alike.

        Args:
            status: HTTP status; 0 when there was no answer, so that its time is no latency.
            bins: How many took how long.
            ending: Envoy's response flags, with commas; an answer that broke off is none.
        """
        calls = sum(bins.values())
        is_whole = status >= _ANSWERING and not _broke_off(status, ending)
        is_success = is_whole and status < _FAILING and status != _REFUSED
        return cls(
            success=calls if is_success else 0,
            failure=0 if is_success else calls,
            bins=bins if is_whole else {},
        )


def _broke_off(status: int, ending: str) -> bool:
    signs = _BROKEN if status < _FAILING else _GONE
    return not signs.isdisjoint(ending.split(","))


def added(tallies: Iterable[Tally]) -> Tally:
    """Pool tallies: counts add up, and so do the bins, so that percentiles are those of all calls together."""
    some = list(tallies)
    if len(some) == 1:
        return some[0]
    success, failure, bins = 0.0, 0.0, dict[Bin, float]()
    for one in some:
        success, failure = success + one.success, failure + one.failure
        for bounds, count in one.bins.items():
            bins[bounds] = bins.get(bounds, 0) + count
    return Tally(success=success, failure=failure, bins=bins)


def quantiles(bins: Mapping[Bin, float], shares: Iterable[float]) -> list[float]:
    """Say the same as `quantile` for several shares, in rising order."""
    ordered, total = sorted(bins.items()), sum(bins.values())
    found, at, before = list[float](), 0, 0.0
    for share in shares:
        wanted = share * total
        while at < len(ordered) and (not ordered[at][1] or before + ordered[at][1] < wanted):
            before, at = before + ordered[at][1], at + 1
        if at == len(ordered):
            found.append(max((upper for (_, upper), count in ordered if count), default=0.0))
        else:
            (lower, upper), count = ordered[at]
            found.append(lower + (upper - lower) * (wanted - before) / count)
    return found


def quantile(bins: Mapping[Bin, float], share: float) -> float:
    """Say below which latency *share* of the answers lie.

    The calls of a bin are taken to be spread evenly over it. The true quantile lies in the same bin, so that the
    error is at most the bin's width: 10 percent of the value with Envoy's own bins.

    Args:
        bins: How many answers took how long.
        share: 0 to 1.

    Returns:
        Unit: microseconds. 0 without any answer.
    """
    (found,) = quantiles(bins, [share])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Calls of one caller to one place, as one end of them counted."""

    side: Side
    source: str
    """Key of the calling pod; empty when it is none that is known."""
    destination: str
    """Key of the called pod; empty when the call never got to one."""
    service: str = ""
    """Key of the Service that was called; empty at the server's side, and where a pod's own address was called."""
    backend: str = ""
    """Key of the Service whose pods it went to: another than *service* where a split has sent it."""
    status: int = 0
    """HTTP status that all these calls were answered with; 0 without an answer, or where it is not known."""
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """All that was seen in one span of time."""

    flows: tuple[Flow, ...]
    at: datetime
    """End of the span, with a time zone."""
    span: timedelta
    """What is really covered: less than was asked for while there is no older knowledge."""
