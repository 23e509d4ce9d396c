"""What each sidecar should have, what it has taken over, and what may be sent to it next.

Envoy asks for listeners, clusters and routes in three separate polls, and REST gives no order between them.
The order that loses no call is made here, by letting some polls wait:

| Poll | Is answered with | Waits until |
| --- | --- | --- |
| clusters | the wanted ones, and those that older routes or listeners may still use | nothing |
| routes | the wanted ones | every wanted cluster is there |
| listeners | the wanted ones | every wanted cluster is there, and so are the routes if a listener uses them |

When routes and listeners have arrived, the clusters that nobody uses any more go. A sidecar that refuses
something does not hold up the rest: what is refused counts as settled. Knows no sockets and no clock.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from conformance.refmesh.snapshot import Resource, Snapshot

_REMEMBERED_REJECTIONS = 1000  # a guess: enough for a person, too little to fill memory


class ResourceKind(Enum):
    """What a poll asks for. The value stands in the poll's path."""

    LISTENERS = "listeners"
    CLUSTERS = "clusters"
    ROUTES = "routes"

    @property
    def type_url(self) -> str:
        """Envoy's name for the kind."""
        return _TYPE_URLS[self]


_TYPE_URLS = {
    ResourceKind.LISTENERS: "type.googleapis.com/envoy.config.listener.v3.Listener",
    ResourceKind.CLUSTERS: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    ResourceKind.ROUTES: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All resources of one kind, as one answer carries them."""

    version: str
    resources: Mapping[str, Resource]


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
        self._sidecars: dict[str, _Sidecar] = {}
        self._rejections: deque[Rejection] = deque(maxlen=_REMEMBERED_REJECTIONS)

    def register(self, sidecar: str) -> None:
        """Start afresh with a sidecar: whatever had this id before is gone and the new one knows nothing."""
        with self._lock:
            self._sidecars[sidecar] = _Sidecar(wanted=self._wanted.get(sidecar))

    def forget(self, sidecar: str) -> None:
        """Let go of a sidecar. One that is not there is no error."""
        with self._lock:
            self._sidecars.pop(sidecar, None)

    def publish(self, snapshots: Mapping[str, Snapshot]) -> None:
        """Make *snapshots*, by sidecar id, what is wanted from now on: for all sidecars at one moment.

        A sidecar without a snapshot keeps what it has; its pod is about to go.
        """
        with self._lock:
            merged = {one: _merge(self._wanted.get(one), new) for one, new in snapshots.items()}
            changed = [one for one, new in merged.items() if new is not self._wanted.get(one)]
            self._wanted = merged
            for one in self._sidecars.keys() & merged.keys():
                self._sidecars[one].wanted = merged[one]
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

    def _status(self, sidecar: str, state: "_Sidecar") -> SidecarStatus:
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


@dataclass(slots=True)
class _Progress:
    """How far one sidecar is with one kind of resource."""

    number: int = 0
    offered: Offer | None = None
    """The last thing it was sent."""
    acknowledged: Offer | None = None
    is_refused: bool = False
    """It said that it does not take `offered`."""

    def hear(self, version: str) -> str | None:
        if not version and self.acknowledged:
            # It had a version and has none: Envoy subscribed anew, as when routes come into use again.
            self.offered = self.acknowledged = None
            self.is_refused = False
            return None
        if self.offered is None:
            return None
        if version == self.offered.version:
            self.acknowledged, self.is_refused = self.offered, False
            return None
        is_news, self.is_refused = not self.is_refused, True
        return self.offered.version if is_news else None

    def offer(self, resources: Mapping[str, Resource]) -> Offer:
        self.number += 1
        self.offered = Offer(version=str(self.number), resources=resources)
        self.is_refused = False
        return self.offered

    @property
    def is_settled(self) -> bool:
        return self.offered is not None and (self.acknowledged is self.offered or self.is_refused)

    def has_taken(self, resources: Mapping[str, Resource]) -> bool:
        return self.acknowledged is not None and self.acknowledged.resources == resources

    def has_settled_on(self, resources: Mapping[str, Resource]) -> bool:
        return self.is_settled and self.offered is not None and self.offered.resources == resources


@dataclass(slots=True)
class _Sidecar:
    """One sidecar: what it should have, and how far it is."""

    wanted: Snapshot | None
    progress: dict[ResourceKind, _Progress] = field(
        default_factory=lambda: {kind: _Progress() for kind in ResourceKind}
    )

    def next_response(self, kind: ResourceKind, *, insist: bool) -> Offer | None:
        target = self._target(kind)
        if target is None:
            return None
        progress = self.progress[kind]
        if progress.offered is None or progress.offered.resources != target:
            return progress.offer(target)
        return progress.offered if progress.is_refused and insist else None

    def is_started(self) -> bool:
        if self.progress[ResourceKind.LISTENERS].acknowledged is None:
            return False
        return self.progress[ResourceKind.ROUTES].acknowledged is not None or not self._uses_routes()

    def is_current(self) -> bool:
        if self.wanted is None:
            return False
        wanted = {ResourceKind.LISTENERS: self.wanted.listeners, ResourceKind.CLUSTERS: self.wanted.clusters}
        if self._uses_routes():
            wanted[ResourceKind.ROUTES] = self.wanted.routes
        return all(self.progress[kind].has_taken(resources) for kind, resources in wanted.items())

    def _target(self, kind: ResourceKind) -> Mapping[str, Resource] | None:
        if self.wanted is None:
            return None
        if kind is ResourceKind.CLUSTERS:
            return self._clusters(self.wanted)
        if not self._has_clusters(self.wanted):
            return None
        if kind is ResourceKind.ROUTES:
            return self.wanted.routes
        return self.wanted.listeners if self._has_routes(self.wanted) else None

    def _clusters(self, wanted: Snapshot) -> Mapping[str, Resource]:
        progress = self.progress[ResourceKind.CLUSTERS]
        known = progress.acknowledged if progress.is_refused else progress.offered
        if known is None or self._has_followed():
            return wanted.clusters
        return {**known.resources, **wanted.clusters}

    def _has_clusters(self, wanted: Snapshot) -> bool:
        progress = self.progress[ResourceKind.CLUSTERS]
        if not progress.is_settled or progress.offered is None:
            return False
        return wanted.clusters.keys() <= progress.offered.resources.keys()

    def _has_routes(self, wanted: Snapshot) -> bool:
        # Envoy does not ask for routes before a listener uses them: to wait for them then has no end.
        return not self._uses_routes() or self.progress[ResourceKind.ROUTES].has_settled_on(wanted.routes)

    def _has_followed(self) -> bool:
        """Say whether routes and listeners are the wanted ones, so that nothing uses an older cluster."""
        if self.wanted is None:
            return False
        listeners = self.progress[ResourceKind.LISTENERS]
        return listeners.has_settled_on(self.wanted.listeners) and self._has_routes(self.wanted)

    def _uses_routes(self) -> bool:
        acknowledged = self.progress[ResourceKind.LISTENERS].acknowledged
        return acknowledged is not None and any(map(_mentions_routes, acknowledged.resources.values()))


def _merge(old: Snapshot | None, new: Snapshot) -> Snapshot:
    """Keep each mapping of *old* that says the same as the one in *new*: what is identical compares fast."""
    if old is None or old is new:
        return new
    merged = Snapshot(
        listeners=old.listeners if old.listeners == new.listeners else new.listeners,
        clusters=old.clusters if old.clusters == new.clusters else new.clusters,
        routes=old.routes if old.routes == new.routes else new.routes,
    )
    kept = (merged.listeners is old.listeners, merged.clusters is old.clusters, merged.routes is old.routes)
    return old if all(kept) else merged


def _mentions_routes(value: Any) -> bool:
    """Say whether a listener takes its routes from a route configuration of the snapshot."""
    if isinstance(value, Mapping):
        return "route_config_name" in value or any(map(_mentions_routes, value.values()))
    return isinstance(value, list | tuple) and any(map(_mentions_routes, value))
