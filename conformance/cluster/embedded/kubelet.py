"""Runs the pods that are stored, tells each where names lead, and writes into the store how they are."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.cluster.embedded.controllers import workload_of
from conformance.cluster.embedded.draft import Draft, Objects, of_kind
from conformance.cluster.embedded.hosts import APP_ADDRESS, SIDECAR, Hosts, hosts_of
from conformance.cluster.embedded.pods import PodRunner, PodState
from conformance.cluster.embedded.processes import Processes
from conformance.cluster.embedded.services import address_of
from conformance.cluster.protocol import Change, Injector
from conformance.model.manifest import Manifest, ObjectRef

_STOPPING_TIME = 5.0
"""How long a pod's thread may take to end. Unit: s. A guess; the kernel needs milliseconds to kill."""


class Kubelet:
    """One runner for each stored Pod."""

    def __init__(self, directory: Path, app_module: str, processes: Processes) -> None:
        self.injector: Injector | None = None
        """Asked about every pod that starts from now on."""
        self._directory = directory
        self._app_module = app_module
        self._processes = processes
        self._following = threading.Lock()
        self._closed = False
        self._lock = threading.Lock()
        self._runners: dict[str, PodRunner] = {}
        self._leaving: dict[str, PodRunner] = {}
        self._written: dict[str, Hosts] = {}
        self._new: list[PodRunner] = []
        self._made = 0

    def follow(self, change: Change, objects: Objects) -> None:
        """Stop and inform pods as *change* asks, and make new ones ready to be started.

        Called for every change, one after the other.

        Args:
            change: What has just been stored and deleted.
            objects: Everything as it is now.
        """
        with self._following:
            if not self._closed:
                self._follow(change, objects)

    def start_new(self, save: Callable[[Callable[[Draft], None]], None]) -> None:
        """Start the pods that `follow` made ready.

        Args:
            save: How pods' states get into the store; called from pods' threads.
        """
        with self._following:
            new, self._new = self._new, []
            for runner in () if self._closed else new:
                runner.start(lambda pod, state: save(lambda draft: _record(draft, pod, state)), self._gone)

    def _follow(self, change: Change, objects: Objects) -> None:
        touched = {one.kind for one in change.stored} | {ref.kind for ref in change.deleted}
        if not touched & {"Pod", "Service"}:
            return
        stored = {_uid(pod): pod for pod in of_kind(objects, "Pod")}
        for uid in [uid for uid in self._runners if uid not in stored]:
            self._let_go(uid)
        self._new += [self._make(pod) for uid, pod in stored.items() if uid not in self._runners]
        self._write_hosts(objects)

    def leaving(self) -> frozenset[str]:
        """List the addresses of pods that are no longer stored while their processes still end."""
        with self._lock:
            return frozenset(address_of(runner.pod) for runner in self._leaving.values())

    def runners(self, workload: str) -> tuple[PodRunner, ...]:
        """List the runners of a Deployment's (key) pods."""
        return tuple(runner for runner in self.all_runners() if workload_of(runner.pod) == workload)

    def all_runners(self) -> tuple[PodRunner, ...]:
        """List the runners of all stored pods."""
        with self._lock:
            return tuple(self._runners.values())

    def close(self) -> None:
        """Stop all pods, and wait until nothing of them is left."""
        with self._following:
            self._closed = True
            for uid in list(self._runners):
                self._let_go(uid)
        with self._lock:
            leaving = list(self._leaving.values())
        for runner in leaving:
            runner.join(_STOPPING_TIME)

    def _make(self, pod: Manifest) -> PodRunner:
        self._made += 1
        runner = PodRunner(
            pod,
            directory=self._directory / f"p{self._made}",
            app_module=self._app_module,
            processes=self._processes,
            injector=self.injector,
        )
        runner.directory.mkdir(mode=0o700)
        with self._lock:
            self._runners[_uid(pod)] = runner
        return runner

    def _let_go(self, uid: str) -> None:
        with self._lock:
            runner = self._runners.pop(uid)
            self._leaving[uid] = runner
            self._written.pop(uid, None)
        runner.stop()

    def _gone(self, runner: PodRunner) -> None:
        with self._lock:
            self._leaving.pop(_uid(runner.pod), None)

    def _write_hosts(self, objects: Objects) -> None:
        for pod in of_kind(objects, "Pod"):
            uid, hosts = _uid(pod), hosts_of(pod, objects)
            if self._written.get(uid) != hosts:
                _write_atomically(self._runners[uid].hosts, hosts)
                self._written[uid] = hosts


def _write_atomically(path: Path, hosts: Hosts) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(hosts), "utf-8")
    new.replace(path)


def _uid(pod: Manifest) -> str:
    return str(pod.body["metadata"]["uid"])


def _record(draft: Draft, pod: Manifest, state: PodState) -> None:
    """Write a pod's state into the stored object, unless it is gone or another one by now."""
    stored = draft.objects.get(ObjectRef("Pod", pod.namespace, pod.name))
    if stored is None or _uid(stored) != _uid(pod):
        return
    metadata = dict(stored.body["metadata"])
    if state.app_address:
        marks = {SIDECAR: "true", APP_ADDRESS: state.app_address}
        metadata["annotations"] = {**metadata.get("annotations", {}), **marks}
    draft.put({**stored.body, "metadata": metadata, "status": _status(stored, state)})


def _status(pod: Manifest, state: PodState) -> dict[str, Any]:
    address = address_of(pod)
    ready: dict[str, Any] = {"type": "Ready", "status": "True" if state.ready else "False"}
    if not state.ready:
        ready |= {"reason": "ContainersNotReady", "message": state.reason}
    started = any(ready or restarts for _, ready, restarts, _ in state.containers)
    return {
        "phase": "Running" if started else "Pending",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [ready],
        "containerStatuses": [
            {
                "name": name,
                "ready": is_ready,
                "restartCount": restarts,
                **({"message": reason} if reason else {}),
            }
            for name, is_ready, restarts, reason in state.containers
        ],
    }
