"""The app's end of the channel: JSON lines over a Unix socket, one reply per request, in order."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import cast

from conformance.probe.messages import Message

Answer = Callable[[Message], Awaitable[Message]]
"""Carries out one request."""


class ChannelServer(asyncio.Protocol):
    """One connection of the channel. Requests that come while one is carried out wait their turn."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._unread = bytearray()
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._worker = asyncio.get_running_loop().create_task(self._work())

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what is carried out for it: nobody waits for the answer."""
        del exc
        self._worker.cancel()

    def data_received(self, data: bytes) -> None:
        """Queue every whole line."""
        self._unread += data
        if b"\n" in data:
            *lines, rest = self._unread.split(b"\n")
            self._unread = rest
            for line in lines:
                self._requests.put_nowait(bytes(line))

    async def _work(self) -> None:
        while True:
            reply = await self._reply(await self._requests.get())
            self._transport.write(json.dumps(reply, separators=(",", ":")).encode() + b"\n")

    async def _reply(self, line: bytes) -> Message:
        try:
            return await self._answer(json.loads(line))
        except Exception as error:  # noqa: BLE001  whatever it is, the suite hears of it and decides
            return {"error": f"{type(error).__name__}: {error}"}
