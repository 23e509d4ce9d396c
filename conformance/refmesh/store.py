"""The wanted and the acknowledged configuration of all sidecars, in one place and under one lock.

What may be sent to a sidecar next is decided in `progress`. Knows no sockets and no clock.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from conformance.refmesh.progress import Offer, ResourceKind, SidecarProgress
from conformance.refmesh.snapshot import Snapshot

_REMEMBERED_REJECTIONS = 1000  # a guess: enough for a person, too little to fill memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A sidecar did not take what it was sent. It goes on with what it had."""

    sidecar: str
    kind: ResourceKind
    version: str
    words: str
    """Why, as Envoy said it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarStatus:
    """How far one sidecar is, for people."""

    sidecar: str
    acknowledged: Mapping[str, str]
    """Per kind of resource the version it has taken over; a kind that it never took is absent."""
    is_current: bool
    """It has everything that it should have now."""
    rejections: tuple[Rejection, ...]


class Store:
    """The wanted and the acknowledged configuration of all sidecars. Safe to use from several threads.

    Args:
        on_change: Called, outside the lock and from the thread that made the change, with the ids of the
            sidecars for which there may now be something to send.
    """

    def __init__(self, on_change: Callable[[Iterable[str]], None] = lambda _: None) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._wanted: dict[str, Snapshot] = {}
        self._sidecars: dict[str, SidecarProgress] = {}
        self._rejections: deque[Rejection] = deque(maxlen=_REMEMBERED_REJECTIONS)

    def register(self, sidecar: str) -> None:
        """Start afresh with a sidecar: whatever had this id before is gone and the new one knows nothing."""
        with self._lock:
            self._sidecars[sidecar] = SidecarProgress(wanted=self._wanted.get(sidecar))

    def forget(self, sidecar: str) -> None:
        """Let go of a sidecar. One that is not there is no error."""
        with self._lock:
            self._sidecars.pop(sidecar, None)

    def publish(self, snapshots: Mapping[str, Snapshot]) -> None:
        """Make *snapshots*, by sidecar id, what is wanted from now on: for all sidecars at one moment.

        A sidecar without a snapshot keeps what it has; its pod is about to go.
        """
        with self._lock:
            fresh = {one: merged(self._wanted.get(one), new) for one, new in snapshots.items()}
            changed = [one for one, new in fresh.items() if new is not self._wanted.get(one)]
            self._wanted = fresh
            for one in self._sidecars.keys() & fresh.keys():
                self._sidecars[one].wanted = fresh[one]
        self._on_change(changed)

    def hear(self, sidecar: str, kind: ResourceKind, version: str) -> str | None:
        """Take note of the version that a sidecar says it has; this is how it acknowledges.

        Args:
            sidecar: Who asks.
            kind: What it asks for.
            version: What it has; empty when it has nothing yet.

        Returns:
            The version that it has refused, told once for each; None when it has refused nothing new.
        """
        with self._lock:
            if sidecar not in self._sidecars:
                return None
            refused = self._sidecars[sidecar].progress[kind].hear(version)
        # What one kind was waiting for may just have arrived with another.
        self._on_change((sidecar,))
        return refused

    def next_response(self, sidecar: str, kind: ResourceKind, *, insist: bool = False) -> Offer | None:
        """Say what may be sent now; None while there is nothing, or while something else has to arrive first.

        Args:
            sidecar: Who asks.
            kind: What it asks for.
            insist: Offer what was refused once more; what stood in its way, such as a taken address, may be
                gone.
        """
        with self._lock:
            found = self._sidecars.get(sidecar)
            return found.next_response(kind, insist=insist) if found else None

    def is_refused(self, sidecar: str, kind: ResourceKind) -> bool:
        """Say whether the last offer of this kind was refused."""
        with self._lock:
            found = self._sidecars.get(sidecar)
            return found is not None and found.progress[kind].is_refused

    def is_started(self, sidecar: str) -> bool:
        """Say whether a sidecar has taken a first complete set: listeners, and the routes they use."""
        with self._lock:
            found = self._sidecars.get(sidecar)
            return found is not None and found.is_started()

    def record(self, rejection: Rejection) -> None:
        """Remember a refusal for people."""
        with self._lock:
            self._rejections.append(rejection)

    def rejections(self) -> tuple[Rejection, ...]:
        """List the last refusals, oldest first."""
        with self._lock:
            return tuple(self._rejections)

    def status(self) -> tuple[SidecarStatus, ...]:
        """Say how far each sidecar is, in the order of their ids."""
        with self._lock:
            return tuple(self._status(one, state) for one, state in sorted(self._sidecars.items()))

    def _status(self, sidecar: str, state: SidecarProgress) -> SidecarStatus:
        acknowledged = {
            kind.value: progress.acknowledged.version
            for kind, progress in state.progress.items()
            if progress.acknowledged
        }
        return SidecarStatus(
            sidecar=sidecar,
            acknowledged=acknowledged,
            is_current=state.is_current(),
            rejections=tuple(one for one in self._rejections if one.sidecar == sidecar),
        )


def merged(old: Snapshot | None, new: Snapshot) -> Snapshot:
    """Keep each mapping of *old* that says the same as the one in *new*: what is identical compares fast."""
    if old is None or old is new:
        return new
    kept = Snapshot(
        listeners=old.listeners if old.listeners == new.listeners else new.listeners,
        clusters=old.clusters if old.clusters == new.clusters else new.clusters,
        routes=old.routes if old.routes == new.routes else new.routes,
    )
    same = (kept.listeners is old.listeners, kept.clusters is old.clusters, kept.routes is old.routes)
    return old if all(same) else kept
