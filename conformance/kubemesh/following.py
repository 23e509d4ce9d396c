"""A sidecar's end of the stream of configuration: what comes is served to Envoy, how far Envoy is goes back.

What came last stays when the stream breaks: the pod's Envoy goes on asking here, and is answered from memory.
"""

import asyncio
import contextlib
import json
import logging

import aiohttp

from conformance.kubemesh.identity import Identity
from conformance.kubemesh.wire import decode
from conformance.refmesh.store import Store

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts while the control plane does not answer
_HEARTBEAT = 10.0  # seconds; a control plane that is silent for one and a half of them is left for another
_LOOK, _LONGEST_LOOK = 0.003, 0.1  # seconds between two looks at how far Envoy is, which may refuse for ever
_LARGEST_MESSAGE = 64 * 1024 * 1024


class Follower:
    """Keeps the store of one sidecar as the control plane wants it.

    Args:
        url: Of the control plane.
        identity: Shown to it.
        store: From where the sidecar's Envoy is served.
        sidecar: Its id in the store.
    """

    def __init__(self, url: str, identity: Identity, store: Store, sidecar: str) -> None:
        self._url = f"{url}/configuration"
        self._identity = identity
        self._store = store
        self._sidecar = sidecar

    async def follow(self) -> None:
        """Listen for ever, connecting again whenever the connection ends."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._listen()
                pause = _FIRST_PAUSE
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, LookupError) as problem:
                logger.warning("no control plane: %s", problem or type(problem).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _listen(self) -> None:
        limits = aiohttp.ClientTimeout(total=None, sock_connect=2)
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.ws_connect(
                self._url, ssl=self._identity.context(), heartbeat=_HEARTBEAT, max_msg_size=_LARGEST_MESSAGE
            ) as socket,
        ):
            logger.info("connected to the control plane")
            await self._take_all(socket)

    async def _take_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        base = None  # of this connection: a new one begins with everything
        acting: asyncio.Task[None] | None = None
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                serial, base = decode(message.data, base)
                self._store.publish({self._sidecar: base})
                if acting:
                    acting.cancel()
                acting = asyncio.create_task(self._report(socket, serial))
        finally:
            if acting:
                acting.cancel()

    async def _report(self, socket: aiohttp.ClientWebSocketResponse, serial: int) -> None:
        """Say back when Envoy has taken everything; until then, what it refuses."""
        told: list[str] = []
        look = _LOOK
        while True:
            (status,) = self._store.status()
            refusals = [f"{one.kind.value}: {one.words}" for one in status.rejections[-3:]]
            if status.is_current or refusals != told:
                await self._say(socket, serial if status.is_current else 0, refusals)
                told = refusals
            if status.is_current:
                return
            await asyncio.sleep(look)
            look = min(1.2 * look, _LONGEST_LOOK)

    async def _say(self, socket: aiohttp.ClientWebSocketResponse, acted: int, refusals: list[str]) -> None:
        with contextlib.suppress(ConnectionError):  # who listens sees the end of the connection as well
            await socket.send_str(json.dumps({"acted": acted, "refusals": refusals}))
