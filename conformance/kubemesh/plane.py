"""The control plane of the reference mesh in a cluster: ``python -m conformance.kubemesh.plane``.

Any number of replicas run at once, and none is the leader: each listens to the cluster and steers the sidecars that
connect to it. They share the authority; all else they work out alike.
"""

import asyncio
import logging
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from conformance.errors import ConformanceError, EnvironmentBrokenError
from conformance.kubemesh import names
from conformance.kubemesh.admission import Admission
from conformance.kubemesh.authority import TRUST_DOMAIN, shared_authority
from conformance.kubemesh.discovery import Doorman
from conformance.kubemesh.faulting import say_acted
from conformance.kubemesh.identity import SHARE
from conformance.kubemesh.patch import Injection
from conformance.kubemesh.proofs import server_context
from conformance.kubemesh.rest import Rest
from conformance.kubemesh.running import run_in_cluster, stop_sign
from conformance.kubemesh.settings import PlaneSettings, read_settings
from conformance.kubemesh.sources import Situation, Sources
from conformance.kubemesh.steering import Steering
from conformance.kubemesh.trust import keep_trusted
from conformance.refmesh.certificates import Authority

logger = logging.getLogger(__name__)

_ACTING = timedelta(seconds=20)
"""How long sidecars may take to act on changed faults, before the replica says that it has done what it could."""
_STARTING = timedelta(minutes=1)
"""How long an API server is waited for that does not answer when the control plane starts. A guess."""
_LOOK = 0.01  # seconds between two looks at how far sidecars are


class Plane:
    """One replica."""

    def __init__(self, settings: PlaneSettings, rest: Rest, directory: Path) -> None:
        self._settings = settings
        self._rest = rest
        self._directory = directory
        self._authority = _patiently(lambda: shared_authority(rest, settings.lifetime))
        self._steering = Steering(TRUST_DOMAIN, self._wake)
        self._sources = Sources(rest, self._act)
        self._doorman = Doorman(rest, self._authority, self._steering)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serial = ""
        self._is_steering = False

    async def run(self) -> None:
        """Serve until SIGTERM."""
        self._loop = asyncio.get_running_loop()
        stopped = stop_sign()
        context = self._fresh_context()
        injection = Injection(
            image=self._settings.image,
            pull_policy=self._settings.pull_policy,
            authority=self._authority.pem,
            scraped=bool(self._settings.prometheus),
        )
        admission = Admission(injection, lambda: self._is_steering, self.status)
        pages = ((admission.app(), names.WEBHOOK_PORT), (self._doorman.app(), names.DISCOVERY_PORT))
        runners = [await _serve(app, port, context) for app, port in pages]
        self._sources.start()
        keeping = asyncio.create_task(self._keep_up(context))
        await stopped.wait()
        keeping.cancel()
        self._sources.close()
        await asyncio.gather(*(one.cleanup() for one in runners))

    def status(self) -> Mapping[str, Any]:
        """Say how this replica is, as JSON for `kubemesh.status`."""
        steering = self._steering
        return {
            "replica": self._settings.replica,
            "synced": self._sources.is_synced,
            "faults": list(steering.faults),
            "sidecars": [
                {
                    "name": steering.sidecar_of(one.uid),
                    "current": steering.is_current(one),
                    "refusals": one.refusals,
                }
                for one in steering.followers()
            ],
        }

    def _act(self, situation: Situation) -> None:
        self._steering.replace(situation.objects, situation.faults)
        self._is_steering = True
        if situation.serial != self._serial:
            self._serial = situation.serial
            threading.Thread(target=self._say_acted, args=(situation.serial,), daemon=True).start()

    def _say_acted(self, serial: str) -> None:
        """Note on the ConfigMap that this replica's sidecars have acted on changed faults."""
        deadline = time.monotonic() + _ACTING.total_seconds()
        while time.monotonic() < deadline and not self._is_everybody_current():
            time.sleep(_LOOK)
        say_acted(self._rest, self._settings.replica, serial)

    def _is_everybody_current(self) -> bool:
        return all(self._steering.is_current(one) for one in self._steering.followers())

    def _wake(self) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._doorman.wake)

    async def _keep_up(self, context: ssl.SSLContext) -> None:
        """Have the API server trust us, and replace our own certificate before it runs out."""
        while True:
            try:
                await asyncio.to_thread(keep_trusted, self._rest, self._authority.pem)
            except ConformanceError as problem:
                logger.warning("webhooks: %s", problem)
            await asyncio.sleep(self._settings.lifetime.total_seconds() * SHARE)
            self._load_certificate(context)

    def _fresh_context(self) -> ssl.SSLContext:
        certificate, key = self._write_certificate(self._authority)
        return server_context(str(certificate), str(key), self._authority.pem)

    def _load_certificate(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(*self._write_certificate(self._authority))

    def _write_certificate(self, authority: Authority) -> tuple[Path, Path]:
        short = names.HOST.removesuffix(".svc")
        certificate, key = authority.serve_as([names.HOST, short, f"{names.HOST}.cluster.local"])
        paths = self._directory / "tls.crt", self._directory / "tls.key"
        for path, text in zip(paths, (certificate, key), strict=True):
            path.touch(mode=0o600)
            path.write_text(text)
        return paths


def _patiently(ask: Callable[[], Authority]) -> Authority:
    """Ask an API server that may just be starting, as when a whole node starts."""
    deadline = time.monotonic() + _STARTING.total_seconds()
    while True:
        try:
            return ask()
        except EnvironmentBrokenError as problem:
            if time.monotonic() > deadline:
                raise
            logger.warning("%s", problem.what)
        time.sleep(1)


async def _serve(app: web.Application, port: int, context: ssl.SSLContext) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, port=port, ssl_context=context).start()
    return runner


def main() -> int:
    """Run until SIGTERM; the exit code is 3 where the cluster refuses what a control plane needs."""
    return run_in_cluster(lambda rest, directory: Plane(read_settings(os.environ), rest, directory).run())


if __name__ == "__main__":
    sys.exit(main())
