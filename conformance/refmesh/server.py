"""Serves configuration to sidecars: Envoy's discovery over REST, as long polls on Unix sockets.

Each sidecar has a socket of its own, which decides whose configuration it gets; a node id that does not fit
is refused. A poll is held until the store has something for it. The server has a thread and an event loop of
its own.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from conformance.errors import EnvironmentBrokenError
from conformance.refmesh.progress import Offer, ResourceKind
from conformance.refmesh.store import Rejection, Store

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

_LONGEST_SOCKET_PATH = 100  # Linux takes 107 bytes, macOS 103
_LARGEST_REQUEST = 4 * 1024 * 1024  # Envoy lists all its extensions in each request: some 80 kB in 1.40
_GRACE = 0.2  # seconds that open answers get when a socket is closed
_STRANGER_DELAY = 1.0  # seconds; Envoy asks again at once, and a stranger should not keep this machine busy


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How long polls are held."""

    hold: timedelta = timedelta(seconds=20)
    """Longest wait before "nothing new" is answered. Must be well below Envoy's request timeout."""
    retry: timedelta = timedelta(seconds=1)
    """After this time a refused configuration is offered once more. A guess: ports are freed sooner."""


Explain = Callable[[str, ResourceKind], str]
"""Finds the words with which a sidecar (by id) refused what it was sent; over REST, Envoy is silent."""


