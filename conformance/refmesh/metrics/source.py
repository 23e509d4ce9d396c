"""Where a metrics API has its traffic from."""

import threading
from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol

from conformance.errors import ConformanceError
from conformance.refmesh.metrics.comparing import Difference
from conformance.refmesh.metrics.inventory import Inventory
from conformance.refmesh.metrics.reading import Bins, Series
from conformance.refmesh.metrics.traffic import SHORTEST, Flow, Side, Tally, Traffic


class SilentSourceError(ConformanceError):
    """Nobody can say what traffic there was: those who counted it, or keep the counts, cannot be asked.

    The API answers 503. Zeros would say that there was no traffic.
    """

    code: ClassVar[str] = "metrics-source"


class TrafficSource(Protocol):
    """Says what was seen lately. Safe to use from several threads.

    Both methods raise `SilentSourceError` when it cannot be asked.
    """

    def traffic(self, inventory: Inventory) -> Traffic | None:
        """Say what the last window has brought, in the words of *inventory*; None before anything is known."""

    def since_start(self, inventory: Inventory) -> Traffic:
        """Say what was counted since sidecars started: what nobody should be told as figures of a window."""


class Counted(Protocol):
    """What sidecars have counted: a `History`, or somebody else's. Safe to use from several threads."""

    def difference(self) -> Difference | None:
        """Say what the last window has brought; always the same object while that is the newest."""

    def totals(self) -> Difference:
        """Say what was counted since sidecars started."""


class Ends(NamedTuple):
    """Who was at both ends of the calls of a series."""

    side: Side
    source: str
    destination: str
    service: str
    backend: str
    status: int


class Sampled:
    """Traffic from samples of the sidecars' own counters."""

    def __init__(
        self,
        history: Counted,
        trust_domain: str = "cluster.local",
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        """Tell of *history*; *refresh* brings it up to date before it is asked."""
        self._history = history
        self._trust_domain = trust_domain
        self._refresh = refresh
        self._lock = threading.Lock()
        self._ends: tuple[Inventory, dict[Series, Ends]] = Inventory(), {}
        self._kept: tuple[Difference, Inventory, Traffic] | None = None

    def traffic(self, inventory: Inventory) -> Traffic | None:
        """Say what the last window has brought."""
        self._refresh()
        seen = self._history.difference()
        if seen is None:
            return None
        with self._lock:
            kept = self._kept
        if kept is None or kept[0] is not seen or kept[1] is not inventory:
            kept = seen, inventory, self._told(seen, inventory)
            with self._lock:
                self._kept = kept
        return kept[2]

    def since_start(self, inventory: Inventory) -> Traffic:
        """Say what was counted since sidecars started."""
        self._refresh()
        return self._told(self._history.totals(), inventory)

    def _told(self, seen: Difference, inventory: Inventory) -> Traffic:
        known = self._known_ends(inventory)
        flows = []
        for series, bins in seen.counts.items():
            ends = known.get(series)
            if ends is None:
                ends = known[series] = ends_of(series, inventory, self._trust_domain)
            flows.append(flow_of(ends, series, bins))
        return Traffic(flows=tuple(flows), at=seen.at, span=max(seen.span, SHORTEST))

    def _known_ends(self, inventory: Inventory) -> dict[Series, Ends]:
        """Give what has been found out already; it holds as long as the inventory does."""
        with self._lock:
            if self._ends[0] is not inventory:
                self._ends = inventory, {}
            return self._ends[1]


def attributed(series: Series, bins: Bins, inventory: Inventory, trust_domain: str) -> Flow:
    """Say whose calls a series has counted."""
    return flow_of(ends_of(series, inventory, trust_domain), series, bins)


def flow_of(ends: Ends, series: Series, bins: Bins) -> Flow:
    """Put the calls of a series between their ends."""
    return Flow(
        side=ends.side,
        source=ends.source,
        destination=ends.destination,
        service=ends.service,
        backend=ends.backend,
        status=ends.status,
        tally=Tally.of_status(ends.status, bins, series.ending),
    )


def ends_of(series: Series, inventory: Inventory, trust_domain: str) -> Ends:
    """Find out who was at both ends.

    At the server's side the caller is the pod at the address that the call came from, if that pod runs as the
    account that the caller's certificate proves: an address alone is no proof.
    """
    status = int(series.status) if series.status.isdigit() else 0
    if series.side == Side.SERVER.value:
        caller = inventory.pod_at(series.source)
        proven = caller is not None and caller.spiffe(trust_domain) == series.identity
        return Ends(Side.SERVER, caller.key if caller and proven else "", series.pod, "", "", status)
    called = inventory.pod_at(series.upstream.rpartition(":")[0])
    return Ends(
        Side.CLIENT,
        series.pod,
        called.key if called else "",
        _service_in(series.listener),
        _service_in(series.cluster),
        status,
    )


def _service_in(name: str) -> str:
    """Read the key out of the name of a Service's listener or cluster, ``service|namespace/name|port``."""
    kind, _, rest = name.partition("|")
    return rest.partition("|")[0] if kind == "service" else ""
