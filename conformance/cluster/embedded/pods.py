"""Runs one pod: the app, beside it a sidecar if a mesh wants one, and each of them again when it ends."""

import contextlib
import queue
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from conformance.cluster.embedded.addresses import app_address
from conformance.cluster.embedded.containers import Container, answers_ping
from conformance.cluster.embedded.controllers import workload_of
from conformance.cluster.embedded.ports import check_free
from conformance.cluster.embedded.processes import Processes, Program
from conformance.cluster.embedded.services import address_of, container_ports
from conformance.cluster.protocol import Injector, Sandbox, Sidecar
from conformance.errors import ConformanceError
from conformance.model.manifest import Manifest

_ASKING_PAUSE = 0.02
"""How long to wait before a process is asked again whether it is ready. Unit: s. A guess: asking more often
costs CPU that the starting processes need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """What the cluster has to know of a running pod."""

    containers: tuple[tuple[str, bool, int, str], ...]
    """Per container: its name, whether it is ready, how often it was restarted, why it is not ready."""
    app_address: str
    """Where the app listens inside the pod; empty without a sidecar."""

    @property
    def ready(self) -> bool:
        """Whether every container is."""
        return bool(self.containers) and all(ready for _, ready, _, _ in self.containers)

    @property
    def reason(self) -> str:
        """Why the pod is not ready; empty when it is."""
        return "; ".join(f"{name} {reason}" for name, ready, _, reason in self.containers if not ready)


Report = Callable[[Manifest, PodState], None]
"""Called with what is to be known of a pod, from the pod's thread. Hosts are written when it returns."""


class PodRunner:
    """Runs one pod in a thread of its own, until it is told to stop."""

    def __init__(
        self,
        pod: Manifest,
        *,
        directory: Path,
        app_module: str,
        processes: Processes,
        injector: Injector | None,
    ) -> None:
        self.pod = pod
        self.directory = directory
        self.failure: ConformanceError | None = None
        """Why the pod cannot be started at all."""
        self._app_module = app_module
        self._processes = processes
        self._injector = injector
        self._sidecar: Sidecar | None = None
        self._containers: tuple[Container, ...] = ()
        self._events: queue.SimpleQueue[tuple[Container, int | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(name=f"pod {pod.name}", daemon=True, target=lambda: None)

    @property
    def socket(self) -> Path:
        """The app's channel."""
        return self.directory / "app.sock"

    @property
    def hosts(self) -> Path:
        """The file that stands for the pod's resolver."""
        return self.directory / "hosts.json"

    @property
    def logs(self) -> tuple[Path, ...]:
        """The logs of its processes."""
        return tuple(container.program.log for container in self._containers)

    def start(self, report: Report, gone: Callable[["PodRunner"], None]) -> None:
        """Run the pod; *gone* is called when it has stopped and nothing of it is left."""
        self._thread = threading.Thread(
            target=self._run, args=(report, gone), name=f"pod {self.pod.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Have it stopped; returns at once."""
        self._events.put(None)

    def join(self, timeout: float) -> None:
        """Wait until it has stopped. Unit: s."""
        if self._thread.ident is not None:  # else it was never started
            self._thread.join(timeout)

    def _run(self, report: Report, gone: Callable[["PodRunner"], None]) -> None:
        try:
            try:
                self._prepare()
            except ConformanceError as error:
                self.failure = error
                report(
                    self.pod,
                    PodState(containers=(("pod", False, 0, f"cannot start: {error}"),), app_address=""),
                )
                self._await_stop()
            else:
                self._supervise(report)
        finally:
            self._end()
            gone(self)

    def _prepare(self) -> None:
        sandbox = Sandbox(
            pod=self.pod,
            directory=self.directory,
            address=address_of(self.pod),
            app_address=app_address(address_of(self.pod)),
        )
        self._sidecar = self._injector.inject(sandbox) if self._injector else None
        serves_on = [sandbox.address, sandbox.app_address] if self._sidecar else [sandbox.address]
        check_free(serves_on, container_ports(self.pod), str(self.pod.ref))
        self._containers = (self._app(serves_on[-1]), *self._beside())

    def _app(self, address: str) -> Container:
        container = self.pod.body["spec"]["containers"][0]
        environment = {
            "SMI_WORKLOAD": workload_of(self.pod),
            "SMI_BIND": address,
            "SMI_SOCKET": str(self.socket),
            "SMI_HOSTS": str(self.hosts),
        }
        program = Program(
            name=f"{self.pod.ref} {container['name']}",
            module=self._app_module,
            argv=(self._app_module, *container.get("args", ())),
            environment=environment,
            log=self.directory / "app.log",
        )
        return Container(
            name=container["name"], program=program, asks_ready=partial(answers_ping, self.socket)
        )

    def _beside(self) -> tuple[Container, ...]:
        if self._sidecar is None:
            return ()
        program = Program(
            name=f"{self.pod.ref} sidecar",
            argv=self._sidecar.argv,
            environment=self._sidecar.environment,
            log=self.directory / self._sidecar.log_name,
        )
        return (Container(name="sidecar", program=program, asks_ready=self._sidecar.is_ready),)

    def _supervise(self, report: Report) -> None:
        told = self._state()
        report(self.pod, told)  # before anything starts: whether there is a sidecar decides where names lead
        while True:
            for container in self._containers:
                if container.is_due:
                    self._start(container)
                container.ask()
            # Told before the wait: it may last as long as the pod.
            now = self._state()
            if now != told:
                report(self.pod, now)
                told = now
            if self._is_told_to_stop():
                return

    def _is_told_to_stop(self) -> bool:
        """Wait for the stop, the end of a process, or the time to look again."""
        try:
            event = self._events.get(timeout=self._pause())
        except queue.Empty:
            return False
        if event is None:
            return True
        container, code = event
        container.note_end(code)
        return False

    def _pause(self) -> float | None:
        if any(one.running and not one.ready for one in self._containers):
            return _ASKING_PAUSE
        waiting = [one.due_in for one in self._containers if not one.running]
        return min(waiting) if waiting else None

    def _start(self, container: Container) -> None:
        if container is self._containers[0]:
            self.socket.unlink(missing_ok=True)
        container.start(self._processes, lambda code: self._events.put((container, code)))

    def _state(self) -> PodState:
        found = tuple((one.name, one.ready, one.restarts, one.reason) for one in self._containers)
        inside = app_address(address_of(self.pod)) if self._sidecar else ""
        return PodState(containers=found, app_address=inside)

    def _await_stop(self) -> None:
        while self._events.get() is not None:
            pass

    def _end(self) -> None:
        """Kill what runs and wait until it is gone, so that its addresses are free."""
        for container in self._containers:
            self._kill(container)
        if self._sidecar is not None and self._injector is not None:
            self._injector.removed(self.pod.ref)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.directory)

    def _kill(self, container: Container) -> None:
        while container.running:
            if container.pid:
                self._processes.kill(container.pid)
            with contextlib.suppress(queue.Empty):
                event = self._events.get(timeout=_ASKING_PAUSE if not container.pid else None)
                if event is not None:
                    event[0].running = False
