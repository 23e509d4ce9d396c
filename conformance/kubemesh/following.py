"""A sidecar's end of the stream of configuration: what comes is served to Envoy, how far Envoy is goes back.

What came last stays when the stream breaks: the pod's Envoy goes on asking here, and is answered from memory.
"""

import asyncio
import contextlib
import json

import aiohttp

from conformance.kubemesh.connections import Dialler
from conformance.kubemesh.identity import Identity
from conformance.kubemesh.wire import decode
from conformance.refmesh.store import Store

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
        self._dialler = Dialler(f"{url}/configuration", identity, "control plane", _LARGEST_MESSAGE)
        self._store = store
        self._sidecar = sidecar

    async def follow(self) -> None:
        """Listen for ever, connecting again whenever the connection ends."""
        await self._dialler.keep(self._take_all)

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
