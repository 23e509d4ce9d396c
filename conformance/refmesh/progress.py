"""How far one sidecar is, and what may be sent to it next.

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

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from conformance.refmesh.snapshot import Resource, Snapshot


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


@dataclass(slots=True)
class KindProgress:
    """How far one sidecar is with one kind of resource."""

    number: int = 0
    offered: Offer | None = None
    """The last thing it was sent."""
    acknowledged: Offer | None = None
    is_refused: bool = False
    """It said that it does not take `offered`."""

    def hear(self, version: str) -> str | None:
        """Take note of the version a sidecar says it has; give the version that it refused, once for each."""
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
        """Make a new version; it is on its way from now on."""
        self.number += 1
        self.offered = Offer(version=str(self.number), resources=resources)
        self.is_refused = False
        return self.offered

    @property
    def is_settled(self) -> bool:
        """Whether the last offer was taken or refused."""
        return self.offered is not None and (self.acknowledged is self.offered or self.is_refused)

    def has_taken(self, resources: Mapping[str, Resource]) -> bool:
        """Say whether the sidecar has *resources*."""
        return self.acknowledged is not None and self.acknowledged.resources == resources

    def has_settled_on(self, resources: Mapping[str, Resource]) -> bool:
        """Say whether the sidecar was offered *resources* last and has said what it makes of them."""
        return self.is_settled and self.offered is not None and self.offered.resources == resources


@dataclass(slots=True)
class SidecarProgress:
    """One sidecar: what it should have, and how far it is."""

    wanted: Snapshot | None
    progress: dict[ResourceKind, KindProgress] = field(
        default_factory=lambda: {kind: KindProgress() for kind in ResourceKind}
    )

    def next_response(self, kind: ResourceKind, *, insist: bool) -> Offer | None:
        """Say what may be sent now; as `Store.next_response`."""
        target = self._target(kind)
        if target is None:
            return None
        progress = self.progress[kind]
        if progress.offered is None or progress.offered.resources != target:
            return progress.offer(target)
        return progress.offered if progress.is_refused and insist else None

    def is_started(self) -> bool:
        """Say whether it has taken listeners, and the routes they use."""
        if self.progress[ResourceKind.LISTENERS].acknowledged is None:
            return False
        return self.progress[ResourceKind.ROUTES].acknowledged is not None or not self._uses_routes()

    def is_current(self) -> bool:
        """Say whether it has taken all that is wanted now, and nothing besides."""
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


def _mentions_routes(value: Any) -> bool:
    """Say whether a listener takes its routes from a route configuration of the snapshot."""
    if isinstance(value, Mapping):
        return "route_config_name" in value or any(map(_mentions_routes, value.values()))
    return isinstance(value, list | tuple) and any(map(_mentions_routes, value))
