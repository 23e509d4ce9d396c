"""A server of the mesh on loopback, over real TLS, and a wait for what happens there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from conformance.kubemesh.proofs import server_context
from conformance.refmesh.certificates import Authority


@asynccontextmanager
async def served(app: web.Application, directory: Path, authority: Authority) -> AsyncIterator[str]:
    """Serve *app* with a certificate of *authority* for localhost, believing its others; give the URL.

    Args:
        app: The pages.
        directory: Takes the certificate and its key.
        authority: Of server and callers.
    """
    paths = directory / "server.crt", directory / "server.key"
    for path, text in zip(paths, authority.serve_as(["localhost"]), strict=True):
        path.write_text(text)
    context = server_context(str(paths[0]), str(paths[1]), authority.pem)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so; it has no event of its own.

    Raises:
        TimeoutError: It is not in time.
    """
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
