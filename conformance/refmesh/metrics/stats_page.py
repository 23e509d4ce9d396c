"""The page on which a sidecar's Envoy tells what it has counted, on a connection that stays."""

import http
import http.client
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from conformance.refmesh.bootstrap import ADMIN_PORT
from conformance.refmesh.metrics.reading import (
    PROMETHEUS_PATH,
    START_PATH,
    STATS_PATH,
    Page,
    Sample,
    read_page,
    read_start,
)

ADDING_UP = 0.005
"""Time in which Envoy mostly has added up after a look; it takes microseconds if it is idle. Unit: seconds."""
SHOWN = 2
"""Turns that a look takes to show all that was counted before it."""
_PATIENCE = 2.0  # seconds; Envoy answers within a few milliseconds


def read_for_prometheus(address: str) -> bytes:
    """Read what Prometheus is to scrape of a sidecar: its histogram, how long it has run, and nothing else.

    Args:
        address: Of the admin pages, without the port.

    Raises:
        OSError: It does not answer.
        http.client.HTTPException: It answers no HTTP.
        ValueError: It answers an error.
    """
    connection = http.client.HTTPConnection(address, ADMIN_PORT, timeout=_PATIENCE)
    try:
        _asked(connection, PROMETHEUS_PATH)
        time.sleep(ADDING_UP)  # Envoy adds up after a look; the second one shows it
        return _asked(connection, PROMETHEUS_PATH)
    finally:
        connection.close()


def _asked(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise ValueError(f"GET {path} answered {answer.status}")
    return body


class StatsPage:
    """Admin pages of one sidecar. For one thread at a time.

    An Envoy that adds up after each look tells at the next one what was true at this one; unless it is still at it,
    and then it does not begin anew.

    Args:
        address: Of the admin pages, without the port.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._connection = http.client.HTTPConnection(address, ADMIN_PORT, timeout=_PATIENCE)
        self._began: datetime | None = None  # when its Envoy was started, by that one's clock
        self._started = 0.0  # the same by the monotonic clock
        self._last: Page | None = None
        self.turns = 0
        """How many looks have had Envoy add up. What the first of two such looks brought, the second one shows."""

    @property
    def is_open(self) -> bool:
        """Whether it answered the last look."""
        return self._connection.sock is not None

    def look(self) -> Sample:
        """Ask what it has counted.

        Raises:
            OSError: It does not answer.
            http.client.HTTPException: It answers no HTTP.
            ValueError: It answers something else.
        """
        if not self.is_open:
            self._meet(read_start(_asked(self._connection, START_PATH)))
        page = read_page(_asked(self._connection, STATS_PATH), self._uptime())
        if self._last and page.dropped == self._last.dropped:
            self.turns += 1
        self._last = page
        return page.sample

    def unheard(self) -> Sample | None:
        """Give what it said last, as of now: it has run on, so that silence is not taken for a new start."""
        return replace(self._last.sample, uptime=self._uptime()) if self._last else None

    def look_now(self) -> Sample:
        """Ask until it shows what has been counted until now. Raises as `look`; TimeoutError: It shows that never."""
        wanted, deadline = self.turns + SHOWN, time.monotonic() + _PATIENCE
        while True:
            sample = self.look()
            if self.turns >= wanted:
                return sample
            if time.monotonic() > deadline:
                raise TimeoutError(f"Envoy has been adding up for {_PATIENCE:g} s")
            time.sleep(ADDING_UP)

    def close(self) -> None:
        """Close the connection; the next look opens another."""
        self._connection.close()

    def _meet(self, began: datetime) -> None:
        """Take note of who is there: the same Envoy as before, or one that was started meanwhile."""
        if began != self._began:
            self._began, self._last = began, None
            self._started = time.monotonic() - (datetime.now(UTC) - began).total_seconds()

    def _uptime(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)
