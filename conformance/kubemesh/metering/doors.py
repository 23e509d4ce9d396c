"""The two ports of the metrics server: one for the API server, one for sidecars."""

import ssl
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from conformance.kubemesh import names
from conformance.kubemesh.metering.front_proxy import FrontProxy
from conformance.kubemesh.proofs import server_context

_CLOSING = 1.0  # seconds that requests may take to end when a door closes


class Doors:
    """Opens ports, and opens the API server's anew when the cluster says otherwise how that is to be known.

    Args:
        files: Paths of the server's certificate and key.
    """

    def __init__(self, files: tuple[Path, Path]) -> None:
        self._files = files
        self._runners: dict[int, web.AppRunner] = {}
        self._contexts: dict[int, ssl.SSLContext] = {}

    async def open(self, port: int, app: web.Application, authority: str) -> None:
        """Serve *app*, over TLS that believes client certificates of *authority* only.

        Who served the port before is closed, with the connections that were made there.

        Raises:
            ssl.SSLError: *authority* is no certificate.
        """
        context = self._context(authority)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSING)
        await runner.setup()
        await web.TCPSite(runner, port=port, ssl_context=context, reuse_port=True).start()
        former = self._runners.get(port)
        self._runners[port], self._contexts[port] = runner, context
        if former:
            await former.cleanup()

    def renew(self) -> None:
        """Take the server's certificate from its files again."""
        for context in self._contexts.values():
            context.load_cert_chain(*self._files)

    async def shut(self, port: int) -> None:
        """Serve a port no more, and close the connections that were made there. One that is not open is no error."""
        self._contexts.pop(port, None)
        if runner := self._runners.pop(port, None):
            await runner.cleanup()

    async def close(self) -> None:
        """Serve no more."""
        for port in tuple(self._runners):
            await self.shut(port)

    def _context(self, authority: str) -> ssl.SSLContext:
        certificate, key = (str(one) for one in self._files)
        return server_context(certificate, key, authority)


class FrontDoor:
    """The port where the API server asks.

    Args:
        doors: Open it.
        app: Makes the pages; a door that is opened anew needs them anew.
    """

    def __init__(self, doors: Doors, app: Callable[[], web.Application]) -> None:
        self._doors = doors
        self._app = app
        self._trusted: FrontProxy | None = None

    async def follow(self, trusted: FrontProxy) -> None:
        """Believe whom the cluster says. Raises as `Doors.open`; then whoever was believed before still is."""
        if self._trusted is None or trusted.authority != self._trusted.authority:
            await self._doors.open(names.METRICS_PORT, self._app(), trusted.authority)
        self._trusted = trusted
