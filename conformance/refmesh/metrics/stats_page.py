"""The page on which a sidecar's Envoy tells what it has counted, on a connection that stays."""

import http
import http.client
import time
from dataclasses import replace
from datetime import timedelta

from conformance.refmesh.bootstrap import ADMIN_PORT
from conformance.refmesh.metrics.reading import (
    PROMETHEUS_PATH,
    STATS_PATH,
    UPTIME_PATH,
    Sample,
    read_sample,
    read_uptime,
)

ADDING_UP = 0.005
"""Time that Envoy takes to add its histograms up after a look; some microseconds if it is idle. Unit: seconds."""
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

    Args:
        address: Of the admin pages, without the port.
    """

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, ADMIN_PORT, timeout=_PATIENCE)
        # When its Envoy was started, by the monotonic clock. An Envoy that starts anew has closed its connections.
        self._started = 0.0
        self._last: Sample | None = None

    def look(self) -> Sample:
        """Ask what it has counted; an Envoy that adds up after each look tells what was true at the look before.

        Raises:
            OSError: It does not answer.
            http.client.HTTPException: It answers no HTTP.
            ValueError: It answers something else.
        """
        if self._connection.sock is None:
            uptime = read_uptime(_asked(self._connection, UPTIME_PATH))
            self._started = time.monotonic() - uptime.total_seconds()
        page = _asked(self._connection, STATS_PATH)
        self._last = read_sample(page, self._uptime())
        return self._last

    def unheard(self) -> Sample | None:
        """Give what it said last, as of now: it has run on, so that silence is not taken for a new start."""
        return replace(self._last, uptime=self._uptime()) if self._last else None

    def look_now(self) -> Sample:
        """Ask twice, for what has been counted until now. Raises as `look`."""
        self.look()
        time.sleep(ADDING_UP)
        return self.look()

    def close(self) -> None:
        """Close the connection; the next look opens another."""
        self._connection.close()

    def _uptime(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._started)
