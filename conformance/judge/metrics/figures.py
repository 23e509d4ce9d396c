"""Questions about figures: counts, percentiles, and whether parts add up."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from conformance.judge.metrics.answers import nothing_of
from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.parsing import read_body, read_latency, read_list, read_object
from conformance.model.measuring import Reading
from conformance.model.metrics import Bounds, Figures, Peer, Reference, Span, TrafficMetrics
from conformance.model.quantities import LATENCY_UNITS
from conformance.model.verdict import Verdict
from conformance.spec import FAILURE_COUNT, LATENCIES, SUCCESS_COUNT

_MILLI = 1000


def counts(case: Case) -> Iterator[Remark]:
    """Successes, failures, and both together are those of the calls that lie in each object's window."""
    for item in case.items:
        expected = case.figures(item)
        if expected is None:
            continue
        if doubtful := _doubt(case, item):
            yield _lacking(case, item, expected) or doubtful
            continue
        yield from _counted(case, item, expected)


def order(case: Case) -> Iterator[Remark]:
    """Percentiles do not fall from p50 to p99, and no figure is below zero."""
    for item in case.items:
        for metric in item.metrics:
            if metric.value is not None and metric.value < 0:
                yield Remark("no figure below 0", f"{case.name_of(item)}: {metric.name} is {metric.written}")
        values = [(name, item.value(name)) for name, _ in LATENCIES]
        for (lower, low), (upper, high) in pairwise(values):
            if low is not None and high is not None and low > high:
                words = f"{lower} is {_spell(low)} and {upper} is {_spell(high)}"
                yield Remark(f"{lower} is at most {upper}", f"{case.name_of(item)}: {words}")


def latency(case: Case) -> Iterator[Remark]:
    """Percentiles, read with their unit, are the response times that both ends saw."""
    for item in case.items:
        expected = case.figures(item)
        if expected is None:
            continue
        yield from _units(case, item)
        if doubtful := _doubt(case, item):
            yield doubtful
            continue
        for name, percent in LATENCIES:
            bounds, seen = expected.latencies.get(percent), read_latency(item, name)
            if bounds is None or (seen is not None and seen in bounds):
                continue
            observed = "none that can be read" if seen is None else f"{_spell(seen * _MILLI)} ms"
            yield Remark(
                f"{name} between {_spell(bounds.low * _MILLI)} and {_spell(bounds.high * _MILLI)} ms",
                f"{case.name_of(item)}: {observed}",
                expected.because,
            )


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


def doubt(case: Case) -> Remark | None:
    """Say whether an answer reaches back to other traffic; None where it does not."""
    return next((found for item in case.items if (found := _doubt(case, item))), None)


def trail(case: Case) -> Iterator[Remark]:
    """Each of several readings counts what its own window covers, until the traffic has left it."""
    readings = [
        (read_object(read_body(one.answer.body)), one)
        for one in (
            case.once.main,
            *(one for name, one in case.once.others.items() if name.startswith("later")),
        )
    ]
    found = [(item, case.rules.of_object(item.resource, case.span(item, one))) for item, one in readings]
    for (item, expected), (_, one) in zip(found, readings, strict=True):
        age = (
            f"{(one.answered_at - case.once.main.answered_at).total_seconds():.1f} s after the first reading"
        )
        if case.times.reaches_back(case.span(item, one)):
            yield _lacking(case, item, expected, age) or _reaching_back(case, item)
        elif not _is_counted(item, expected):
            yield Remark(_wanted(expected), f"{_counts_of(case, item)}, {age}", _SAID_BY_WINDOW)
    if not any(expected.total.low for _, expected in found) or all(expected.calls for _, expected in found):
        yield Remark(
            "readings before and after the traffic leaves the window",
            "it was in the window of all of them, or of none",
            "what does not change shows no window",
            Verdict.INCONCLUSIVE,
        )


_SAID_BY_WINDOW = "timestamp and window say which span the figures cover"


def _lacking(case: Case, item: TrafficMetrics, expected: Figures, when: str = "") -> Remark | None:
    """Say what is missing from figures whose window reaches back: what the books have of it has to be there."""
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    has_all = (
        success is not None
        and failure is not None
        and success >= expected.success.low
        and failure >= expected.failure.low
        and success + failure >= expected.total.low
    )
    if has_all:
        return None
    least = f"success {_spell(expected.success.low)}, failure {_spell(expected.failure.low)}"
    told = f"{_counts_of(case, item)} in a window of {_length(item)}{when and f', {when}'}"
    return Remark(f"at least {least}, together {_spell(expected.total.low)}", told, _SAID_BY_WINDOW)


def _counts_of(case: Case, item: TrafficMetrics) -> str:
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    return f"{case.name_of(item)}: success {_spell(success)}, failure {_spell(failure)}"


def _wanted(expected: Figures) -> str:
    return f"success {expected.success}, failure {expected.failure}, together {expected.total}"


def _is_counted(item: TrafficMetrics, expected: Figures) -> bool:
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    return (
        success is not None
        and failure is not None
        and success in expected.success
        and failure in expected.failure
        and success + failure in expected.total
    )


def _length(item: TrafficMetrics) -> str:
    return f"{item.window.total_seconds() if item.window else 0:g} s"


def _counted(case: Case, item: TrafficMetrics, expected: Figures) -> Iterator[Remark]:
    words = _counts_of(case, item)
    if not _is_counted(item, expected):
        yield Remark(_wanted(expected), words, expected.because)
    elif expected.missed:
        yield Remark(
            "a window that has all that was driven",
            f"{words}; {expected.missed} calls lie outside of its window, or at its edge",
            "what a window leaves out cannot be compared",
            Verdict.INCONCLUSIVE,
        )


def _doubt(case: Case, item: TrafficMetrics) -> Remark | None:
    return _reaching_back(case, item) if case.times.reaches_back(case.span(item)) else None


def _reaching_back(case: Case, item: TrafficMetrics) -> Remark:
    return Remark(
        f"a window of at most {case.times.settings.window.total_seconds():g} s, as the provider's settings say",
        f"{case.name_of(item)}: {_length(item)}, which reaches back to other traffic",
        "set `metrics.window` in the provider's profile to the mesh's own",
        Verdict.INCONCLUSIVE,
    )


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


def _edges_add_up(case: Case) -> Iterator[Remark]:
    other = case.once.others.get("object")
    if other is None:
        return
    own = read_object(read_body(other.answer.body))
    received = [one for one in case.items if one.edge and one.edge.direction == "from"]
    bounds = [found for one in received if (found := case.figures(one))]
    # An object whose calls are out of its edges' window has no edges left to say so.
    mine = [
        case.rules.of_object(case.resource, case.span(one))
        for one in received[:1] or (nothing_of(case.resource),)
    ]
    whole = case.rules.of_object(case.resource, case.span(own, other))
    yield from _adds_up(case, received, own, [*bounds, *mine, whole], "its edges")


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
                f"{_spell(together)} of {who}, {_spell(seen)} of {whole.resource}",
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
                f"{_spell(seen)}",
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
                f"{_spell(mine)} here, {_spell(its)} at the other end",
                "it is the same traffic",
            )


def _of(figures: Figures, name: str) -> Bounds:
    return figures.success if name == SUCCESS_COUNT else figures.failure


def _width(bounds: Bounds) -> Fraction:
    return bounds.high - bounds.low


def _spell(value: Fraction | None) -> str:
    return "missing" if value is None else f"{float(value):g}"
