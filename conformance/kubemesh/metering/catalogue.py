"""What there is in a cluster that figures can be asked for, kept up to date by listening to the API server."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.kubemesh.kinds import FAULTS, Discovery
from conformance.kubemesh.names import FAULTS_KEY, PROXY, SERIAL_KEY
from conformance.kubemesh.sources import as_written
from conformance.kubemesh.watching import Body, Source, Watch, Watched, always
from conformance.refmesh.metrics import Inventory, read_inventory
from conformance.refmesh.metrics.inventory import RESOURCES
from conformance.spec import KINDS

_SPLITS = "trafficsplits"
_PAUSE = 0.05  # seconds between two looks at what was listed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was made of the objects of one moment."""

    inventory: Inventory = field(default_factory=Inventory)
    pods: Mapping[str, str] = field(default_factory=dict)
    """Key by uid."""
    with_sidecar: frozenset[str] = frozenset()


class Catalogue:
    """The objects of a cluster. Safe to use from several threads.

    Args:
        source: The API server.
        on_faults: Called with the names of the faults in force and the number of their change, whenever that changes.
    """

    def __init__(self, source: Source, on_faults: Callable[[tuple[str, ...], str], None]) -> None:
        discovery = Discovery(source)
        split = next(kind for kind in KINDS if kind.plural == _SPLITS)
        self._watches = [
            Watch(source, always(_watched(one.api_version, one.kind, one.plural)), self._note)
            for one in RESOURCES
            if one.plural != _SPLITS
        ]
        self._splits = Watch(source, discovery.finder(split), self._note)
        self._faults = Watch(source, always(FAULTS), self._note_faults)
        self._on_faults = on_faults
        self._serial: str | None = None
        self._is_stale = True
        self._is_closed = False
        self._known = _Known()
        self._lock = threading.Lock()

    @property
    def is_synced(self) -> bool:
        """Whether every kind was listed once."""
        return all(one.is_synced for one in (*self._watches, self._splits, self._faults))

    @property
    def inventory(self) -> Inventory:
        """What there is now; the same object for as long as nothing changes."""
        return self._current().inventory

    @property
    def with_sidecar(self) -> frozenset[str]:
        """Keys of the pods whose sidecars take calls."""
        return self._current().with_sidecar

    def pod_of(self, uid: str) -> str:
        """Name the pod with this uid, ``namespace/name``; empty while it is not known, or gone."""
        return self._current().pods.get(uid, "")

    def start(self) -> None:
        """Begin to listen."""
        for one in (*self._watches, self._splits, self._faults):
            one.start()

    def await_synced(self) -> None:
        """Wait until every kind was listed once."""
        while not self.is_synced and not self._is_closed:
            time.sleep(_PAUSE)

    def close(self) -> None:
        """Listen no more."""
        self._is_closed = True
        for one in (*self._watches, self._splits, self._faults):
            one.close()

    def _note(self) -> None:
        self._is_stale = True

    def _note_faults(self) -> None:
        found = next((dict(one.get("data") or {}) for one in self._faults.objects()), {})
        serial = found.get(SERIAL_KEY, "")
        if serial != self._serial:
            self._serial = serial
            self._on_faults(tuple(found.get(FAULTS_KEY, "").split()), serial)

    def _current(self) -> _Known:
        with self._lock:
            if self._is_stale:
                self._is_stale = False  # first: what comes meanwhile makes it stale again
                self._known = self._read()
            return self._known

    def _read(self) -> _Known:
        splits = [as_written(one) for one in self._splits.objects()]
        bodies = [body for one in self._watches for body in one.objects()]
        pods = [one for one in bodies if one["kind"] == "Pod"]
        inventory = read_inventory([*bodies, *splits])
        # The same object while nothing has changed that matters: what was worked out from it goes on being true.
        is_same = inventory == self._known.inventory
        return _Known(
            inventory=self._known.inventory if is_same else inventory,
            pods={str(one["metadata"]["uid"]): _key(one) for one in pods},
            with_sidecar=frozenset(_key(one) for one in pods if takes_calls(one)),
        )


def takes_calls(pod: Body) -> bool:
    """Say whether a pod has a sidecar that is ready, and stays."""
    statuses: list[Mapping[str, Any]] = (pod.get("status") or {}).get("containerStatuses") or []
    is_ready = any(one.get("name") == PROXY and one.get("ready") is True for one in statuses)
    return is_ready and "deletionTimestamp" not in pod["metadata"]


def _key(body: Body) -> str:
    return f"{body['metadata'].get('namespace', '')}/{body['metadata']['name']}"


def _watched(api_version: str, kind: str, plural: str) -> Watched:
    start = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    return Watched(api_version=api_version, kind=kind, path=f"{start}/{plural}")
