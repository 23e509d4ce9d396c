"""Writes down what there is to know of a run's namespaces: objects as stored, pods, events, logs, proxies' views.

It is written when something has gone wrong, so whatever cannot be read is noted and the rest is written all the same.
No Secret is ever asked for; what looks like one in the rest is taken out.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path

import yaml

from conformance.cluster.kubernetes import pods
from conformance.cluster.kubernetes.executing import ExecError, output
from conformance.cluster.kubernetes.kinds import RESOURCES
from conformance.cluster.kubernetes.logs import event_lines, log_end
from conformance.cluster.kubernetes.objects import Objects
from conformance.cluster.kubernetes.redaction import redacted, without_secrets
from conformance.cluster.kubernetes.rendering import PROBE_CONTAINER
from conformance.cluster.kubernetes.rest import Rest
from conformance.cluster.kubernetes.settings import ProxyAdmin
from conformance.errors import ConformanceError
from conformance.model.manifest import Manifest, ObjectRef

_LOG_SIZE = 65_536
"""How much of the end of each log is kept. Unit: characters."""
_FILE_SIZE = 1_000_000
"""How much of any other file is kept. Unit: characters."""
_WHOLE_SIZE = 32_000_000
"""How much one collection writes. Unit: characters."""
_DUMPING = timedelta(seconds=10)
_CUT = "\n[the rest was left out]\n"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_READ = (
    "import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen(sys.argv[1]).read(int(sys.argv[2])))"
)
"""Asks the proxy from beside it: its own image may have no shell, the probe's has Python, and a pod has one loopback.
Envoy takes private keys out by itself."""


class Evidence:
    """One collection."""

    def __init__(self, rest: Rest, objects: Objects, proxy: ProxyAdmin | None, directory: Path) -> None:
        self._rest = rest
        self._objects = objects
        self._proxy = proxy
        self._directory = directory
        self._left = _WHOLE_SIZE

    def collect(self, namespaces: Iterable[str]) -> None:
        """Write one folder per namespace.

        Raises:
            OSError: The directory cannot be written.
        """
        for namespace in namespaces:
            folder = self._directory / namespace
            self._part(folder / "objects.yaml", partial(self._stored, namespace))
            self._part(folder / "events.txt", partial(self._events, namespace))
            found: list[Manifest] = []
            self._part(folder / "pods.yaml", partial(self._pods, namespace, found))
            for pod in found:
                self._pod(folder, pod)

    def _pod(self, folder: Path, pod: Manifest) -> None:
        names = pods.container_names(pod)
        for name in names:
            path = folder / f"{pod.name}.{name}.log"
            self._part(path, partial(log_end, self._rest, pod.ref, name, _LOG_SIZE))
        if self._proxy and {self._proxy.container, PROBE_CONTAINER} <= set(names):
            path = folder / f"{pod.name}.{self._proxy.container}.config.txt"
            self._part(path, partial(self._dump, pod.ref, self._proxy))

    def _stored(self, namespace: str) -> str:
        own = self._objects.read(ObjectRef("Namespace", "", namespace))
        kinds = [
            one.kind
            for one in RESOURCES.values()
            if one.namespaced and "list" in one.verbs and one.kind != "Event"
        ]
        found = [one for kind in kinds for one in self._objects.list(kind, namespace)]
        bodies = [without_secrets(one.body) for one in ([own] if own else []) + found]
        return str(yaml.dump_all(bodies, Dumper=_DUMPER, sort_keys=False))

    def _events(self, namespace: str) -> str:
        return "".join(f"{line}\n" for line in event_lines(self._objects.list("Event", namespace)))

    def _pods(self, namespace: str, found: list[Manifest]) -> str:
        found += self._objects.list("Pod", namespace)
        states = {}
        for pod in found:
            status = pods.status_of(pod)
            states[pod.name] = {
                "workload": status.workload,
                "address": status.address,
                "ready": status.ready,
                "reason": status.reason,
            }
        return str(yaml.safe_dump(states, sort_keys=False))

    def _dump(self, pod: ObjectRef, proxy: ProxyAdmin) -> str:
        url = f"http://127.0.0.1:{proxy.port}{proxy.path}"
        command = ("python", "-c", _READ, url, str(_FILE_SIZE + 1))
        said = output(self._rest, pod, PROBE_CONTAINER, command, timeout=_DUMPING, limit=_FILE_SIZE + 1)
        return said.decode("utf-8", "replace")

    def _part(self, path: Path, read: Callable[[], str]) -> None:
        try:
            text = read()
        except (ConformanceError, ExecError) as error:
            text = f"[this could not be read: {error}]\n"
        self._write(path, redacted(text))

    def _write(self, path: Path, text: str) -> None:
        size = min(_FILE_SIZE, self._left)
        kept = text if len(text) <= size else text[:size] + _CUT
        self._left = max(self._left - len(kept), 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(kept, "utf-8", errors="backslashreplace")
