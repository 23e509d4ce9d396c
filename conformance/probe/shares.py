"""The fast path for traffic splits: many like calls, answered with counts in place of observations.

A burst's call ids are ``<prefix>#<number>``. The mark tells a receiver to note the number only, so that a
hundred thousand calls cost it a set of numbers and not a hundred thousand receipts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance.model.traffic import HttpRequest, Observation
from conformance.probe.messages import (
    Message,
    decode_observation,
    decode_request,
    encode_observation,
    encode_request,
    to_milliseconds,
)

MARK = "#"
"""Stands between a burst's prefix and a call's number; no other call id has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Equal HTTP calls to one place, to be sent as fast as the connections carry them."""

    prefix: str
    """Unique in a run, without `MARK`."""
    host: str
    port: int
    request: HttpRequest
    calls: int
    """How many, numbered from 0."""
    connections: int
    """Kept open; one call at a time on each. Unit: connections."""
    timeout: timedelta
    """Longest wait for one answer; observed with a coarse clock, at most a quarter late."""
    limit: timedelta
    """When it stops to begin calls, so that a mesh that swallows every call does not hold up a run for hours.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEnding:
    """Calls of a burst that ended alike, but not with the application's 200 to the very id."""

    count: int
    example: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstResult:
    """What the caller saw of a burst."""

    responders: tuple[str, ...]
    """Keys of the workloads that answered, in the order of their first answer."""
    order: tuple[int, ...]
    """Per call number the index of its responder; -1 where the call ended otherwise or was not sent."""
    others: tuple[OtherEnding, ...]
    unsent: int
    """Calls that were not begun within the burst's limit."""
    elapsed: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a receiver noted of a burst."""

    seen: int
    """Bit *n* is set when call number *n* reached it."""
    duplicates: int
    """How many deliveries had a number that it had seen before."""


def encode_burst(burst: Burst) -> Message:
    """Write the request ``shares``: the fields of `Burst`, times in milliseconds."""
    return {
        "op": "shares",
        "prefix": burst.prefix,
        "host": burst.host,
        "port": burst.port,
        "request": encode_request(burst.request),
        "calls": burst.calls,
        "connections": burst.connections,
        "timeout_ms": to_milliseconds(burst.timeout),
        "limit_ms": to_milliseconds(burst.limit),
    }


def decode_burst(message: Message) -> Burst:
    """Read the request ``shares``."""
    request = decode_request(message["request"])
    if not isinstance(request, HttpRequest):
        raise TypeError("shares needs an HTTP request: a TCP line cannot share a connection")
    return Burst(
        prefix=message["prefix"],
        host=message["host"],
        port=message["port"],
        request=request,
        calls=message["calls"],
        connections=message["connections"],
        timeout=timedelta(milliseconds=message["timeout_ms"]),
        limit=timedelta(milliseconds=message["limit_ms"]),
    )


def encode_burst_result(result: BurstResult) -> Message:
    """Write the reply to ``shares``: responders, order, others as ``[count, observation]``, unsent."""
    return {
        "responders": result.responders,
        "order": result.order,
        "others": [(other.count, encode_observation(other.example)) for other in result.others],
        "unsent": result.unsent,
        "elapsed_us": result.elapsed // timedelta(microseconds=1),
    }


def decode_burst_result(reply: Message) -> BurstResult:
    """Read the reply to ``shares``."""
    return BurstResult(
        responders=tuple(reply["responders"]),
        order=tuple(reply["order"]),
        others=tuple(
            OtherEnding(count=count, example=decode_observation(example))
            for count, example in reply["others"]
        ),
        unsent=reply["unsent"],
        elapsed=timedelta(microseconds=reply["elapsed_us"]),
    )


def encode_tally(tally: Tally) -> dict[str, Any]:
    """Write the reply to ``receipt_counts``: seen (hexadecimal bits), duplicates."""
    return {"seen": f"{tally.seen:x}", "duplicates": tally.duplicates}


def decode_tally(reply: Mapping[str, Any]) -> Tally:
    """Read the reply to ``receipt_counts``."""
    return Tally(seen=int(reply["seen"], 16), duplicates=reply["duplicates"])
