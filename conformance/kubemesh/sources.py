"""All that the control plane listens to, as one stream of "this is how things are now"."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.kubemesh.kinds import CORE, FAULTS, SMI, Discovery
from conformance.kubemesh.names import FAULTS_KEY, SERIAL_KEY
from conformance.kubemesh.sight import seen
from conformance.kubemesh.watching import Body, Source, Watch, always
from conformance.refmesh.conversion import written

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A cluster at one moment."""

    objects: tuple[Mapping[str, Any], ...]
    """What concerns the mesh; SMI objects in the version they were written in."""
    faults: tuple[str, ...]
    serial: str
    """Which change of the faults this is; empty when they never were changed."""


class Sources:
    """Listens to everything and reports each change, many at once where they come fast.

    Args:
        source: The API server.
        report: Takes each situation, in a thread of its own; not before every kind was listed once, since policy that
            is known only in part would shut doors that are open.
    """

    def __init__(self, source: Source, report: Callable[[Situation], None]) -> None:
        discovery = Discovery(source)
        self._report = report
        self._changed = threading.Event()
        self._closing = False
        self._core = [Watch(source, always(one), self._changed.set) for one in CORE]
        self._faults = Watch(source, always(FAULTS), self._changed.set)
        self._smi = [Watch(source, discovery.finder(kind), self._changed.set) for kind in SMI]
        self._written: dict[str, tuple[Body, Body]] = {}

    @property
    def is_synced(self) -> bool:
        """Whether every kind was listed once."""
        return all(one.is_synced for one in self._watches)

    @property
    def _watches(self) -> list[Watch]:
        return [*self._core, self._faults, *self._smi]

    def start(self) -> None:
        """Begin to listen."""
        for one in self._watches:
            one.start()
        threading.Thread(target=self._run, name="smi-sources", daemon=True).start()

    def close(self) -> None:
        """Report no more."""
        self._closing = True
        for one in self._watches:
            one.close()
        self._changed.set()

    def situation(self) -> Situation:
        """Say how things are now."""
        core = [body for one in self._core for body in one.objects()]
        stored = [body for one in self._smi for body in one.objects()]
        faults = next((dict(one.get("data") or {}) for one in self._faults.objects()), {})
        return Situation(
            objects=tuple(seen([*core, *self._as_written(stored)])),
            faults=tuple(faults.get(FAULTS_KEY, "").split()),
            serial=faults.get(SERIAL_KEY, ""),
        )

    def _run(self) -> None:
        while not self._closing:
            self._changed.wait()
            self._changed.clear()
            if self.is_synced and not self._closing:
                try:
                    self._report(self.situation())
                except Exception:  # one situation that cannot be read must not be the last one that is
                    logger.exception("a change was not acted on")

    def _as_written(self, stored: list[Body]) -> list[Body]:
        """Undo what storing has done to objects; what did not change is not worked out again."""
        known, self._written = self._written, {}
        for body in stored:
            uid = str(body["metadata"].get("uid"))
            had = known.get(uid)
            self._written[uid] = had if had and had[0] is body else (body, as_written(body))
        return [found for _, found in self._written.values()]


def as_written(body: Body) -> Body:
    """Undo what storing has done to an SMI object; one that cannot be read becomes one that says nothing."""
    try:
        return written(body)
    except (
        Exception
    ):  # an object that cannot be read grants nothing, and must not keep others from being read
        logger.exception("%s cannot be read as it was written", body["metadata"].get("name"))
        return {"apiVersion": "v1", "kind": "Unreadable", "metadata": body["metadata"]}
