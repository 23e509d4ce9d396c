"""A Prometheus of one's own: the program as it is installed here, as a child of the test, on a loopback port."""

import json
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from conformance.tests.doubles.local_mesh import process, wait_until

PAGE = r"^(smi\.latency|server\.uptime)"
"""Which of a sidecar's statistics are scraped."""


class RealPrometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, promql: str, **more: Any) -> list[Mapping[str, Any]]:
        """Ask for the value of an expression; nothing while it does not answer yet."""
        try:
            answer = requests.get(f"{self.url}/api/v1/query", params={"query": promql, **more}, timeout=5)
        except requests.ConnectionError:
            return []
        return list(answer.json()["data"]["result"]) if answer.status_code == requests.codes.ok else []

    def knows(self, sidecars: int) -> bool:
        """Say whether it has scraped so many sidecars."""
        return [row["value"][1] for row in self.query("count(envoy_server_uptime)")] == [str(sidecars)]


def prometheus_or_skip() -> str:
    """Find the program; where there is none, skip the whole module that asks, in one line."""
    found = shutil.which("prometheus")
    if found is None:
        reason = "not run: the program prometheus is not on PATH (Debian has it as the package prometheus)"
        pytest.skip(reason, allow_module_level=True)
    return found


@contextmanager
def a_prometheus(program: str, directory: Path, targets: Iterable[str]) -> Iterator[RealPrometheus]:
    """Run a Prometheus that scrapes the admin pages of *targets* each second."""
    configuration = directory / "prometheus.json"
    configuration.write_text(json.dumps(scraping(targets)))
    address = f"127.0.0.1:{_free_port()}"
    argv = [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with process(argv, directory / "prometheus.log"):
        running = RealPrometheus(f"http://{address}")
        wait_until(lambda: bool(running.query("1")), "Prometheus answers")
        yield running


def scraping(targets: Iterable[str]) -> Mapping[str, Any]:
    """Write its configuration: JSON is YAML as well."""
    job = {
        "job_name": "sidecars",
        "metrics_path": "/stats/prometheus",
        "params": {"filter": [PAGE]},
        "static_configs": [{"targets": list(targets)}],
    }
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
