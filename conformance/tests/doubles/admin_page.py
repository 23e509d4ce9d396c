"""Admin pages as an Envoy serves them that adds its histograms up when it is looked at, and may be slow at it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from conformance.refmesh.bootstrap import ADMIN_PORT

NAME = (
    "smi.latency.smi_pod.here/client-0.smi_side.client.smi_source.127.0.0.1.smi_identity."
    ".smi_listener.service|here/web|8080.smi_upstream.127.77.0.2:8080.smi_cluster.service|here/shop|8080"
    ".smi_status.200.smi_ending.-"
)


class AdminPage:
    """What an Envoy has counted, and what of it its page shows.

    Attributes:
        counted: Calls until now.
        slow: Looks for which adding up goes on after the one that began it.
    """

    def __init__(self) -> None:
        self.counted = 0
        self.slow = 0
        self.start(timedelta(0))

    def start(self, ago: timedelta) -> None:
        """Be an Envoy that was started anew, some time *ago*."""
        self.began = datetime.now(UTC) - ago
        self._shown = self._adding = self._left = self._dropped = 0
        self._is_adding = False

    def boot(self) -> str:
        """Give the page that says when it started."""
        kind = "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump"
        at = self.began.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"configs": [{"@type": kind, "last_updated": at}]})

    def look(self) -> str:
        """Begin to add up, unless it still does, and show what it had added up before."""
        if self._is_adding and not self._left:
            self._shown, self._is_adding = self._adding, False
        if self._is_adding:
            self._left, self._dropped = self._left - 1, self._dropped + 1
        else:
            self._adding, self._left, self._is_adding = self.counted, self.slow, True
        bins = [{"lower_bound": 1, "width": 0.1, "count": self._shown}]
        dropped = [{"name": "server.dropped_stat_flushes", "value": self._dropped}] if self._dropped else []
        return json.dumps(
            {"stats": [*dropped, {"histograms": {"details": [{"name": NAME, "totals": bins}]}}]}
        )


@contextmanager
def served_at(address: str, page: AdminPage) -> Iterator[None]:
    """Serve the pages at a loopback address; connections that are open at the end are closed with it."""
    connections = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def setup(self) -> None:
            connections.append(self.request)
            super().setup()

        def do_GET(self) -> None:
            body = (page.boot() if self.path.startswith("/config_dump") else page.look()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((address, ADMIN_PORT), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for one in connections:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
