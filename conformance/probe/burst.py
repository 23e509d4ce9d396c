"""Sends a burst: equal HTTP calls over kept connections, as fast as they carry them.

Each connection has one call in flight (no pipelining) and starts the next from within the callback that ends
the one before, so a call costs no task, no future and no timer of its own. One clock for all calls looks for
those that take too long.
"""

import asyncio
import itertools
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

from conformance.model.traffic import Ending, Observation
from conformance.probe.connection import AFTER_ID, HttpConnection, has_body, up_to_id
from conformance.probe.endings import OutOfMeansError, observe_failure
from conformance.probe.lanes import open_connection
from conformance.probe.messages import to_bytes, to_text
from conformance.probe.resolver import NameUnknownError, NobodyThereError, Place, Resolver, resolve
from conformance.probe.shares import MARK, Burst, BurstResult, OtherEnding

_OK = 200
_SWEEPS = 4
"""How often per timeout the clock looks: a call that takes too long is cut at most a quarter late."""


async def send_burst(burst: Burst, resolver: Resolver) -> BurstResult:
    """Send all calls of *burst* and count what came of them.

    Raises:
        OutOfMeansError: This machine could not send one of them.
    """
    resolver.refresh()
    run = _Run(burst)
    try:
        places = await resolve(resolver, burst.host, burst.port)
    except (NameUnknownError, NobodyThereError) as error:
        run.note_all(error)
    else:
        await run.send(itertools.cycle(places))
    return run.result()


@dataclass(slots=True)
class _Others:
    count: int
    example: Observation


class _Run:
    def __init__(self, burst: Burst) -> None:
        self._burst = burst
        self._timeout = burst.timeout.total_seconds()
        self._limit = burst.limit.total_seconds()
        self._has_body = has_body(burst.request)
        self._id_start = to_bytes(burst.prefix + MARK)
        self._request_start = up_to_id(burst.request, burst.host, burst.port) + self._id_start
        self._loop = asyncio.get_running_loop()
        self._began = perf_counter()
        self._next = 0
        self._left = burst.calls
        self._unsent = 0
        self._order = array("i", [-1]) * burst.calls
        self._responders: dict[bytes | None, int] = {}
        self._others: dict[tuple[Ending, int | None, bool], _Others] = {}
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._connections: set[HttpConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def result(self) -> BurstResult:
        """Give what was counted."""
        return BurstResult(
            responders=tuple(to_text(key or b"") for key in self._responders),
            order=tuple(self._order),
            others=tuple(OtherEnding(count=one.count, example=one.example) for one in self._others.values()),
            unsent=self._unsent,
            elapsed=timedelta(seconds=perf_counter() - self._began),
        )

    def note_all(self, error: Exception) -> None:
        """Note the same ending for every call: none could be sent."""
        example = observe_failure(self._id(0), error, 0)
        self._others[example.ending, None, False] = _Others(self._burst.calls, example)

    async def send(self, places: Iterator[Place]) -> None:
        """Send all calls and wait for the end of the last."""
        self._places = places
        for _ in range(min(self._burst.connections, self._burst.calls)):
            self._spawn()
        clock = self._loop.create_task(self._cut_late_calls())
        try:
            if self._burst.calls:
                await self._finished
        finally:
            for task in (clock, *self._tasks):
                task.cancel()
            for connection in self._connections:
                connection.close()

    def _spawn(self) -> None:
        task = self._loop.create_task(self._open_and_start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open_and_start(self) -> None:
        """Open a connection for the next call; a call that gets none has ended, and the next one tries."""
        while self._next < self._burst.calls:
            number, started = self._take_number(), perf_counter()
            try:
                async with asyncio.timeout(self._timeout):
                    connection = await open_connection(next(self._places), self._note_end)
            except OSError as error:
                self._note_failure(number, error, started)
            else:
                self._connections.add(connection)
                self._start(connection, number, started)
                return

    def _take_number(self) -> int:
        self._next += 1
        return self._next - 1

    def _start(self, connection: HttpConnection, number: int, started: float) -> None:
        connection.number = number
        connection.started = started
        connection.start(b"%b%d%b" % (self._request_start, number, AFTER_ID), has_body=self._has_body)

    def _note_end(self, connection: HttpConnection) -> None:
        response = connection.response
        number = connection.number
        if (
            connection.ending is Ending.ANSWERED
            and response.status == _OK
            and response.echoed_id == b"%b%d" % (self._id_start, number)
            and response.responder is not None
        ):
            self._order[number] = self._responders.setdefault(response.responder, len(self._responders))
        else:
            elapsed = perf_counter() - connection.started
            self._note_other(connection.observation(self._id(number), elapsed))
        self._count_down()
        self._go_on(connection)

    def _go_on(self, connection: HttpConnection) -> None:
        """Start the next call, on this connection if it still can."""
        if self._next < self._burst.calls and connection.is_open:
            self._start(connection, self._take_number(), perf_counter())
            return
        self._connections.discard(connection)
        connection.close()
        if self._next < self._burst.calls:
            self._spawn()

    def _note_failure(self, number: int, error: OSError, started: float) -> None:
        try:
            self._note_other(observe_failure(self._id(number), error, perf_counter() - started))
        except OutOfMeansError as trouble:
            if not self._finished.done():
                self._finished.set_exception(trouble)
        self._count_down()

    def _note_other(self, seen: Observation) -> None:
        key = (seen.ending, seen.status, seen.responder is not None)
        self._others.setdefault(key, _Others(0, seen)).count += 1

    def _count_down(self, calls: int = 1) -> None:
        self._left -= calls
        if self._left == 0 and not self._finished.done():
            self._finished.set_result(None)

    async def _cut_late_calls(self) -> None:
        while True:
            await asyncio.sleep(min(self._timeout, self._limit) / _SWEEPS)
            if perf_counter() - self._began >= self._limit:
                self._begin_no_more()
            latest = perf_counter() - self._timeout
            for connection in [one for one in self._connections if one.started <= latest]:
                self._cut(connection)

    def _begin_no_more(self) -> None:
        unsent = self._burst.calls - self._next
        self._next += unsent
        self._unsent += unsent
        self._count_down(unsent)

    def _cut(self, connection: HttpConnection) -> None:
        connection.abandon()
        error = TimeoutError("no whole answer in time")
        self._note_failure(connection.number, error, connection.started)
        self._go_on(connection)

    def _id(self, number: int) -> str:
        return f"{self._burst.prefix}{MARK}{number}"
