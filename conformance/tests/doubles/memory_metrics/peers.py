"""With whom an object exchanged calls: its edges, and the backends of a TrafficSplit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.tests.doubles.memory_metrics.asked import Key
from conformance.tests.doubles.memory_metrics.calls import Calls, Noted, received_by
from conformance.tests.doubles.memory_metrics.moment import Moment
from conformance.tests.doubles.memory_metrics.objects import key_of

_SIDES = {"from": "server", "to": "client"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The calls between an object and one of its peers, in one direction."""

    direction: str
    """``from`` where the peer calls, ``to`` where it is called."""
    side: str
    """Whose proxy told: ``server`` or ``client``."""
    plural: str
    """Resource of the peer."""
    peer: Key
    calls: Calls


def edges(moment: Moment, plural: str = "") -> list[Edge]:
    """Give the edges of an object; *plural* says as what its peers are shown, like itself without."""
    shown = plural or moment.asked.plural
    mine, peers = moment.ends, moment.objects.ends(shown)
    found: dict[tuple[str, Key], list[Noted]] = defaultdict(list)
    for call in moment.measured:
        for way in _ways(call, mine, peers):
            found[way].append(call)
    return [an_edge(direction, shown, peer, calls) for (direction, peer), calls in found.items()]


def an_edge(direction: str, plural: str, peer: Key, calls: Calls = ()) -> Edge:
    """Make an edge whose figures come from the object's own side."""
    return Edge(direction=direction, side=_SIDES[direction], plural=plural, peer=peer, calls=calls)


def _ways(call: Noted, mine: set[str], peers: Mapping[Key, set[str]]) -> Iterator[tuple[str, Key]]:
    """Give direction and peer of each edge that a call is on; a call within an object is on two."""
    ends = (("from", call.receiver, call.source), ("to", call.source, call.receiver))
    for direction, here, there in ends:
        if here in mine:
            yield from ((direction, peer) for peer, members in peers.items() if there in members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend as its split names it, with the calls that went to it through the root Service."""

    apex: str
    name: str
    weight: Any
    """As it was applied."""
    calls: Calls


def backends(moment: Moment) -> list[Backend]:
    """Give the backends of the split that is asked for, in its order."""
    split = _split(moment)
    return [
        Backend(
            apex=split["service"],
            name=one["service"],
            weight=one["weight"],
            calls=at_backend(moment, one["service"], to_root(moment)),
        )
        for one in split["backends"]
    ]


def to_root(moment: Moment) -> Calls:
    """Give the calls to the root Service of a split."""
    root = f"{moment.asked.namespace}/{_split(moment)['service']}"
    return [one for one in moment.measured if one.service == root]


def at_backend(moment: Moment, name: str, calls: Calls) -> Calls:
    """Give those of *calls* that a Service's pods received."""
    ends = moment.objects.ends("services").get((moment.asked.namespace, name), set())
    return received_by(ends, calls)


def _split(moment: Moment) -> Any:
    stored = moment.objects.stored("TrafficSplit")
    return next(one for one in stored if key_of(one) == moment.asked.key).body["spec"]
