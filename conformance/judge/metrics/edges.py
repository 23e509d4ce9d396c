"""Questions about edges and backends: who is there, which way, seen from where."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from conformance.judge.metrics.answers import nothing_of
from conformance.judge.metrics.case import Case, Remark
from conformance.model.metrics import EdgeOf, Peer, TrafficMetrics

_SIDES = {"to": "client", "from": "server"}
"""Spec: traffic-metrics, "Edge": where each direction is measured in the worked examples, at the resource itself."""


def peers(case: Case) -> Iterator[Remark]:
    """The edges are those of traffic that was seen, each once: nobody is missing, and nobody is made up."""
    found = [(Peer(direction=one.direction, peer=one.peer), one.side) for one in _edges(case)]
    may = _expected(case)
    for peer, must in may.items():
        if must and not any(one.peer == peer.peer for one, _ in found):
            yield Remark(f"an edge {_way(case, peer)}", "there is none", "they exchanged traffic")
    allowed = {one.peer for one in may}
    for peer, _ in dict.fromkeys(found):
        if peer.peer not in allowed:
            yield Remark(
                f"no edge {_way(case, peer)}",
                "there is one",
                "edges are only visible between two that have exchanged traffic",
            )
    for one in dict.fromkeys(found):
        if found.count(one) > 1:
            yield Remark(f"one edge {_way(case, one[0])} for each side", f"{found.count(one)}")


def direction(case: Case) -> Iterator[Remark]:
    """``to`` leads to whom the resource called, ``from`` to who called it."""
    may = _expected(case)
    for edge in _edges(case):
        peer = Peer(direction=edge.direction, peer=edge.peer)
        ways = [one.direction for one in may if one.peer == peer.peer]
        if ways and peer.direction not in ways:
            yield Remark(
                f"{case.resource} {' and '.join(ways)} {peer.peer}",
                f"{case.resource} {peer.direction or '?'} {peer.peer}",
                "direction is read from the resource",
            )


def side(case: Case) -> Iterator[Remark]:
    """Every edge says where it was measured, and the resource's own view is among them."""
    found = list(_edges(case))
    for edge in found:
        if edge.side not in _SIDES.values():
            yield Remark("a side that is client or server", f"{_way(case, _peer(edge))}: {edge.side!r}")
    for peer in dict.fromkeys(map(_peer, found)):
        sides = {edge.side for edge in found if _peer(edge) == peer}
        own = _SIDES.get(peer.direction)
        if own is not None and own not in sides:
            yield Remark(
                f"the edge {_way(case, peer)} as seen from {own} side",
                f"only {', '.join(sorted(sides)) or 'none'}",
                "metrics of an edge are observed at the resource: to at the client side, from at the server side",
            )


def kinds(case: Case) -> Iterator[Remark]:
    """A peer is of the resource's own kind."""
    for edge in _edges(case):
        if edge.peer.kind != case.resource.kind:
            yield Remark(f"peers of kind {case.resource.kind}", f"{edge.peer}")


def backends(case: Case) -> Iterator[Remark]:
    """A split has one item per backend, with root, name and weight, seen from the client side."""
    root, weights = case.rules.backends(case.resource)
    items = [one for one in case.items if one.resource == case.resource]
    for item in items:
        yield from _backend(item, root)
    shown: dict[str, int | None] = {}
    for name in weights:
        mine = [one.backend for one in items if one.backend and one.backend.name == name]
        if len(mine) != 1:
            yield Remark(f"one item for the backend {name}", f"{len(mine)}")
        else:
            shown[name] = mine[0].weight
    yield from _weights(weights, shown)
    for item in items:
        if item.backend and item.backend.name not in weights:
            yield Remark(
                f"nobody but the backends {', '.join(weights)}", f"the backend {item.backend.name!r}"
            )


def _weights(written: Mapping[str, Fraction], shown: Mapping[str, int | None]) -> Iterator[Remark]:
    """Weights are those of the split; fractions, which v1alpha1 has, are shown as whole numbers of the same ratio."""
    if all(weight.denominator == 1 for weight in written.values()):
        factor = Fraction(1)
    else:
        factor = Fraction(sum(one or 0 for one in shown.values())) / (sum(written.values()) or 1)
    for name, weight in shown.items():
        wanted = written[name] * factor
        if weight is None or weight != wanted:
            yield Remark(f"backend {name} has the weight {wanted}", f"{weight}")


def _backend(item: TrafficMetrics, root: str) -> Iterator[Remark]:
    if item.backend is None:
        yield Remark("every item of a split has a backend", f"{item.resource} has one without")
    elif item.backend.apex != root:
        yield Remark(f"backend.apex is {root}", f"it is {item.backend.apex!r}")
    edge = item.edge
    if edge is None or (edge.direction, edge.side) != ("from", "client") or edge.peer.name:
        found = f"{edge.direction}, {edge.side or 'no side'}, {edge.peer}" if edge else "none"
        yield Remark("the edge is from, client, nobody in particular", found)


def _edges(case: Case) -> Iterator[EdgeOf]:
    for item in case.items:
        if item.edge is not None:
            yield item.edge


def _peer(edge: EdgeOf) -> Peer:
    return Peer(direction=edge.direction, peer=edge.peer)


def _expected(case: Case) -> dict[Peer, bool]:
    """Join what the span of each item lets one expect; without items, what it would be now."""
    found: dict[Peer, bool] = {}
    for item in case.items or (nothing_of(case.resource),):
        for peer, must in case.rules.peers(case.resource, case.span(item)).items():
            found[peer] = found.get(peer, False) or must
    return found


def _way(case: Case, peer: Peer) -> str:
    return f"of {case.resource} {peer.direction or '?'} {peer.peer}"
