"""The question that takes several readings: do counts leave together with the window that is said?

An object is followed as a whole, a list of edges edge by edge, a split backend by backend.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.judge.metrics.answers import nothing_of
from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.counting import (
    SAID_BY_WINDOW,
    counts_of,
    is_counted,
    lacking,
    reaching_back,
    wanted,
)
from conformance.judge.metrics.parsing import LIST_KIND, read_body, read_list, read_object
from conformance.model.measuring import Reading
from conformance.model.metrics import Answered, Figures, Peer, Span, TrafficMetrics
from conformance.model.verdict import Verdict

_NOT_FOUND = 404
_REFUSING = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What is followed: one edge, one backend, or the object where both are empty."""

    peer: Peer | None = None
    backend: str = ""

    def is_told_by(self, item: TrafficMetrics) -> bool:
        """Say whether an object of an answer is about it."""
        if self.peer:
            edge = item.edge
            return edge is not None and (edge.direction, edge.peer) == (self.peer.direction, self.peer.peer)
        return not self.backend or (item.backend is not None and item.backend.name == self.backend)

    def expected(self, case: Case, span: Span) -> Figures:
        """Say what its figures may be."""
        if self.peer:
            return case.rules.of_edge(case.resource, self.peer, span)
        if self.backend:
            return case.rules.of_backend(case.resource, self.backend, span)
        return case.rules.of_object(case.resource, span)


def trail(case: Case) -> Iterator[Remark]:
    """Each of several readings counts what its own window covers, until the traffic has left it."""
    later = [one for name, one in case.once.others.items() if name.startswith("later")]
    found = []
    for answered in (case.once.main, *later):
        for part in _parts(case):
            item = _found_in(case, answered, part)
            expected = part.expected(case, case.span(item, answered))
            found.append(expected)
            yield from _trailed(case, item, answered, expected)
    if not any(expected.total.low for expected in found) or all(expected.calls for expected in found):
        yield Remark(
            "readings before and after the traffic leaves the window",
            "it was in the window of all of them, or of none",
            "what does not change shows no window",
            Verdict.INCONCLUSIVE,
        )


def _parts(case: Case) -> tuple[_Part, ...]:
    if case.read.reading is Reading.EDGES:
        known = case.rules.peers(case.resource, case.span(nothing_of(case.resource)))
        return tuple(_Part(peer=one) for one in known)
    _, backends = case.rules.backends(case.resource)
    return tuple(_Part(backend=one) for one in backends) or (_Part(),)


def _found_in(case: Case, answered: Answered, part: _Part) -> TrafficMetrics:
    """Find what one reading tells of *part*; what has become idle may be absent."""
    body = read_body(answered.answer.body)
    is_list = isinstance(body, dict) and body.get("kind") == LIST_KIND
    items = read_list(body).items if is_list else (read_object(body),)
    told = [one for one in items if part.is_told_by(one)] if answered.answer.status < _REFUSING else []
    return told[0] if told else nothing_of(case.resource)


def _trailed(case: Case, item: TrafficMetrics, answered: Answered, expected: Figures) -> Iterator[Remark]:
    status = answered.answer.status
    after = (answered.answered_at - case.once.main.answered_at).total_seconds()
    age = f"{after:.1f} s after the first reading"
    if status >= _REFUSING or item == nothing_of(case.resource):
        if status not in {_NOT_FOUND, *case.read.statuses} or expected.total.low:
            yield Remark(wanted(expected), f"status {status} and no figures, {age}")
    elif case.times.reaches_back(case.span(item, answered)):
        yield lacking(case, item, expected, age) or reaching_back(case, item)
    elif not is_counted(item, expected):
        yield Remark(wanted(expected), f"{counts_of(case, item)}, {age}", SAID_BY_WINDOW)
