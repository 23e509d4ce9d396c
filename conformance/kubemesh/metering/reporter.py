"""A sidecar's end: when the metrics server asks, it looks at its own Envoy and tells what that has counted.

It connects by itself and again whenever the connection ends. Who it is its certificate says; the pod's calls go on
without it.
"""

import asyncio
import http.client
import logging
from collections.abc import Callable

import aiohttp

from conformance.kubemesh.identity import Identity
from conformance.kubemesh.metering.wire import LARGEST, decode_look, encode_sample
from conformance.refmesh.metrics import Sample, StatsPage

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # seconds between attempts while the metrics server does not answer
_HEARTBEAT = 10.0  # seconds; a server that is silent for one and a half of them is left


class Reporter:
    """Tells the metrics server what one sidecar has counted.

    Args:
        url: Of the metrics server.
        identity: Shown to it.
        page: Of the pod's own Envoy.
    """

    def __init__(self, url: str, identity: Identity, page: StatsPage) -> None:
        self._url = f"{url}/samples"
        self._identity = identity
        self._page = page

    async def report(self) -> None:
        """Answer for ever, connecting again whenever the connection ends."""
        pauses = _Pauses(logger.warning)
        while True:
            try:
                await self._connect(pauses)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
                pauses.say(f"no metrics server: {problem or type(problem).__name__}")
            await asyncio.sleep(pauses.next())

    async def _connect(self, pauses: "_Pauses") -> None:
        limits = aiohttp.ClientTimeout(total=None, sock_connect=2)
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.ws_connect(
                self._url, ssl=self._identity.context(), heartbeat=_HEARTBEAT, max_msg_size=LARGEST
            ) as socket,
        ):
            logger.info("connected to the metrics server")
            pauses.begin_anew()
            await self._answer_all(socket)

    async def _answer_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        told: Sample | None = None  # of this connection: a new one begins with everything
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                sample = await asyncio.to_thread(self._look)
                await socket.send_str(encode_sample(decode_look(message.data), told, sample))
                told = sample or told

    def _look(self) -> Sample | None:
        try:
            return self._page.look_now()
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self._page.close()
            logger.warning("Envoy does not tell what it has counted: %s", problem)
            return None


class _Pauses:
    """Growing pauses between attempts, which are told once and not a hundred times."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._told = ""
        self.begin_anew()

    def begin_anew(self) -> None:
        self._pause = _FIRST_PAUSE
        self._told = ""

    def say(self, words: str) -> None:
        if words != self._told:
            self._tell(words)
        self._told = words

    def next(self) -> float:
        now, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return now
