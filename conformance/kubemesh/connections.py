"""The connections of sidecars' agents to the mesh's servers: one WebSocket each, with the pod's certificate.

An agent connects by itself, and again whenever its connection ends; the server knows by the certificate whose it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
from aiohttp import web

from conformance.kubemesh.identity import Identity
from conformance.kubemesh.proofs import holder_of, shown_by

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts while the server does not answer
_HEARTBEAT = 10.0  # seconds; after one and a half of them a connection whose other end is gone is given up
_CONNECTING = aiohttp.ClientTimeout(total=None, sock_connect=2)  # seconds

Talk = Callable[[aiohttp.ClientWebSocketResponse], Awaitable[None]]
Hear = Callable[[str, web.WebSocketResponse], Awaitable[None]]


class Dialler:
    """An agent's end.

    Args:
        url: Where it connects to.
        identity: Shown there.
        server: What is there, for the log.
        largest: What a message from there may have. Unit: bytes.
    """

    def __init__(self, url: str, identity: Identity, server: str, largest: int) -> None:
        self._url = url
        self._identity = identity
        self._server = server
        self._largest = largest
        self._pause = _FIRST_PAUSE
        self._told = ""

    async def keep(self, talk: Talk) -> None:
        """Talk for ever, with a pause that grows while nobody answers."""
        while True:
            try:
                await self._connect(talk)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, LookupError) as problem:
                self._tell(str(problem) or type(problem).__name__)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _connect(self, talk: Talk) -> None:
        async with (
            aiohttp.ClientSession(timeout=_CONNECTING) as session,
            session.ws_connect(
                self._url, ssl=self._identity.context(), heartbeat=_HEARTBEAT, max_msg_size=self._largest
            ) as socket,
        ):
            logger.info("connected to the %s", self._server)
            self._pause, self._told = _FIRST_PAUSE, ""
            await talk(socket)

    def _tell(self, words: str) -> None:
        """Say the same once, and not at each attempt."""
        if words != self._told:
            logger.warning("no %s: %s", self._server, words)
        self._told = words


async def hold(request: web.Request, hear: Hear, largest: int) -> web.StreamResponse:
    """Keep the connection of an agent for as long as its certificate is good; the agent comes back with a new one.

    Args:
        request: What it opens the connection with.
        hear: Called with the pod's uid and the connection; when it ends, so does the connection.
        largest: What a message may have. Unit: bytes.
    """
    shown = shown_by(request)
    uid = holder_of(shown) if shown else ""
    if shown is None or not uid:
        return web.Response(status=403, text="show the certificate that you got from the control plane\n")
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, compress=False, max_msg_size=largest)
    await socket.prepare(request)
    try:
        async with asyncio.timeout((shown.not_valid_after_utc - datetime.now(UTC)).total_seconds()):
            await hear(uid, socket)
    except TimeoutError:
        await socket.close()
    return socket
