"""How long it takes to read what a Prometheus answers about a large mesh.

Run as a program: ``python -m conformance.tests.bench.bench_metrics_prometheus [pods peers]``. Prints text; it judges
nothing: an answer is shared by all who ask within a second, and most of its time is Prometheus' own.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.refmesh.bootstrap import bucket_bounds
from conformance.refmesh.metrics.scraped import read_moment
from conformance.tests.bench.bench_metrics import address, memory, say, series_of

SHOWN = 8
"""Buckets below the one that holds all calls, which an answer leaves out: calls of some 3 ms."""


def main(arguments: Sequence[str]) -> int:
    """Measure the reading of one of an answer's two large parts."""
    pods, peers = [int(one) for one in arguments] if arguments else (1000, 10)
    text = json.dumps({"data": {"result": list(an_answer(pods, peers))}}).encode()
    parsing, reading = list[float](), list[float]()
    for _ in range(3):
        began = time.process_time()
        rows = json.loads(text)["data"]["result"]
        parsed = time.process_time()
        read_moment(rows)
        parsing.append(parsed - began)
        reading.append(time.process_time() - parsed)
    say(
        f"Prometheus' answer about {pods} pods and {pods * peers} edges: {len(text) / 1e6:.0f} MB, {len(rows)} rows; "
        f"{statistics.median(parsing):.1f} s to parse, {statistics.median(reading):.1f} s to read; {memory():.0f} MiB"
    )
    return 0


def an_answer(pods: int, peers: int) -> Iterator[Mapping[str, Any]]:
    """Write the rows of an answer about a mesh in which each pod calls *peers* others."""
    bounds = bucket_bounds()
    yield row(5, smi_fact="now")
    for number in range(pods):
        target = {"job": "mesh", "instance": f"{address(number)}:15000"}
        yield row(5, **target, smi_fact="scraped")
        yield row(3600, **target, smi_fact="uptime", __name__="envoy_server_uptime")
        for series in series_of(number, pods, peers):
            tags = {f"smi_{name}": value for name, value in series._asdict().items() if value}
            own = {**target, **tags, "__name__": "envoy_smi_latency_bucket"}
            yield row(SHOWN, **own, le="+Inf")
            for count, bound in enumerate(bounds[:SHOWN]):
                yield row(count, **own, le=f"{bound:.0f}")


def row(value: float, **labels: str) -> Mapping[str, Any]:
    """Write one row."""
    return {"metric": labels, "value": [1_800_000_000.123, str(value)]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
