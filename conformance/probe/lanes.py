"""A lane carries one call after the other to one (host, port), on one connection at a time."""

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Protocol

from conformance.model.traffic import Call, HttpRequest, Observation
from conformance.probe.connection import AFTER_ID, HttpConnection, has_body, up_to_id
from conformance.probe.messages import to_bytes
from conformance.probe.resolver import Place
from conformance.probe.tcp_call import exchange_line


class Lane(Protocol):
    """Where the calls of a plan travel."""

    async def exchange(self, call: Call) -> Observation:
        """Send one call and wait for its end.

        Raises:
            OSError: No connection could be opened.
        """

    def leave(self) -> None:
        """Let go of the connection, whatever goes on there."""


class TcpLane:
    """Opens a connection for each line."""

    def __init__(self, places: Iterator[Place]) -> None:
        self._places = places

    async def exchange(self, call: Call) -> Observation:
        """Send one line and wait for its end."""
        return await exchange_line(next(self._places), call.id)

    def leave(self) -> None:
        """Do nothing: every exchange closes its own connection."""


class HttpLane:
    """Keeps its connection as long as the plan wants and the peer allows.

    A connection is left for a new one only when its end was noticed before the call. Writing to one whose end
    was not noticed yet cuts the call, and that stays so: a second attempt would hide what the first met.
    """

    def __init__(self, places: Iterator[Place], *, keep_alive: bool) -> None:
        self._places = places
        self._keep_alive = keep_alive
        self._connection: HttpConnection | None = None
        self._ended: asyncio.Future[None] | None = None

    async def exchange(self, call: Call) -> Observation:
        """Send one request and wait for its end."""
        assert isinstance(call.request, HttpRequest)
        loop = asyncio.get_running_loop()
        started = perf_counter()
        connection = await self._ready_connection()
        self._ended = loop.create_future()
        request = up_to_id(call.request, call.host, call.port) + to_bytes(call.id) + AFTER_ID
        connection.start(request, has_body=has_body(call.request))
        await self._ended
        if not self._keep_alive or call.request.method == "CONNECT":  # after CONNECT it is a tunnel
            connection.close()
        return connection.observation(call.id, perf_counter() - started)

    def leave(self) -> None:
        """Cut the connection."""
        if self._connection is not None:
            self._connection.abandon()
            self._connection = None

    async def _ready_connection(self) -> HttpConnection:
        if self._connection is None or not self._connection.is_open:
            self._connection = await open_connection(next(self._places), self._note_end)
        return self._connection

    def _note_end(self, _: HttpConnection) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)


async def open_connection(place: Place, on_end: Callable[[HttpConnection], None]) -> HttpConnection:
    """Open a connection.

    Raises:
        OSError: Nothing takes it.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: HttpConnection(on_end), *place)
    return connection
