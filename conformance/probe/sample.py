"""What a burst of calls showed, seen from both ends: the raw material for judging a traffic split."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from conformance.probe.shares import BurstResult, OtherEnding, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSample:
    """Who answered the calls of a burst. A clean answer is the application's 200 with the very id."""

    calls: int
    """How many were to be sent."""
    counts: Mapping[str, int]
    """Clean answers, per responder's key. Unit: calls."""
    order: tuple[str | None, ...]
    """Per call number who answered it cleanly; None where nobody did. Calls are begun in this order."""
    others: tuple[OtherEnding, ...]
    """Calls that ended otherwise, grouped by ending and status."""
    unsent: int
    """Calls that were not begun, because the burst took too long."""
    receipts: Mapping[str, int]
    """Calls that reached a receiver, per receiver's key, each call once. Unit: calls."""
    duplicates: int
    """Deliveries beyond the first of a call, at the same receiver or at another."""
    unwitnessed: int
    """Clean answers whose responder was asked and holds no receipt for the call: the two ends contradict."""
    delivered: int
    """Calls that reached a receiver without a clean answer getting back."""
    elapsed: timedelta


def combine(result: BurstResult, tallies: Mapping[str, Tally]) -> ShareSample:
    """Put the caller's view and the receivers' notes together.

    Args:
        result: What the caller counted.
        tallies: What each receiver counted, by the receiver's key.
    """
    order = tuple(result.responders[index] if index >= 0 else None for index in result.order)
    answered = {key: _bits(order, key) for key in result.responders}
    reached = _union(tally.seen for tally in tallies.values())
    deliveries = sum(tally.seen.bit_count() + tally.duplicates for tally in tallies.values())
    return ShareSample(
        calls=len(order),
        counts=dict(Counter(key for key in order if key is not None)),
        order=order,
        others=result.others,
        unsent=result.unsent,
        receipts={key: tally.seen.bit_count() for key, tally in tallies.items()},
        duplicates=deliveries - reached.bit_count(),
        unwitnessed=sum(
            (answered[key] & ~tallies[key].seen).bit_count() for key in answered if key in tallies
        ),
        delivered=(reached & ~_union(answered.values())).bit_count(),
        elapsed=result.elapsed,
    )


def merge(first: Tally, second: Tally) -> Tally:
    """Add what a receiver noted later to what it had noted before."""
    twice = (first.seen & second.seen).bit_count()
    return Tally(seen=first.seen | second.seen, duplicates=first.duplicates + second.duplicates + twice)


def _bits(order: tuple[str | None, ...], key: str) -> int:
    """Set bit *n* where call number *n* was answered by *key*."""
    return int("".join("1" if one == key else "0" for one in reversed(order)), 2)


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
