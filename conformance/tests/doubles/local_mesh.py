"""A small mesh of local processes: the reference mesh's control plane, its sidecars, and applications.

No cluster is involved: the objects are written here, and all applications are one more Envoy that answers for
them. Workload number *i* is a pod at 127.77.0.i with a Service at 127.77.1.i; its application is at
127.77.2.i, and its sidecar takes its calls at 127.77.(100 + i).*.
"""

import fcntl
import http.client
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from conformance.refmesh import ControlPlane, ControlPlaneSettings, Interception, SidecarLaunch
from conformance.refmesh.control_plane import Translation
from conformance.refmesh.envoy import envoy_path
from conformance.refmesh.pipeline import Pipeline
from conformance.refmesh.translate import MeshSettings

HTTP_PORT = 8080
TCP_PORT = 8300
NAMESPACE = "here"

Object = Mapping[str, Any]


class LocalMesh:
    """A running mesh with one pod and one Service for each name. Use it as a context manager."""

    def __init__(
        self,
        names: Sequence[str],
        settings: ControlPlaneSettings | None = None,
        pipeline: Callable[[Interception, MeshSettings], Translation] = Pipeline,
    ) -> None:
        self._numbers = {name: number for number, name in enumerate(names, start=1)}
        self._stack = ExitStack()
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lm")))
        self._launches: dict[str, SidecarLaunch] = {}
        self.plane = ControlPlane(self._directory / "plane", Addresses(), settings, pipeline)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._stack.close)
            self._lock_addresses()
            self._run([envoy_path(), "--config-path", self._applications(), *_QUIET], "applications.log")
            self._stack.callback(self.plane.close)
            self.plane.start()
            self.apply()
            for name in self._numbers:
                self._start_sidecar(name)
            for name, launch in self._launches.items():
                wait_until(launch.is_ready, f"the sidecar of {name} is ready")
            wait_until(self._applications_answer, "the applications answer")
            undo.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def apply(self, *policy: Object, absent: Iterable[str] = ()) -> None:
        """Let *policy* be all SMI objects there are, and all pods and Services be there but *absent*.

        It is one change. The processes of absent pods go on.
        """
        self.plane.replace([*self.world(absent), *policy])

    def is_current(self) -> bool:
        """Say whether every sidecar has taken over all there is."""
        return all(one.is_current for one in self.plane.status())

    def call(self, source: str, target: str, path: str = "/", method: str = "GET") -> tuple[int, str]:
        """Send one HTTP call on a connection of its own; give the status and the body."""
        with self.caller(source, target) as caller:
            return caller.send(path, method)

    def caller(self, source: str, target: str) -> "Caller":
        """Open a connection that stays, from an application to a Service."""
        return Caller(self.outbound(source, target), HTTP_PORT, f"{target}.{NAMESPACE}")

    def connect(self, source: str, target: str) -> socket.socket:
        """Open a raw connection from an application to a Service's TCP port, which echoes."""
        return socket.create_connection((self.outbound(source, target), TCP_PORT), timeout=5)

    def outbound(self, source: str, target: str) -> str:
        """Say where the sidecar of *source* takes calls to the Service *target*."""
        numbers = self._numbers
        return Addresses().listen_address(f"127.77.0.{numbers[source]}", f"127.77.1.{numbers[target]}")

    def pod_address(self, name: str) -> str:
        """Give a pod's own address, where only its sidecar listens."""
        return f"127.77.0.{self._numbers[name]}"

    def app_address(self, name: str) -> str:
        """Give the address inside a pod: the application's, and that of Envoy's admin pages."""
        return f"127.77.2.{self._numbers[name]}"

    def pod_directory(self, name: str) -> Path:
        """Give the directory of a pod, with its sidecar's log and socket."""
        return self._directory / name

    def world(self, absent: Iterable[str] = ()) -> list[Object]:
        """Write all Pods and Services as Kubernetes stores them, but those of *absent*."""
        present = {name: number for name, number in self._numbers.items() if name not in set(absent)}
        return [make(name, number) for name, number in present.items() for make in (a_pod, a_service)]

    def _start_sidecar(self, name: str) -> None:
        pod = a_pod(name, self._numbers[name])
        launch = self.plane.sidecar(pod, self.app_address(name), self.pod_directory(name))
        self._run(launch.argv, launch.log, launch.environment)
        self._launches[name] = launch

    def _run(
        self, argv: Iterable[Any], log: str | Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._stack.enter_context(process(argv, self._directory / log, environment))

    def _lock_addresses(self) -> None:
        """Wait until no other test on this machine uses these addresses."""
        lock = (Path(tempfile.gettempdir()) / "smi-conformance-127.77.lock").open("w")
        self._stack.enter_context(lock)
        fcntl.flock(lock, fcntl.LOCK_EX)

    def _applications_answer(self) -> bool:
        try:
            for name in self._numbers:
                socket.create_connection((self.app_address(name), HTTP_PORT), timeout=1).close()
        except OSError:
            return False
        return True

    def _applications(self) -> Path:
        listeners = [
            listener
            for name in self._numbers
            for listener in (_http_app(name, self.app_address(name)), _tcp_app(self.app_address(name)))
        ]
        path = self._directory / "applications.json"
        path.write_text(json.dumps({"static_resources": {"listeners": listeners}}))
        return path


class Caller:
    """One kept HTTP connection."""

    def __init__(self, address: str, port: int, host: str) -> None:
        self._connection = http.client.HTTPConnection(address, port, timeout=5)
        self._host = host

    def send(self, path: str = "/", method: str = "GET") -> tuple[int, str]:
        """Send one call; give the status and the body."""
        self._connection.request(method, path, headers={"host": self._host})
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()


class Addresses:
    """An address for each pair of caller and target, as the module's text says."""

    def listen_address(self, caller_address: str, target_address: str) -> str:
        """Make it from the two addresses' last numbers."""
        caller = int(caller_address.rsplit(".", 1)[1])
        _, _, kind, target = target_address.split(".")
        return f"127.77.{100 + caller}.{int(target) + (128 if kind == '1' else 0)}"


@contextmanager
def process(
    argv: Iterable[Any], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the end of the block; its output goes to *log*."""
    with log.open("ab") as output:
        running = subprocess.Popen([str(one) for one in argv], stdout=output, stderr=output, env=environment)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait until a condition holds; an AssertionError says which one did not."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s it is still not true that {what}")
        time.sleep(0.002)


def a_pod(name: str, number: int) -> Object:
    """Write a ready Pod with a sidecar; its service account has its name."""
    ports = [
        {"name": "http-8080", "containerPort": HTTP_PORT},
        {"name": "tcp-8300", "containerPort": TCP_PORT},
    ]
    annotations = {
        "smi-conformance/sidecar": "true",
        "smi-conformance/app-address": f"127.77.2.{number}",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-0",
            "namespace": NAMESPACE,
            "labels": {"app": name},
            "annotations": annotations,
        },
        "spec": {"serviceAccountName": name, "containers": [{"name": "app", "ports": ports}]},
        "status": {"podIP": f"127.77.0.{number}", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def a_service(name: str, number: int) -> Object:
    """Write the Service in front of the pod of the same name."""
    ports = [
        {"name": "http-8080", "port": HTTP_PORT, "appProtocol": "http"},
        {"name": "tcp-8300", "port": TCP_PORT, "appProtocol": "tcp"},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"clusterIP": f"127.77.1.{number}", "selector": {"app": name}, "ports": ports},
    }


def a_grant(source: str, destination: str, routes: str = "all") -> Object:
    """Write a TrafficTarget that lets *source* use the HTTPRouteGroup *routes* of *destination*."""
    return {
        "apiVersion": "access.smi-spec.io/v1alpha3",
        "kind": "TrafficTarget",
        "metadata": {"name": f"{source}-to-{destination}-{routes}", "namespace": NAMESPACE},
        "spec": {
            "destination": {"kind": "ServiceAccount", "name": destination, "namespace": NAMESPACE},
            "sources": [{"kind": "ServiceAccount", "name": source, "namespace": NAMESPACE}],
            "rules": [{"kind": "HTTPRouteGroup", "name": routes}],
        },
    }


def some_routes(name: str = "all", path: str = "/.*") -> Object:
    """Write an HTTPRouteGroup with one match."""
    return {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "HTTPRouteGroup",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"matches": [{"name": "match", "pathRegex": path, "methods": ["*"]}]},
    }


def a_tcp_grant(source: str, destination: str) -> tuple[Object, Object]:
    """Write a TrafficTarget that lets *source* open raw connections to *destination*, and its TCPRoute."""
    target = dict(a_grant(source, destination, routes="raw"))
    target["spec"] = target["spec"] | {"rules": [{"kind": "TCPRoute", "name": "raw"}]}
    route = {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "TCPRoute",
        "metadata": {"name": "raw", "namespace": NAMESPACE},
        "spec": {"matches": {"name": "match", "ports": [TCP_PORT]}},
    }
    return target, route


def a_split(service: str, **weights: int) -> Object:
    """Write a TrafficSplit of *service* over the Services named by *weights* (``_`` stands for ``-``)."""
    backends = [{"service": name.replace("_", "-"), "weight": weight} for name, weight in weights.items()]
    return {
        "apiVersion": "split.smi-spec.io/v1alpha4",
        "kind": "TrafficSplit",
        "metadata": {"name": service, "namespace": NAMESPACE},
        "spec": {"service": service, "backends": backends},
    }


_QUIET = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
_TYPES = "type.googleapis.com/envoy.extensions.filters"


def _http_app(name: str, address: str) -> Object:
    """Answer every request with the workload's name."""
    answer = {"direct_response": {"status": 200, "body": {"inline_string": name}}, "match": {"prefix": "/"}}
    router = {"name": "router", "typed_config": {"@type": f"{_TYPES}.http.router.v3.Router"}}
    manager = {
        "@type": f"{_TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "stream_idle_timeout": "0s",
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [answer]}]},
    }
    return _app(address, HTTP_PORT, {"name": "http", "typed_config": manager})


def _tcp_app(address: str) -> Object:
    """Send back what comes."""
    echo = {"@type": f"{_TYPES}.network.echo.v3.Echo"}
    return _app(address, TCP_PORT, {"name": "echo", "typed_config": echo})


def _app(address: str, port: int, last: Object) -> Object:
    place = {"socket_address": {"address": address, "port_value": port}}
    return {"name": f"{address}:{port}", "address": place, "filter_chains": [{"filters": [last]}]}
