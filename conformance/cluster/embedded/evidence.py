"""Writes down what there is to know of an embedded cluster: objects, pods' states, and the ends of logs."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from conformance.cluster.embedded.containers import log_end
from conformance.cluster.embedded.draft import Objects
from conformance.cluster.embedded.pods import PodRunner
from conformance.cluster.protocol import PodStatus

_LOG_SIZE = 65536
"""How much of the end of each log is kept. Unit: bytes."""


def write_objects(objects: Objects, namespaces: Iterable[str], directory: Path) -> None:
    """Write all objects of each namespace, and the Namespace itself, into ``<namespace>/objects.yaml``."""
    for namespace in namespaces:
        bodies = [
            dict(one.body)
            for ref, one in objects.items()
            if ref.namespace == namespace or (ref.kind, ref.name) == ("Namespace", namespace)
        ]
        _write(directory / namespace / "objects.yaml", yaml.safe_dump_all(bodies, sort_keys=False))


def write_pods(pods: Iterable[PodStatus], directory: Path) -> None:
    """Write how each pod is into ``<namespace>/pods.yaml``."""
    states: dict[str, dict[str, object]] = {}
    for pod in pods:
        state = {"workload": pod.workload, "address": pod.address, "ready": pod.ready, "reason": pod.reason}
        states.setdefault(pod.ref.namespace, {})[pod.ref.name] = state
    for namespace, found in states.items():
        _write(directory / namespace / "pods.yaml", yaml.safe_dump(found, sort_keys=False))


def write_logs(runners: Iterable[PodRunner], directory: Path) -> None:
    """Write the ends of the logs of each pod's processes into ``<namespace>/<pod>.<log>``."""
    for runner in runners:
        for log in runner.logs:
            path = directory / runner.pod.namespace / f"{runner.pod.name}.{log.name}"
            _write(path, log_end(log, _LOG_SIZE) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
