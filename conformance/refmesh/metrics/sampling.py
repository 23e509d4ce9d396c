"""Looks at all sidecars' own counts at regular intervals, and at once where somebody asks."""

import http.client
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from conformance.refmesh.bootstrap import ADMIN_PORT
from conformance.refmesh.metrics.history import History, Round
from conformance.refmesh.metrics.reading import STATS_PATH, Sample, read_sample

logger = logging.getLogger(__name__)

_PATIENCE = 2.0  # seconds; Envoy answers within a few milliseconds
_FRESH = timedelta(milliseconds=20)
"""How old a look may be for somebody who asks now."""


class Sampler:
    """Fills a history from the admin pages of sidecars. Safe to use from several threads.

    Args:
        history: What is filled.
        sidecars: Gives the address of each sidecar's admin pages, by ``namespace/pod``.
        period: Between two looks; a window's edge is as fine.
    """

    def __init__(
        self, history: History, sidecars: Callable[[], Mapping[str, str]], period: timedelta
    ) -> None:
        self._history = history
        self._sidecars = sidecars
        self._period = period
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._looking = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics sampler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking. Safe to call twice."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._looking:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def refresh(self) -> None:
        """Look now, unless that was done just now."""
        asked_at = datetime.now(UTC)
        with self._looking:
            # Who waited for somebody else's look has no need of another: it began after they had asked.
            if asked_at - self._looked_at > _FRESH and not self._stopped.is_set():
                self._look()

    def _run(self) -> None:
        while not self._stopped.wait(self._period.total_seconds()):
            with self._looking:
                self._look()

    def _look(self) -> None:
        self._looked_at = at = datetime.now(UTC)
        sidecars = self._sidecars()
        for gone in self._connections.keys() - sidecars.keys():
            self._connections.pop(gone).close()
        found = {pod: self._sample(pod, address) for pod, address in sidecars.items()}
        self._history.take(Round(at=at, samples={pod: one for pod, one in found.items() if one is not None}))

    def _sample(self, pod: str, address: str) -> Sample | None:
        """Ask one sidecar; None where it does not answer, as when its pod is just going or coming."""
        connection = self._connections.setdefault(
            pod, http.client.HTTPConnection(address, ADMIN_PORT, timeout=_PATIENCE)
        )
        try:
            connection.request("GET", STATS_PATH)
            return read_sample(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as problem:
            logger.debug("no sample of %s: %s", pod, problem)
            connection.close()
            return None
