"""Questions about figures: percentiles, and whether parts add up."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from conformance.judge.metrics.answers import nothing_of
from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.counting import doubt_about, spell
from conformance.judge.metrics.parsing import read_body, read_latency, read_list, read_object
from conformance.model.measuring import Reading
from conformance.model.metrics import Bounds, Figures, Peer, Reference, Span, TrafficMetrics
from conformance.model.quantities import LATENCY_UNITS
from conformance.model.verdict import Verdict
from conformance.spec import FAILURE_COUNT, LATENCIES, SUCCESS_COUNT

_MILLI = 1000


def order(case: Case) -> Iterator[Remark]:
    """Percentiles do not fall from p50 to p99, and no figure is below zero."""
    for item in case.items:
        for metric in item.metrics:
            if metric.value is not None and metric.value < 0:
                yield Remark("no figure below 0", f"{case.name_of(item)}: {metric.name} is {metric.written}")
        for (lower, low), (upper, high) in pairwise(_rising(item)):
            if low is not None and high is not None and low > high:
                words = f"{lower} is {_written(item, lower)} and {upper} is {_written(item, upper)}"
                yield Remark(f"{lower} is at most {upper}", f"{case.name_of(item)}: {words}")


def _rising(item: TrafficMetrics) -> list[tuple[str, Fraction | None]]:
    """Give the percentiles that should rise: by their units, which need not be the same, if all of them have one."""
    read = [(name, read_latency(item, name)) for name, _ in LATENCIES]
    if any(seconds is None for _, seconds in read):
        return [(name, item.value(name)) for name, _ in LATENCIES]
    return read


def _written(item: TrafficMetrics, name: str) -> str:
    return f"{spell(item.value(name))} {item.unit(name)}".strip()


def latency(case: Case) -> Iterator[Remark]:
    """Percentiles, read with their unit, are the response times that both ends saw."""
    for item in case.items:
        expected = case.figures(item)
        if expected is None:
            continue
        yield from _units(case, item)
        if doubtful := doubt_about(case, item):
            yield doubtful
            continue
        for name, percent in LATENCIES:
            bounds, seen = expected.latencies.get(percent), read_latency(item, name)
            if bounds is None or (seen is not None and seen in bounds):
                continue
            observed = "none that can be read" if seen is None else f"{spell(seen * _MILLI)} ms"
            yield Remark(
                f"{name} between {spell(bounds.low * _MILLI)} and {spell(bounds.high * _MILLI)} ms",
                f"{case.name_of(item)}: {observed}",
                expected.because,
            )
        if expected.blurred:
            yield _blurred(case, item, expected.blurred)


def idle(case: Case) -> Iterator[Remark]:
    """Where there was no traffic there are zeros, or nothing at all: no invented values, and no NaN."""
    for item in case.items:
        expected = case.figures(item)
        if expected is None or expected.calls:
            continue
        for metric in item.metrics:
            if metric.value != 0:
                yield Remark("0, or no figure", f"{case.name_of(item)}: {metric.name} is {metric.written!r}")


def total(case: Case) -> Iterator[Remark]:
    """Parts add up: edges and pods to their object, backends to the root."""
    if case.read.reading is Reading.EDGES:
        yield from _edges_add_up(case)
    elif case.resource.kind == "TrafficSplit":
        yield from _backends_add_up(case)
    else:
        yield from _pods_add_up(case)


def ends(case: Case) -> Iterator[Remark]:
    """An edge has the same figures when it is read from its other end."""
    for item in case.items:
        if item.edge is None or not (other := case.once.others.get(f"edges of {item.edge.peer}")):
            continue
        back = "from" if item.edge.direction == "to" else "to"
        twins = [
            one
            for one in read_list(read_body(other.answer.body)).items
            if one.edge and one.edge.direction == back and one.edge.peer == case.resource
        ]
        expected = case.figures(item)
        is_due = case.rules.peers(item.edge.peer, case.span(nothing_of(case.resource), other))
        if not twins and is_due.get(Peer(direction=back, peer=case.resource), False):
            yield Remark(
                f"{item.edge.peer} has an edge {back} {case.resource}", "it has none", "an edge has two ends"
            )
        elif twins and expected is not None:
            there = case.rules.of_edge(
                case.resource,
                Peer(direction=item.edge.direction, peer=item.edge.peer),
                case.span(twins[0], other),
            )
            yield from _same(case, item, twins[0], expected, there)


def _units(case: Case, item: TrafficMetrics) -> Iterator[Remark]:
    names = {name for name, _ in LATENCIES}
    for metric in item.metrics:
        if metric.name in names and metric.unit not in LATENCY_UNITS:
            found = f"{metric.unit!r}" if metric.unit else "none"
            yield Remark(
                f"{metric.name} has one of the units {', '.join(LATENCY_UNITS)}",
                f"{case.name_of(item)}: {found}",
                "without its unit a latency says nothing",
            )


def _blurred(case: Case, item: TrafficMetrics, percents: tuple[int, ...]) -> Remark:
    less, more = (f"p{one}" for one in percents)
    return Remark(
        f"callers that wait little longer than the application takes, so that {less} and {more} stay apart",
        f"{case.name_of(item)}: callers at {less} may have waited as long as the application took at {more}",
        "one could pass for the other",
        Verdict.INCONCLUSIVE,
    )


def _edges_add_up(case: Case) -> Iterator[Remark]:
    other = case.once.others.get("object")
    if other is None:
        return
    own = read_object(read_body(other.answer.body))
    received = _received(case)
    bounds = [found for one in received if (found := case.figures(one))]
    # An object whose calls are out of its edges' window has no edges left to say so.
    mine = [
        case.rules.of_object(case.resource, case.span(one))
        for one in received[:1] or (nothing_of(case.resource),)
    ]
    whole = case.rules.of_object(case.resource, case.span(own, other))
    yield from _adds_up(case, received, own, [*bounds, *mine, whole], "its edges")


def _received(case: Case) -> list[TrafficMetrics]:
    """Give the edges of what was received, each once: an API may tell of both sides of one."""
    edges = [(one, one.edge) for one in case.items if one.edge and one.edge.direction == "from"]
    at_server = {edge.peer for _, edge in edges if edge.side == "server"}
    return [one for one, edge in edges if edge.side == "server" or edge.peer not in at_server]


def _pods_add_up(case: Case) -> Iterator[Remark]:
    parts = _pods(case)
    for item in case.items:
        expected = case.figures(item)
        if expected is None or not parts:
            continue
        mine = case.rules.pods_of(item.resource)
        pods = [(one, span) for one, span in parts if one.resource in mine]
        bounds = [case.rules.of_object(one.resource, span) for one, span in pods]
        yield from _adds_up(case, [one for one, _ in pods], item, [expected, *bounds], "its pods")


def _pods(case: Case) -> list[tuple[TrafficMetrics, Span]]:
    """Give every pod that was read along, with the time that it speaks of."""
    lists = [one for key, one in case.once.others.items() if key.startswith("pods")]
    return [
        (item, case.span(item, one)) for one in lists for item in read_list(read_body(one.answer.body)).items
    ]


def _adds_up(
    case: Case, parts: list[TrafficMetrics], whole: TrafficMetrics, bounds: list[Figures], who: str
) -> Iterator[Remark]:
    for name in (SUCCESS_COUNT, FAILURE_COUNT):
        seen = whole.value(name)
        together = sum((part.value(name) or Fraction(0) for part in parts), Fraction(0))
        widths = [_width(_of(one, name)) for one in bounds]
        slack = sum(widths, Fraction(0)) + case.times.settings.tolerance * together
        if seen is None or abs(seen - together) > slack:
            yield Remark(
                f"{name} of {who} adds up to that of {whole.resource}",
                f"{spell(together)} of {who}, {spell(seen)} of {whole.resource}",
                "a resource that contains pods is their aggregate, and an edge is a part of it",
            )
    if any(one.missed for one in bounds):
        yield Remark(
            "windows that have all that was driven",
            f"{whole.resource} and {who} speak of different times",
            "what a window leaves out cannot be compared",
            Verdict.INCONCLUSIVE,
        )


def _backends_add_up(case: Case) -> Iterator[Remark]:
    splits: dict[Reference, list[TrafficMetrics]] = {}
    for item in case.items:
        splits.setdefault(item.resource, []).append(item)
    for split, items in splits.items():
        expected = case.rules.of_root(split, case.span(items[0])).total
        seen = sum(((one.value(name) or Fraction(0)) for one in items for name in _COUNTS), Fraction(0))
        if seen not in expected:
            yield Remark(
                f"the backends of {split} add up to {expected} calls",
                f"{spell(seen)}",
                "a split's metrics represent all requests that are sent to its root",
            )


_COUNTS = (SUCCESS_COUNT, FAILURE_COUNT)


def _same(
    case: Case, item: TrafficMetrics, twin: TrafficMetrics, here: Figures, there: Figures
) -> Iterator[Remark]:
    for name in _COUNTS:
        mine, its = item.value(name), twin.value(name)
        slack = sum((_width(_of(one, name)) for one in (here, there)), Fraction(0))
        if mine is None or its is None or abs(mine - its) > slack:
            yield Remark(
                f"{name} is the same at both ends of {case.name_of(item)}",
                f"{spell(mine)} here, {spell(its)} at the other end",
                "it is the same traffic",
            )


def _of(figures: Figures, name: str) -> Bounds:
    return figures.success if name == SUCCESS_COUNT else figures.failure


def _width(bounds: Bounds) -> Fraction:
    return bounds.high - bounds.low
