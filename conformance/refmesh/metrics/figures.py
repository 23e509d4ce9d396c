"""From traffic to the figures of an object, of its edges and of a split's backends. Pure.

An object's own figures are those of what it receives, as its pods' sidecars counted it. Every edge is told by the end
that belongs to the object: what it received by its own sidecars, what it sent by them as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from conformance.refmesh.metrics.inventory import Inventory, Name
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added

Direction = Literal["from", "to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of an edge, as seen from an object."""

    direction: Direction
    """``from``: the object receives from it; ``to``: it sends to it. Spec: traffic-metrics, "Edge"."""
    side: Side
    name: Name


class Figures:
    """The figures of one moment. Sums are made once, when they are first asked for."""

    def __init__(self, traffic: Traffic, inventory: Inventory) -> None:
        self.traffic = traffic
        self._inventory = inventory
        self._received: dict[str, Mapping[Name, Tally]] = {}
        self._by_pod: dict[str, list[Flow]] = defaultdict(list)
        for flow in traffic.flows:
            self._by_pod[flow.destination if flow.side is Side.SERVER else flow.source].append(flow)

    def received(self, plural: str) -> Mapping[Name, Tally]:
        """Give for each object of a type what it received; an object that received nothing is absent."""
        if plural not in self._received:
            self._received[plural] = self._sum_received(plural)
        return self._received[plural]

    def edges(self, plural: str, name: Name) -> Mapping[Peer, Tally]:
        """Give the peers of one object, of its own type, that it has exchanged calls with."""
        found: dict[Peer, list[Tally]] = defaultdict(list)
        for flow in self._of(plural, name):
            for peer in self._peers(plural, flow):
                found[peer].append(flow.tally)
        return {peer: added(tallies) for peer, tallies in found.items()}

    def backends(self, namespace: str, root: str, names: Iterable[str]) -> Mapping[str, Tally]:
        """Give for each backend of a split what its root's callers sent there, as they counted it."""
        found: dict[str, list[Tally]] = {one: [] for one in names}
        for flow in self.traffic.flows:
            there, _, backend = flow.backend.partition("/")
            if flow.side is Side.CLIENT and flow.service == f"{namespace}/{root}" and there == namespace:
                found.get(backend, []).append(flow.tally)
        return {name: added(tallies) for name, tallies in found.items()}

    def _sum_received(self, plural: str) -> Mapping[Name, Tally]:
        found: dict[Name, list[Tally]] = defaultdict(list)
        for key, flows in self._by_pod.items():
            tallies = [flow.tally for flow in flows if flow.side is Side.SERVER]
            for holder in self._inventory.holders(plural, key) if tallies else ():
                found[holder] += tallies
        return {name: added(tallies) for name, tallies in found.items()}

    def _of(self, plural: str, name: Name) -> Iterator[Flow]:
        """Walk what the pods of an object counted."""
        if plural == "pods":
            yield from self._by_pod.get("/".join(name), ())
            return
        for key, flows in self._by_pod.items():
            if name in self._inventory.holders(plural, key):
                yield from flows

    def _peers(self, plural: str, flow: Flow) -> Iterator[Peer]:
        other = flow.source if flow.side is Side.SERVER else flow.destination
        direction: Direction = "from" if flow.side is Side.SERVER else "to"
        for holder in self._inventory.holders(plural, other):
            yield Peer(direction=direction, side=flow.side, name=holder)
