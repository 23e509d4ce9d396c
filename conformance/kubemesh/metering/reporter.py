"""A sidecar's end: when the metrics server asks, it looks at its own Envoy and tells what that has counted.

It connects by itself and again whenever the connection ends. Who it is its certificate says; the pod's calls go on
without it.
"""

import asyncio
import http.client
import logging

import aiohttp

from conformance.kubemesh.connections import Dialler
from conformance.kubemesh.identity import Identity
from conformance.kubemesh.metering.wire import LARGEST, decode_look, encode_sample
from conformance.refmesh.metrics import Sample, StatsPage

logger = logging.getLogger(__name__)


class Reporter:
    """Tells the metrics server what one sidecar has counted.

    Args:
        url: Of the metrics server.
        identity: Shown to it.
        page: Of the pod's own Envoy.
    """

    def __init__(self, url: str, identity: Identity, page: StatsPage) -> None:
        self._dialler = Dialler(f"{url}/samples", identity, "metrics server", LARGEST)
        self._page = page

    async def report(self) -> None:
        """Answer for ever, connecting again whenever the connection ends."""
        await self._dialler.keep(self._answer_all)

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
