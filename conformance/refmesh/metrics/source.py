"""Where a metrics API has its traffic from."""

from collections.abc import Callable
from typing import Protocol

from conformance.refmesh.metrics.history import Difference, History
from conformance.refmesh.metrics.inventory import Inventory
from conformance.refmesh.metrics.reading import Bins, Series
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic


class TrafficSource(Protocol):
    """Says what was seen lately. Safe to use from several threads."""

    def traffic(self, inventory: Inventory) -> Traffic | None:
        """Say what the last window has brought, in the words of *inventory*; None before anything is known."""

    def since_start(self, inventory: Inventory) -> Traffic:
        """Say what was counted since sidecars started: what nobody should be told as figures of a window."""


class Sampled:
    """Traffic from samples of the sidecars' own counters."""

    def __init__(
        self,
        history: History,
        trust_domain: str = "cluster.local",
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        """Tell of *history*; *refresh* brings it up to date before it is asked."""
        self._history = history
        self._trust_domain = trust_domain
        self._refresh = refresh

    def traffic(self, inventory: Inventory) -> Traffic | None:
        """Say what the last window has brought."""
        self._refresh()
        seen = self._history.difference()
        if seen is None:
            return None
        return self._told(seen, inventory)

    def since_start(self, inventory: Inventory) -> Traffic:
        """Say what was counted since sidecars started."""
        self._refresh()
        return self._told(self._history.totals(), inventory)

    def _told(self, seen: Difference, inventory: Inventory) -> Traffic:
        flows = tuple(
            attributed(one, bins, inventory, self._trust_domain) for one, bins in seen.counts.items()
        )
        return Traffic(flows=flows, at=seen.at, span=seen.span)


def attributed(series: Series, bins: Bins, inventory: Inventory, trust_domain: str) -> Flow:
    """Say whose calls a series has counted.

    At the server's side the caller is the pod at the address that the call came from, if that pod runs as the
    account that the caller's certificate proves: an address alone is no proof.
    """
    status = int(series.status) if series.status.isdigit() else 0
    tally = Tally.of_status(status, bins, series.ending)
    if series.side == Side.SERVER.value:
        caller = inventory.pod_at(series.source)
        proven = caller is not None and caller.spiffe(trust_domain) == series.identity
        source = caller.key if caller and proven else ""
        return Flow(side=Side.SERVER, source=source, destination=series.pod, status=status, tally=tally)
    called = inventory.pod_at(series.upstream.rpartition(":")[0])
    return Flow(
        side=Side.CLIENT,
        source=series.pod,
        destination=called.key if called else "",
        service=_service_in(series.listener),
        backend=_service_in(series.cluster),
        status=status,
        tally=tally,
    )


def _service_in(name: str) -> str:
    """Read the key out of the name of a Service's listener or cluster, ``service|namespace/name|port``."""
    kind, _, rest = name.partition("|")
    return rest.partition("|")[0] if kind == "service" else ""
