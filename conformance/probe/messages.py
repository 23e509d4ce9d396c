"""The words that the suite and the probe app exchange: JSON lines, one reply per request, in order.

Values that occur a thousand times in a message are arrays, not objects, so that 500 calls and what came of
them fit in a few tens of kilobytes. Bytes that are no UTF-8 travel as lone surrogates, so nothing is lost on
the way.

============== ========================================== ====================================
op             request                                    reply
============== ========================================== ====================================
ping           -                                          workload, http, tcp: name and ports
send           calls, connections, keep_alive, timeout_ms observations
receipts       ids                                        workload, receipts, dropped
shares         see `conformance.probe.shares`             see there
receipt_counts prefix                                     seen, duplicates
self_call      timeout_ms                                 observations, one per port
reset          -                                          forgotten: how many receipts
============== ========================================== ====================================

What receipts and receipt_counts give is forgotten. self_call's ids are ``port:<number>``.
A request that cannot be carried out is answered with ``error``: what happened, in words.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from conformance.model.traffic import (
    Call,
    Ending,
    HttpRequest,
    Observation,
    Receipt,
    Request,
    TcpRequest,
    TrafficPlan,
)

RESPONDER_HEADER = "x-smi-responder"
"""In an application's answer: key of the workload that answered."""

CALL_HEADER = "x-smi-call"
"""In a request and in an application's answer: the call's id."""

DELAY_HEADER = "x-smi-delay-ms"
"""In a request: how long the application waits before it answers. Unit: milliseconds."""

DELAY_AT_HEADER = "x-smi-delay-at"
"""In a request: key of the only workload that waits; whoever else receives it answers at once."""

STATUS_HEADER = "x-smi-status"
"""In a request: the status that the application answers with in place of 200, or `CUT`."""

CUT = "cut"
"""A status that is none: the application takes the request and cuts the connection without an answer."""

Message = Mapping[str, Any]
"""One JSON object of the channel."""


def to_bytes(text: str) -> bytes:
    """Give the bytes that *text* stands for on the network."""
    return text.encode("utf-8", "surrogateescape")


def to_text(raw: bytes) -> str:
    """Give the text that stands for *raw* in models and messages; `to_bytes` undoes it."""
    return raw.decode("utf-8", "surrogateescape")


def encode_request(request: Request) -> list[Any] | None:
    """Write ``[method, path, [[name, value], ...]]``; None stands for a TCP line."""
    match request:
        case HttpRequest():
            return [request.method, request.path, request.headers]
        case TcpRequest():
            return None


def decode_request(raw: list[Any] | None) -> Request:
    """Read what `encode_request` wrote."""
    if raw is None:
        return TcpRequest()
    method, path, headers = raw
    return HttpRequest(method=method, path=path, headers=_pairs(headers))


def encode_send(plan: TrafficPlan) -> Message:
    """Write the request ``send``; a call is ``[id, host, port, request]``."""
    return {
        "op": "send",
        "calls": [(call.id, call.host, call.port, encode_request(call.request)) for call in plan.calls],
        "connections": plan.connections,
        "keep_alive": plan.keep_alive,
        "timeout_ms": to_milliseconds(plan.timeout),
    }


def decode_send(message: Message) -> TrafficPlan:
    """Read the request ``send``."""
    return TrafficPlan(
        calls=tuple(
            Call(id=id_, host=host, port=port, request=decode_request(request))
            for id_, host, port, request in message["calls"]
        ),
        connections=message["connections"],
        keep_alive=message["keep_alive"],
        timeout=timedelta(milliseconds=message["timeout_ms"]),
    )


def encode_observation(seen: Observation) -> list[Any]:
    """Write ``[call id, ending, status, responder, echoed id, elapsed in microseconds, detail]``."""
    elapsed = seen.elapsed // timedelta(microseconds=1)
    return [
        seen.call_id,
        seen.ending.value,
        seen.status,
        seen.responder,
        seen.echoed_id,
        elapsed,
        seen.detail,
    ]


def decode_observation(raw: list[Any]) -> Observation:
    """Read what `encode_observation` wrote."""
    call_id, ending, status, responder, echoed_id, elapsed, detail = raw
    return Observation(
        call_id=call_id,
        ending=Ending(ending),
        status=status,
        responder=responder,
        echoed_id=echoed_id,
        elapsed=timedelta(microseconds=elapsed),
        detail=detail,
    )


def encode_receipts(receipts: Iterable[Receipt]) -> list[Any]:
    """Write a list of ``[call id, port, protocol, method, raw path, headers]``."""
    return [(one.call_id, one.port, one.protocol, one.method, one.raw_path, one.headers) for one in receipts]


def decode_receipts(reply: Message) -> tuple[Receipt, ...]:
    """Read the receipts of a reply to ``receipts``."""
    return tuple(
        Receipt(
            call_id=call_id,
            responder=reply["workload"],
            port=port,
            protocol=protocol,
            method=method,
            raw_path=raw_path,
            headers=_pairs(headers),
        )
        for call_id, port, protocol, method, raw_path, headers in reply["receipts"]
    )


def to_milliseconds(span: timedelta) -> int:
    """Give *span* in whole milliseconds, rounded down."""
    return span // timedelta(milliseconds=1)


def _pairs(raw: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in raw)