class DiscoveryServer:
    """Answers the polls of all sidecars from a store.

    Args:
        explain: Finds out why a sidecar refused something; called in the server's thread.
        settings: How long polls are held.
    """

    def __init__(self, explain: Explain, settings: ServerSettings | None = None) -> None:
        self.store = Store(self._wake)
        self._explain = explain
        self._settings = settings or ServerSettings()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._sockets: dict[str, tuple[Path, web.AppRunner]] = {}
        self._polls: dict[tuple[str, ResourceKind], _Poll] = {}

    def start(self) -> None:
        """Start the thread; sockets are opened one by one."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="refmesh-discovery", daemon=True)
        self._thread.start()

    def open(self, sidecar: str, path: Path) -> None:
        """Listen on the socket *path* for the polls of *sidecar*, replacing its former socket.

        Raises:
            EnvironmentBrokenError: The path is too long for a Unix socket, or cannot be listened on.
        """
        length = len(bytes(path))
        if length > _LONGEST_SOCKET_PATH:
            raise EnvironmentBrokenError(
                f"the path of a sidecar's socket has {length} bytes; {_LONGEST_SOCKET_PATH} are possible",
                f"sidecar {sidecar}, {path}",
                "keep the run's files in a directory with a shorter name, such as one below /tmp",
            )
        try:
            self._call(self._open(sidecar, path))
        except OSError as problem:
            raise EnvironmentBrokenError(
                f"cannot listen for a sidecar: {problem}",
                f"sidecar {sidecar}, {path}",
                "check that the directory is there, may be written to and is on a local file system",
            ) from problem

    def shut(self, sidecar: str) -> None:
        """Stop listening for *sidecar*. One that is not there is no error."""
        if self._loop:
            self._call(self._shut(sidecar))

    def close(self) -> None:
        """Close all sockets and end the thread. Safe to call twice."""
        if self._loop is None or self._thread is None:
            return
        self._call(self._shut_all())
        loop, self._loop = self._loop, None
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    def _call(self, work: Coroutine[Any, Any, _T]) -> _T:
        assert self._loop, "start() comes first"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self, sidecar: str, path: Path) -> None:
        await self._shut(sidecar)
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - one system call on a local file system
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        for kind in ResourceKind:
            app.router.add_post(f"/v3/discovery:{kind.value}", partial(self._answer, sidecar, kind))
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE)
        await runner.setup()
        await web.UnixSite(runner, str(path)).start()
        self._sockets[sidecar] = path, runner

    async def _shut(self, sidecar: str) -> None:
        for kind in ResourceKind:
            if poll := self._polls.pop((sidecar, kind), None):
                poll.end()
        if found := self._sockets.pop(sidecar, None):
            path, runner = found
            await runner.cleanup()
            path.unlink(missing_ok=True)

    async def _shut_all(self) -> None:
        await asyncio.gather(*(self._shut(one) for one in tuple(self._sockets)))

    def _wake(self, sidecars: Iterable[str]) -> None:
        loop = self._loop
        if loop:
            with suppress(RuntimeError):  # closed by another thread a moment ago: nobody is left to be woken
                loop.call_soon_threadsafe(self._wake_here, tuple(sidecars))

    def _wake_here(self, sidecars: tuple[str, ...]) -> None:
        for sidecar in sidecars:
            for kind in ResourceKind:
                if poll := self._polls.get((sidecar, kind)):
                    poll.changed.set()

    async def _answer(self, sidecar: str, kind: ResourceKind, request: web.Request) -> web.Response:
        try:
            asked = json.loads(await request.read())
            node, version = str(asked["node"]["id"]), str(asked.get("version_info", ""))
        except (ValueError, TypeError, LookupError) as problem:
            return await _send_away(400, f"this is no DiscoveryRequest in JSON with a node.id: {problem!r}")
        if node != sidecar:
            logger.warning("node %r asked on the socket of sidecar %s", node, sidecar)
            return await _send_away(403, f"this socket serves node {sidecar!r}, not {node!r}")
        self._hear(sidecar, kind, version)
        offer = await self._hold(sidecar, kind)
        if offer is None:
            return web.Response(status=304)
        return web.Response(body=_encode(kind, offer), content_type="application/json")

    async def _hold(self, sidecar: str, kind: ResourceKind) -> Offer | None:
        """Wait for something to send, for as long as a poll may be held."""
        poll = self._begin(sidecar, kind)
        is_refused = self.store.is_refused(sidecar, kind)
        wait = self._settings.retry if is_refused else self._settings.hold
        try:
            async with asyncio.timeout(wait.total_seconds()):
                return await self._next(poll, sidecar, kind)
        except TimeoutError:
            return self.store.next_response(sidecar, kind, insist=is_refused)
        finally:
            if self._polls.get((sidecar, kind)) is poll:
                del self._polls[sidecar, kind]

    def _begin(self, sidecar: str, kind: ResourceKind) -> "_Poll":
        # Envoy has one poll of a kind. An older one belongs to a subscription that is gone: nobody would read
        # what it is given now.
        if older := self._polls.get((sidecar, kind)):
            older.end()
        poll = self._polls[sidecar, kind] = _Poll()
        return poll

    async def _next(self, poll: "_Poll", sidecar: str, kind: ResourceKind) -> Offer | None:
        while not poll.is_over:
            poll.changed.clear()
            offer = self.store.next_response(sidecar, kind)
            if offer:
                return offer
            await poll.changed.wait()
        return None

    def _hear(self, sidecar: str, kind: ResourceKind, version: str) -> None:
        refused = self.store.hear(sidecar, kind, version)
        if refused is None:
            return
        words = self._explain(sidecar, kind)
        self.store.record(Rejection(sidecar=sidecar, kind=kind, version=refused, words=words))
        logger.warning("sidecar %s refused %s in version %s: %s", sidecar, kind.value, refused, words)


@dataclass(slots=True)
class _Poll:
    """A poll that is being held."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False

    def end(self) -> None:
        self.is_over = True
        self.changed.set()


async def _send_away(status: int, text: str) -> web.Response:
    await asyncio.sleep(_STRANGER_DELAY)
    return web.Response(status=status, text=f"{text}\n")


def _encode(kind: ResourceKind, offer: Offer) -> bytes:
    answer = {
        "version_info": offer.version,
        "type_url": kind.type_url,
        "resources": list(offer.resources.values()),
    }
    return json.dumps(answer, default=dict, separators=(",", ":")).encode()
