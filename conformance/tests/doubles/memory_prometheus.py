"""A Prometheus over HTTP whose scrapes a test writes: it knows the three questions that the metrics source asks."""

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.refmesh.bootstrap import bucket_bounds
from conformance.refmesh.metrics.reading import Series
from conformance.refmesh.metrics.scraped import COUNTS_QUERY, SCRAPES_QUERY

Row = dict[str, Any]
LOOKBACK = 300.0  # seconds; Prometheus' own default
BOUNDS = tuple(bucket_bounds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One scrape of one sidecar."""

    at: float
    """By the clock of the test, in seconds."""
    target: Mapping[str, str]
    uptime: float
    counts: Mapping[Series, Mapping[float, float]]
    """By the upper bound of their bin; ``inf`` for what took longer than all bounds."""


@dataclass(slots=True)
class MemoryPrometheus:
    """What was scraped, and what time it is there."""

    now: float = 0.0
    scrapes: list[Written] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The questions so far."""
    instead: Callable[[], tuple[int, Mapping[str, str], bytes]] | None = None
    """Makes another answer than the right one: status, headers, body."""
    url: str = ""

    def scrape(
        self,
        at: float,
        pod: str,
        uptime: float,
        counts: Mapping[Series, Mapping[float, float]],
        **labels: str,
    ) -> None:
        """Scrape the sidecar of a pod; what is not said otherwise of its labels is usual."""
        target = labels or {"job": "mesh", "instance": f"{pod}:15000"}
        self.scrapes.append(Written(at=at, target=target, uptime=uptime, counts=counts))

    def answer(self, query: str, at: float) -> list[Row]:
        """Answer a question, as of a time."""
        if query.startswith("envoy_server_uptime["):
            return list(self._ranges(at - float(query.partition("[")[2].removesuffix("ms]")) / 1000, at))
        rows = [self._row({"smi_fact": "now"}, at, at)]
        last = self._last(at)
        for one in last:
            rows.append(self._row({**one.target, "smi_fact": "scraped"}, at, one.at))
            rows.append(self._row({**one.target, "smi_fact": "uptime"}, at, one.uptime))
        if query == COUNTS_QUERY:
            rows += [row for one in last for row in self._buckets(one, at)]
        else:
            assert query == SCRAPES_QUERY, query
        return rows

    def _last(self, at: float) -> list[Written]:
        found: dict[tuple[tuple[str, str], ...], Written] = {}
        for one in sorted(self.scrapes, key=lambda one: one.at):
            if at - LOOKBACK < one.at <= at:
                found[tuple(sorted(one.target.items()))] = one
        return list(found.values())

    def _ranges(self, begin: float, end: float) -> Iterator[Row]:
        for last in self._last(end):
            some = [one for one in self.scrapes if one.target == last.target and begin <= one.at <= end]
            if some:
                values = sorted([one.at, str(one.uptime)] for one in some)
                yield {"metric": {"__name__": "envoy_server_uptime", **last.target}, "values": values}

    def _buckets(self, scrape: Written, at: float) -> Iterator[Row]:
        for series, bins in scrape.counts.items():
            own = {f"smi_{name}": value for name, value in series._asdict().items() if value}
            total = sum(bins.values())
            for bound in (*BOUNDS, math.inf):
                below = sum(count for upper, count in bins.items() if upper <= bound)
                if math.isinf(bound) or below < total:
                    labels = {"__name__": "envoy_smi_latency_bucket", "le": _text(bound)}
                    yield self._row({**labels, **own, **scrape.target}, at, below)

    def _row(self, labels: Mapping[str, str], at: float, value: float) -> Row:
        return {"metric": dict(labels), "value": [at, str(value)]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever does not wait for an answer closes the connection."""


@contextmanager
def serving(memory: MemoryPrometheus) -> Iterator[MemoryPrometheus]:
    """Serve it on a port of this machine; its `url` says where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = parse_qs(parts.query)
            memory.asked.append(asked["query"][0])
            if memory.instead:
                self._send(*memory.instead())
                return
            at = float(asked["time"][0]) if "time" in asked else memory.now
            data = {"resultType": "vector", "result": memory.answer(asked["query"][0], at)}
            self._send(200, {}, json.dumps({"status": "success", "data": data}).encode())

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    memory.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield memory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _text(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else f"{bound:.0f}"
