"""From the objects of a cluster to what each sidecar should have now. The cluster's form of `refmesh.ControlPlane`.

Sidecars are told by their agents, which ask here; how far each is they say back.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.errors import UsageError
from conformance.kubemesh.names import CREDENTIALS_DIRECTORY, INBOUND_PORT, OUTBOUND_PORT
from conformance.refmesh.bootstrap import config_source
from conformance.refmesh.interception import Redirected
from conformance.refmesh.pipeline import Pipeline
from conformance.refmesh.snapshot import Snapshot
from conformance.refmesh.store import merged
from conformance.refmesh.translate import MeshSettings, Redirection

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Follower:
    """One sidecar that is connected to this replica, and how far it is."""

    uid: str
    """Of its pod."""
    told: int = 0
    """Serial of the last snapshot that it was sent."""
    sent: Snapshot | None = None
    """That snapshot."""
    acted: Snapshot | None = None
    """The last snapshot that it has taken over whole."""
    refusals: list[str] = field(default_factory=list)
    """What its Envoy refused last, in Envoy's words."""


class Steering:
    """What every sidecar should have. Safe to use from several threads.

    Args:
        trust_domain: First part of every SPIFFE id.
        on_change: Called, from the thread that made the change, when sidecars have to be told something.
    """

    def __init__(self, trust_domain: str, on_change: Callable[[], None]) -> None:
        settings = MeshSettings(
            credentials=lambda _: CREDENTIALS_DIRECTORY,
            config_source=config_source(),
            redirection=Redirection(outbound=OUTBOUND_PORT, inbound=INBOUND_PORT),
            trust_domain=trust_domain,
        )
        self._pipeline = Pipeline(Redirected(), settings)
        self._on_change = on_change
        self._lock = threading.Lock()
        self._wanted: Mapping[str, Snapshot] = {}
        self._pods: Mapping[str, str] = {}
        self._faults: tuple[str, ...] = ()
        self._followers: dict[int, Follower] = {}
        self._followers_lock = threading.Lock()

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults in force."""
        return self._faults

    def replace(self, objects: Iterable[Mapping[str, Any]], faults: tuple[str, ...]) -> None:
        """Take these as all objects there are, and be wrong in these ways.

        A name of a fault that does not exist leaves the faults as they were: whoever sets them asks before.
        """
        listed = list(objects)
        with self._lock:
            self._set_faults(faults)
            fresh = self._pipeline.run(listed)
            self._wanted = {one: merged(self._wanted.get(one), new) for one, new in fresh.items()}
            self._pods = {
                one["metadata"]["uid"]: f"{one['metadata']['namespace']}/{one['metadata']['name']}"
                for one in listed
                if one["kind"] == "Pod"
            }
        self._on_change()

    def wanted(self, uid: str) -> Snapshot | None:
        """Say what the sidecar of the pod with this uid should have; None while its pod is not known, or gone."""
        with self._lock:
            sidecar = self._pods.get(uid)
            return self._wanted.get(sidecar) if sidecar else None

    def sidecar_of(self, uid: str) -> str:
        """Name a sidecar (``namespace/pod``) by its pod's uid, for people; the uid itself while it is not known."""
        with self._lock:
            return self._pods.get(uid, uid)

    def join(self, follower: Follower) -> None:
        """Count a sidecar among those that this replica steers."""
        with self._followers_lock:
            self._followers[id(follower)] = follower

    def leave(self, follower: Follower) -> None:
        """Count a sidecar no more; it has gone, or to another replica."""
        with self._followers_lock:
            self._followers.pop(id(follower), None)

    def followers(self) -> tuple[Follower, ...]:
        """List the sidecars that this replica steers."""
        with self._followers_lock:
            return tuple(self._followers.values())

    def is_current(self, follower: Follower) -> bool:
        """Say whether a sidecar has taken over all that it should have now; one whose pod is gone has."""
        wanted = self.wanted(follower.uid)
        return wanted is None or wanted is follower.acted

    def _set_faults(self, faults: tuple[str, ...]) -> None:
        if faults == self._faults:
            return
        try:
            self._pipeline.set_faults(faults)
        except UsageError as problem:
            logger.warning("faults stay as they are: %s", problem)
            return
        self._faults = faults
