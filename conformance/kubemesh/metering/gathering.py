"""The metrics server's end of the sidecars: asks all of them at one moment, and remembers what they say."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from conformance.kubemesh.connections import hold
from conformance.kubemesh.metering.catalogue import Catalogue
from conformance.kubemesh.metering.wire import LARGEST, decode_sample, encode_look
from conformance.refmesh.metrics import History, Round, Sample

logger = logging.getLogger(__name__)

_GRACE = timedelta(
    seconds=5
)  # from the first sidecar that tells something to the last one that is waited for
_PATIENCE = 2.0  # seconds that a sidecar may take to answer; it needs some 15 ms


class Line:
    """The connection of one sidecar."""

    def __init__(self, uid: str, socket: web.WebSocketResponse) -> None:
        self.uid = uid
        self._socket = socket
        self._pod = ""
        self._had: Sample | None = None
        self._asked: tuple[int, asyncio.Future[Sample | None]] | None = None

    async def ask(self, number: int, pod: str) -> Sample | None:
        """Ask what the sidecar of *pod* has counted; None where it does not say so in time."""
        answer: asyncio.Future[Sample | None] = asyncio.get_running_loop().create_future()
        self._asked, self._pod = (number, answer), pod
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._socket.send_str(encode_look(number))
                return await answer
        except (TimeoutError, ConnectionError):
            return None

    async def listen(self) -> None:
        """Take answers until the connection ends.

        Raises:
            ValueError: Something else came.
        """
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._hear(message.data)

    def _hear(self, text: str) -> None:
        number, sample = decode_sample(text, self._pod, self._had)
        self._had = sample or self._had
        if self._asked and self._asked[0] == number and not self._asked[1].done():
            self._asked[1].set_result(sample)


class Gathering:
    """Fills a history with what the sidecars of a cluster say. All of it runs in one event loop.

    Args:
        history: What is filled.
        catalogue: Knows which pods there are.
    """

    def __init__(self, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue
        self._lines: dict[str, Line] = {}
        self._number = 0
        self._told: frozenset[str] = frozenset()
        self._first_told: datetime | None = None
        self._is_settled = False

    def app(self) -> web.Application:
        """Make the pages for sidecars."""
        app = web.Application()
        app.router.add_get("/samples", self._take)
        return app

    @property
    def connected(self) -> int:
        """How many sidecars are connected."""
        return len(self._lines)

    @property
    def is_settled(self) -> bool:
        """Whether every sidecar has told something since this server started, or had time to."""
        return self._is_settled

    def silent(self) -> frozenset[str]:
        """Name the pods that have a sidecar which did not say at the last look what it has counted."""
        return self._catalogue.with_sidecar - self._told

    async def look(self) -> None:
        """Ask all sidecars, and remember what they said as one round."""
        self._number += 1
        at = datetime.now(UTC)  # whatever has ended until now is in what they say
        named = {self._catalogue.pod_of(uid): line for uid, line in self._lines.items()}
        known = {pod: line for pod, line in named.items() if pod}  # a new one is asked as soon as it is known
        found = await asyncio.gather(*(line.ask(self._number, pod) for pod, line in known.items()))
        samples = {pod: one for pod, one in zip(known, found, strict=True) if one is not None}
        self._history.take(Round(at=at, samples=samples))
        self._told = frozenset(samples)
        self._settle(at)

    def _settle(self, at: datetime) -> None:
        """A sidecar that does not come to tell anything must not keep the figures of all others back for ever."""
        if self._told and self._first_told is None:
            self._first_told = at
        had_time = self._first_told is not None and at - self._first_told > _GRACE
        self._is_settled = self._is_settled or had_time or not self.silent()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        return await hold(request, self._keep, LARGEST)

    async def _keep(self, uid: str, socket: web.WebSocketResponse) -> None:
        line = Line(uid, socket)
        self._lines[uid] = line  # a sidecar that comes anew takes the place of its former self
        try:
            await line.listen()
        except ValueError as problem:
            logger.warning("the sidecar of pod %s is not believed: %s", uid, problem)
            await socket.close()
        finally:
            if self._lines.get(uid) is line:
                del self._lines[uid]
