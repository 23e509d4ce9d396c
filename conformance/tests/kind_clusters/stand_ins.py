"""Builders for the tests of kind clusters, and what they ask of processes."""

import time
from collections.abc import Callable
from pathlib import Path

from conformance.cluster.kind import KindHost, KindSettings

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: kind-smi-4f2a
contexts: [{name: kind-smi-4f2a, context: {cluster: kind-smi-4f2a, user: kind-smi-4f2a}}]
clusters: [{name: kind-smi-4f2a, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: kind-smi-4f2a, user: {token: none}}]
"""


def a_host(settings: KindSettings, tell: Callable[[str], None]) -> KindHost:
    """A host whose nodes are ready at once, since there are none."""
    return KindHost(settings, "4f2a", tell, await_ready=lambda kubeconfig, context: None)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds; a minute is more than any machine needs."""
    last = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < last, "it did not come about within a minute"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Say whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
