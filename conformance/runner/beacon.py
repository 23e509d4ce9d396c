"""Shows when a mesh has taken in what was applied last.

A change may leave every answer of a step as it was; then the answers cannot tell a mesh that has acted from one that
has not yet. So each change carries a beacon: a grant for a path with a fresh nonce, on workloads that no scenario is
about, and where the change touches a split, a split that sends everything to the other of two backends than before.
Rules of the past satisfy neither. A mesh may hand out changes in pieces, so the beacon is necessary, not sufficient:
the step's own answers must agree for a window of time as well.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.traffic import Cell, HttpRequest, Target, Witnessed
from conformance.runner.caller import Caller
from conformance.runner.world import LiveWorld
from conformance.scenario import BeaconBackend, beacon_grant, beacon_split
from conformance.spec import Bundle

BACKENDS: tuple[BeaconBackend, ...] = ("beacon-blue", "beacon-green")
SOURCE = "here/client-a"
_BACKEND_KEYS = {backend: f"here/{backend}" for backend in BACKENDS}
_SERVICE = "here/beacon"
_PORT = 8080
_CALLS = 16
"""Without a split two backends share the calls, and all go to one of them with probability 2^-15. Unit: calls."""


class Beacon:
    """The beacon of one world; each lighting replaces the one before."""

    def __init__(
        self, world: LiveWorld, caller: Caller, *, grants: bool, splits: bool, timeout: timedelta
    ) -> None:
        self._timeout = timeout
        self._world = world
        self._caller = caller
        self._grants = grants
        self._splits = splits
        self._nonce = ""
        self._lit: tuple[ObjectRef, ...] = ()
        self._backend: BeaconBackend | None = None
        self._flipped = False

    @property
    def workloads(self) -> frozenset[str]:
        """Keys of the workloads it needs."""
        return frozenset(self._world.key(one) for one in (SOURCE, *_BACKEND_KEYS.values()))

    def light(self, bundle: Bundle, *, split: bool) -> tuple[tuple[Manifest, ...], tuple[ObjectRef, ...]]:
        """Make a fresh beacon.

        Args:
            bundle: The versions to write.
            split: Whether the change that it goes with touches a split.

        Returns:
            What to apply after the change, and what to delete before it.
        """
        self._nonce = secrets.token_hex(4)
        old, new = self._lit, self._grant(bundle) if self._grants else ()
        self._lit = tuple(manifest.ref for manifest in new)
        self._flipped = split and self._splits
        if self._flipped:
            new = (*new, *self._flip(bundle))
        return new, old

    def put_out(self) -> None:
        """Take note that its grants are deleted, with all else that is in force."""
        self._lit = ()

    def missing(self) -> str:
        """Ask once and say what the mesh has not shown yet; empty when it has shown all."""
        cell = self._cell()
        calls = _CALLS if self._flipped else 1
        asked = self._caller.ask(
            [cell], self._world.receivers, repeat=calls, timeout=self._timeout, tasting=True
        )
        return self._first_complaint(asked)

    def _first_complaint(self, asked: Sequence[Witnessed]) -> str:
        for one in asked:
            seen = one.observation
            if seen.echoed_id != one.call.id:
                return f"the beacon's path {one.cell.target} is not open yet ({seen.ending.value})"
            if (
                self._flipped
                and self._backend
                and seen.responder != self._world.key(_BACKEND_KEYS[self._backend])
            ):
                return f"the beacon's split does not yet lead to {self._backend}"
        return ""

    def _cell(self) -> Cell:
        target = Target(name=self._world.key(_SERVICE), port=_PORT)
        request = HttpRequest(path=f"/beacon-{self._nonce}")
        return Cell(source=self._world.key(SOURCE), target=target, request=request)

    def _grant(self, bundle: Bundle) -> tuple[Manifest, ...]:
        source = self._world.topology.workloads[self._world.key(SOURCE)]
        return beacon_grant(self._nonce, source, bundle, namespace=self._world.namespaces["here"])

    def _flip(self, bundle: Bundle) -> tuple[Manifest, ...]:
        self._backend = BACKENDS[0] if self._backend != BACKENDS[0] else BACKENDS[1]
        return (beacon_split(self._backend, bundle, namespace=self._world.namespaces["here"]),)
