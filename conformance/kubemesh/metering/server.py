"""The metrics server of the reference mesh in a cluster: ``python -m conformance.kubemesh.metering.server``."""

import asyncio
import logging
import os
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.errors import ConformanceError, UsageError
from conformance.kubemesh import names
from conformance.kubemesh.faulting import say_acted
from conformance.kubemesh.identity import Identity, address_from
from conformance.kubemesh.metering.catalogue import Catalogue
from conformance.kubemesh.metering.doors import Doors, FrontDoor
from conformance.kubemesh.metering.front import Front
from conformance.kubemesh.metering.front_proxy import CONFIGURATION, FrontProxy, read_front_proxy
from conformance.kubemesh.metering.gathering import Gathering
from conformance.kubemesh.metering.registration import PERIOD, Registration
from conformance.kubemesh.metering.reviews import Reviews
from conformance.kubemesh.metering.settings import MeteringSettings, period_of, read_settings
from conformance.kubemesh.rest import Rest
from conformance.kubemesh.running import run_in_cluster, stop_sign
from conformance.kubemesh.watching import Watch, always
from conformance.refmesh.faults import MetricsStages, WrongApi, fault_named
from conformance.refmesh.metrics import History, PrometheusSource, Sampled

logger = logging.getLogger(__name__)

_GRACE = 5.0  # seconds until a server that has just started takes the place of one whom sidecars tell still


class MetricsServer:
    """The one replica: figures of a window are in its memory."""

    def __init__(self, settings: MeteringSettings, rest: Rest, directory: Path) -> None:
        self._settings = settings
        self._rest = rest
        address = address_from(settings.authority)
        self._identity = Identity(address, settings.token, directory / "credentials")
        self._catalogue = Catalogue(rest, self._set_faults)
        self._trusted = FrontProxy()
        self._history = History(settings.window)
        self._gathering = Gathering(self._history, self._catalogue)
        self._stages: tuple[MetricsStages, ...] = ()
        self._faults: tuple[str, ...] = ()
        is_scraped = bool(settings.prometheus)
        self._api = WrongApi(
            PrometheusSource(settings.prometheus, settings.window) if is_scraped else Sampled(self._history),
            lambda: self._catalogue.inventory,
            Reviews(rest).may,
            lambda: self._stages,
            frozenset if is_scraped else self._gathering.silent,
        )
        self._looked_since: float | None = None

    async def run(self) -> None:
        """Serve until SIGTERM."""
        stopped = stop_sign()
        stopping = asyncio.create_task(stopped.wait())
        serving = asyncio.create_task(self._serve())
        await asyncio.wait((stopping, serving), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()  # it never ends by itself: this tells why it did
        self._catalogue.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    def status(self) -> Mapping[str, Any]:
        """Say how this server is, as JSON for `kubemesh.status`."""
        return {
            "replica": self._settings.replica,
            "ready": self.is_ready,
            "faults": list(self._faults),
            "window": self._settings.window.total_seconds(),
            "source": self._settings.prometheus or "sidecars",
            "sidecars": self._gathering.connected,
            "silent": [] if self._settings.prometheus else sorted(self._gathering.silent()),
        }

    @property
    def has_figures(self) -> bool:
        """Whether sidecars have told twice what they count, or had time to. A Prometheus speaks for itself."""
        if self._settings.prometheus:
            return True
        return self._gathering.is_settled and self._history.difference() is not None

    @property
    def is_ready(self) -> bool:
        """Whether the API server may ask: it is known, and there are figures, or sidecars tell another server."""
        if self._looked_since is None or not self._trusted.authority:
            return False
        return self.has_figures or time.monotonic() - self._looked_since > _GRACE

    async def _serve(self) -> None:
        await self._identity.obtain()
        self._catalogue.start()
        doors = Doors(self._identity.files)
        front = Front(self._api, lambda: self._trusted, self, self.status)
        await doors.open(names.SAMPLES_PORT, self._gathering.app(), self._settings.authority)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._identity.keep(doors.renew))
                tasks.create_task(self._follow(FrontDoor(doors, front.app)))
                tasks.create_task(self._look_around())
                tasks.create_task(self._stay_registered())
        finally:
            await doors.close()

    async def _follow(self, door: FrontDoor) -> None:
        """Believe whom the cluster says, now and when it says otherwise."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        watch = Watch(self._rest, always(CONFIGURATION), lambda: loop.call_soon_threadsafe(changed.set))
        watch.start()
        try:
            while True:
                await changed.wait()
                changed.clear()
                await self._believe(next(iter(watch.objects()), None), door)
        finally:
            watch.close()

    async def _believe(self, configuration: Mapping[str, Any] | None, door: FrontDoor) -> None:
        try:
            trusted = read_front_proxy(configuration)
            await door.follow(trusted)
            self._trusted = trusted
        except (ValueError, ssl.SSLError) as problem:
            logger.warning("%s cannot be read, and is as before: %s", CONFIGURATION.selector, problem)

    async def _look_around(self) -> None:
        """Ask sidecars at regular intervals, and work out what that brings before anybody asks."""
        await asyncio.to_thread(self._catalogue.await_synced)
        period = period_of(self._settings.window).total_seconds()
        while True:
            began = time.monotonic()
            try:
                if not self._settings.prometheus:
                    await self._gathering.look()
                    await asyncio.to_thread(self._api.prepare)
                self._looked_since = self._looked_since or began
            except Exception:  # one look that fails must not be the last one
                logger.exception("a look at the sidecars failed")
            await asyncio.sleep(max(0.0, began + period - time.monotonic()))

    async def _stay_registered(self) -> None:
        registration = Registration(self._rest)
        while True:
            await asyncio.sleep(PERIOD)
            try:
                await asyncio.to_thread(registration.look, is_ready=self.is_ready)
            except ConformanceError as problem:
                logger.warning("the APIService cannot be seen to: %s", problem.what)

    def _set_faults(self, wanted: tuple[str, ...], serial: str) -> None:
        """Be wrong in these ways. A name that does not exist leaves all as it was: whoever sets them asks before."""
        try:
            found = [fault_named(one).metrics for one in wanted]
        except UsageError as problem:
            logger.warning("faults stay as they are: %s", problem)
            return
        self._faults = wanted
        self._stages = tuple(one for one in found if one is not None)
        told = (self._rest, self._settings.replica, serial)
        threading.Thread(target=say_acted, args=told, daemon=True).start()


def main() -> int:
    """Run until SIGTERM; the exit code is 3 where the cluster refuses what a metrics server needs."""
    return run_in_cluster(
        lambda rest, directory: MetricsServer(read_settings(os.environ), rest, directory).run()
    )


if __name__ == "__main__":
    sys.exit(main())
