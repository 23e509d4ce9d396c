"""The sidecar of a pod: ``python -m conformance.kubemesh.agent``. Gets an identity, runs Envoy, and feeds it.

Before the pod has a first policy its Envoy listens nowhere, so that every redirected connection is refused. Later it
keeps the last policy, whatever becomes of the control plane.
"""

import asyncio
import http.client
import json
import logging
import os
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from conformance.errors import ConformanceError, UsageError
from conformance.kubemesh import names
from conformance.kubemesh.following import Follower
from conformance.kubemesh.identity import Identity, address_from
from conformance.kubemesh.metering.reporter import Reporter
from conformance.kubemesh.running import log_to_stderr, stop_sign
from conformance.refmesh.bootstrap import bootstrap
from conformance.refmesh.envoy import envoy_argv, envoy_path, refusal_in, says_ready
from conformance.refmesh.metrics import StatsPage, read_for_prometheus
from conformance.refmesh.progress import ResourceKind
from conformance.refmesh.server import DiscoveryServer

logger = logging.getLogger(__name__)

_DRAIN = 60  # seconds that connections made under an older TCP policy live on; as on the embedded cluster
_LINGER = 1.0  # seconds that calls get to end, and others to learn that the pod goes, after SIGTERM
_REMEMBERED = 200  # lines of Envoy's output in which refusals are looked up
_LONGEST_LINE = 2**20  # bytes; Envoy may print a whole resource on one line
_ADMIN = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What the injected container's environment says."""

    sidecar: str
    """``namespace/pod``; a name in Envoy's logs, no proof of anything."""
    authority: str
    """PEM text of the only authority that is believed."""
    run: Path = Path(names.RUN_DIRECTORY)
    scraped: bool = False
    """Whether a Prometheus may read what is counted here."""
    token: Path = Path(names.TOKEN_DIRECTORY) / "token"


class Agent:
    """One pod's sidecar."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._lines: deque[str] = deque(maxlen=_REMEMBERED)
        self._server = DiscoveryServer(self._explain)
        address = address_from(settings.authority)
        self._identity = Identity(address, settings.token, Path(names.CREDENTIALS_DIRECTORY))
        metrics = f"https://{names.SAMPLES_HOST}:{names.SAMPLES_PORT}"
        self._reporter = Reporter(metrics, self._identity, StatsPage(_ADMIN))
        self._follower = Follower(address.url, self._identity, self._server.store, settings.sidecar)

    async def run(self) -> int:
        """Run until SIGTERM or until Envoy ends; the exit code is Envoy's in the second case, never 0."""
        stopped = stop_sign()
        await self._serve_readiness()
        running = asyncio.create_task(self._run_mesh())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await asyncio.sleep(_LINGER)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return 0
        return running.result() or 1

    async def _run_mesh(self) -> int:
        await self._identity.obtain()
        self._server.start()
        self._server.store.register(self._settings.sidecar)
        socket = self._settings.run / "xds.sock"
        await asyncio.to_thread(self._server.open, self._settings.sidecar, socket)
        envoy = await self._start_envoy(socket)
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(self._follower.follow()),
                    tasks.create_task(self._identity.keep()),
                    tasks.create_task(self._reporter.report()),
                ]
                await self._pass_on(envoy)
                for one in background:
                    one.cancel()
        finally:
            if envoy.returncode is None:
                envoy.terminate()
        return await envoy.wait()

    async def _start_envoy(self, socket: Path) -> asyncio.subprocess.Process:
        start = self._settings.run / "envoy.json"
        # Without a flush of its own: the reporter looks until that shows, and a scrape does so twice.
        told = bootstrap(self._settings.sidecar, admin_address=_ADMIN, socket=socket, flush=None)
        start.write_text(json.dumps(told))
        argv = envoy_argv(envoy_path(), start, drain_seconds=_DRAIN)
        return await asyncio.create_subprocess_exec(
            *argv,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={},
            limit=_LONGEST_LINE,
        )

    async def _pass_on(self, envoy: asyncio.subprocess.Process) -> None:
        """Show what Envoy prints, and remember the end of it, until Envoy ends."""
        assert envoy.stdout, "its output is a pipe"
        while line := await envoy.stdout.readline():
            text = line.decode(errors="replace")
            self._lines.append(text)
            sys.stderr.write(text)

    async def _serve_readiness(self) -> None:
        app = web.Application()
        app.router.add_get("/ready", self._ready)
        if self._settings.scraped:
            app.router.add_get(names.SCRAPED_PATH, self._scrape)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, port=names.READY_PORT).start()

    async def _ready(self, _: web.Request) -> web.Response:
        is_started = self._server.store.is_started(self._settings.sidecar)
        is_ready = is_started and await asyncio.to_thread(says_ready, _ADMIN)
        return web.Response(status=200 if is_ready else 503)

    async def _scrape(self, _: web.Request) -> web.Response:
        """Show Prometheus what has been counted until now, and nothing else of Envoy's."""
        try:
            text = await asyncio.to_thread(read_for_prometheus, _ADMIN)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            return web.Response(status=503, text=f"Envoy does not answer: {problem}\n")
        return web.Response(body=text, content_type="text/plain", charset="utf-8")

    def _explain(self, _: str, kind: ResourceKind) -> str:
        return refusal_in("".join(self._lines), kind) or "see the log of this container"


def read_settings(environment: Mapping[str, str]) -> AgentSettings:
    """Read the settings.

    Raises:
        UsageError: A variable is missing.
    """
    try:
        return AgentSettings(
            sidecar=f"{environment['SMI_NAMESPACE']}/{environment['SMI_POD']}",
            authority=environment["SMI_AUTHORITY"],
            scraped=environment.get("SMI_SCRAPED") == "true",
        )
    except KeyError as error:
        raise UsageError(
            f"the variable {error} is not set",
            "the sidecar's environment",
            "create the pod anew while the mesh is installed",
        ) from error


def main() -> int:
    """Run until SIGTERM; the exit code is 3 or 4 where that is impossible, or Envoy's."""
    log_to_stderr()
    try:
        return asyncio.run(Agent(read_settings(os.environ)).run())
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 4
    except ConformanceError as error:
        sys.stderr.write(f"{error}\n")
        return 3


if __name__ == "__main__":
    sys.exit(main())
