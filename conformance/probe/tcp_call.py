"""The calling end of one TCP call: a line out, the same line back with the name of who answered."""

import asyncio
from datetime import timedelta
from time import perf_counter
from typing import cast

from conformance.model.traffic import Ending, Observation
from conformance.probe.messages import to_bytes, to_text
from conformance.probe.resolver import Place
from conformance.probe.response import KEPT
from conformance.probe.tcp_server import LINE

_WORDS = 3
"""How many words an echo has: ``ECHO``, the call's id, the workload's key."""


async def exchange_line(place: Place, call_id: str) -> Observation:
    """Send one line on a connection of its own and wait for one line back.

    Raises:
        OSError: The connection could not be opened.
    """
    loop = asyncio.get_running_loop()
    started = perf_counter()
    ended: asyncio.Future[Ending] = loop.create_future()
    transport, line = await loop.create_connection(lambda: _Line(LINE % to_bytes(call_id), ended), *place)
    try:
        ending = await ended
    finally:
        transport.close()
    return _observe(call_id, ending, line.received, timedelta(seconds=perf_counter() - started))


class _Line(asyncio.Protocol):
    """Writes one line and reads up to the first end of a line."""

    def __init__(self, line: bytes, ended: asyncio.Future[Ending]) -> None:
        self._line = line
        self._ended = ended
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._line)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if b"\n" in data:
            self._end(Ending.ANSWERED)

    def eof_received(self) -> None:
        self._end(Ending.CLOSED)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Ending.RESET if exc else Ending.CLOSED)

    def _end(self, ending: Ending) -> None:
        if not self._ended.done():
            self._ended.set_result(ending)


def _observe(call_id: str, ending: Ending, received: bytes, elapsed: timedelta) -> Observation:
    words = to_text(received.partition(b"\n")[0]).split(" ")
    is_echo = ending is Ending.ANSWERED and len(words) == _WORDS and words[0] == "ECHO"
    echoed_id, responder = (words[1], words[2]) if is_echo else (None, None)
    is_other = echoed_id != call_id and received != b""
    return Observation(
        call_id=call_id,
        ending=Ending.GARBLED if ending is Ending.ANSWERED and is_other else ending,
        responder=responder,
        echoed_id=echoed_id,
        elapsed=elapsed,
        detail=repr(received[:KEPT]) if is_other else "",
    )
