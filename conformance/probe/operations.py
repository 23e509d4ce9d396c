"""What the app does for each message of its channel."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from conformance.model.traffic import Call, HttpRequest, Observation, Request, TcpRequest, TrafficPlan
from conformance.probe.burst import send_burst
from conformance.probe.ledger import Ledger
from conformance.probe.messages import (
    Message,
    decode_send,
    encode_observation,
    encode_receipts,
)
from conformance.probe.resolver import LiteralResolver, Resolver
from conformance.probe.sender import send
from conformance.probe.shares import decode_burst, encode_burst_result, encode_tally

Operation = Callable[[Message], Awaitable[Message]]
"""Carries out one kind of message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """What a sample workload is told when it starts."""

    workload: str
    """The workload's key."""
    bind: str
    """Address to serve on."""
    socket: str
    """Path of the channel's Unix socket."""
    hosts: str | None
    """Path of the file that replaces the resolver; None asks the system."""
    http: tuple[int, ...]
    tcp: tuple[int, ...]


class Operations:
    """Carries out messages; see `conformance.probe.messages` for their fields."""

    def __init__(self, settings: AppSettings, ledger: Ledger, resolver: Resolver) -> None:
        self._settings = settings
        self._ledger = ledger
        self._resolver = resolver
        self._by_name: dict[str, Operation] = {
            "ping": self._ping,
            "send": self._send,
            "receipts": self._receipts,
            "shares": self._shares,
            "receipt_counts": self._receipt_counts,
            "self_call": self._self_call,
            "reset": self._reset,
        }

    async def carry_out(self, message: Message) -> Message:
        """Carry out one message and give the reply."""
        operation = self._by_name.get(message["op"])
        if operation is None:
            return {"error": f"op {message['op']!r} is not known, only {', '.join(self._by_name)}"}
        return await operation(message)

    async def _ping(self, _: Message) -> Message:
        return {"workload": self._settings.workload, "http": self._settings.http, "tcp": self._settings.tcp}

    async def _send(self, message: Message) -> Message:
        return _observations(await send(decode_send(message), self._resolver))

    async def _shares(self, message: Message) -> Message:
        return encode_burst_result(await send_burst(decode_burst(message), self._resolver))

    async def _receipts(self, message: Message) -> Message:
        return {
            "workload": self._settings.workload,
            "receipts": encode_receipts(self._ledger.take(message["ids"])),
            "dropped": self._ledger.take_dropped(),
        }

    async def _receipt_counts(self, message: Message) -> Message:
        return encode_tally(self._ledger.take_tally(message["prefix"]))

    async def _self_call(self, message: Message) -> Message:
        """Call every port of this very app at the address it serves on: no proxy lies there."""
        plan = self._plan_to_self(timedelta(milliseconds=message["timeout_ms"]))
        seen = await send(plan, LiteralResolver())
        self._ledger.take(call.id for call in plan.calls)
        return _observations(seen)

    async def _reset(self, _: Message) -> Message:
        return {"forgotten": self._ledger.forget_all()}

    def _plan_to_self(self, timeout: timedelta) -> TrafficPlan:
        http: list[tuple[int, Request]] = [(port, HttpRequest()) for port in self._settings.http]
        tcp: list[tuple[int, Request]] = [(port, TcpRequest()) for port in self._settings.tcp]
        return TrafficPlan(
            calls=tuple(
                Call(id=f"port:{port}", host=self._settings.bind, port=port, request=request)
                for port, request in (*http, *tcp)
            ),
            timeout=timeout,
        )


def _observations(seen: tuple[Observation, ...]) -> Message:
    return {"observations": [encode_observation(one) for one in seen]}
