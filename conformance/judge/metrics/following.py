"""The question that takes several readings: do counts leave together with the window that is said?

An object is followed as a whole, a list object by object, edges one by one, a split backend by backend.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
from conformance.model.labels import parse_selector
from conformance.model.measuring import Reading
from conformance.model.metrics import Answered, Figures, Peer, Reference, Span, TrafficMetrics
from conformance.model.verdict import Verdict
from conformance.spec import FAILURE_COUNT, SUCCESS_COUNT

_NOT_FOUND = 404
_REFUSING = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What is followed: an object, an edge of it, or a backend of it."""

    resource: Reference
    peer: Peer | None = None
    backend: str = ""

    def is_told_by(self, item: TrafficMetrics) -> bool:
        """Say whether an object of an answer is about it."""
        if self.peer:
            edge = item.edge
            return edge is not None and (edge.direction, edge.peer) == (self.peer.direction, self.peer.peer)
        if self.backend:
            return item.backend is not None and item.backend.name == self.backend
        return item.resource == self.resource

    def expected(self, case: Case, span: Span) -> Figures:
        """Say what its figures may be."""
        if self.peer:
            return case.rules.of_edge(self.resource, self.peer, span)
        if self.backend:
            return case.rules.of_backend(self.resource, self.backend, span)
        return case.rules.of_object(self.resource, span)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one reading tells of one part."""

    item: TrafficMetrics
    answered: Answered
    span: Span
    expected: Figures

    @classmethod
    def at(cls, case: Case, part: _Part, answered: Answered) -> "_Look":
        """Find a part in a reading, and say what is expected of it there."""
        item = _found_in(answered, part)
        span = case.span(item, answered)
        return cls(item=item, answered=answered, span=span, expected=part.expected(case, span))

    @property
    def counts_something(self) -> bool:
        return any(self.item.value(name) for name in (SUCCESS_COUNT, FAILURE_COUNT))


def trail(case: Case) -> Iterator[Remark]:
    """Each of several readings counts what its own window covers, until the traffic has left it."""
    later = [one for name, one in case.once.others.items() if name.startswith("later")]
    found = []
    for part in _parts(case):
        looks = [_Look.at(case, part, answered) for answered in (case.once.main, *later)]
        for one in looks:
            yield from _trailed(case, one)
        found += [one.expected for one in looks]
        yield from _far_apart(case, looks)
    if not any(expected.total.low for expected in found) or all(expected.calls for expected in found):
        yield Remark(
            "readings before and after the traffic leaves the window",
            "it was in the window of all of them, or of none",
            "what does not change shows no window",
            Verdict.INCONCLUSIVE,
        )


def _parts(case: Case) -> tuple[_Part, ...]:
    about, span = case.resource, case.span(nothing_of(case.resource))
    if case.read.reading is Reading.EDGES:
        return tuple(_Part(resource=about, peer=one) for one in case.rules.peers(about, span))
    if case.read.reading is Reading.LIST:
        members = sorted(case.rules.members(about, parse_selector(case.read.selector)))
        return tuple(_Part(resource=one) for one in members if case.rules.of_object(one, span).calls)
    _, backends = case.rules.backends(about)
    return tuple(_Part(resource=about, backend=one) for one in backends) or (_Part(resource=about),)


def _found_in(answered: Answered, part: _Part) -> TrafficMetrics:
    """Find what one reading tells of *part*; what has become idle may be absent."""
    body = read_body(answered.answer.body)
    if answered.answer.status >= _REFUSING:
        return nothing_of(part.resource)
    if not isinstance(body, dict) or body.get("kind") != LIST_KIND:
        return read_object(body)
    told = (one for one in read_list(body).items if part.is_told_by(one))
    return next(told, nothing_of(part.resource))


def _trailed(case: Case, look: _Look) -> Iterator[Remark]:
    item, answered, expected = look.item, look.answered, look.expected
    status = answered.answer.status
    after = answered.answered_at - case.once.main.answered_at
    age = f"{after.total_seconds():.1f} s after the first reading"
    if status >= _REFUSING or item == nothing_of(item.resource):
        if status not in {_NOT_FOUND, *case.read.statuses} or expected.total.low:
            yield Remark(wanted(expected), f"status {status} and no figures, {age}")
    elif case.times.reaches_back(look.span):
        yield lacking(case, item, expected, age) or reaching_back(case, item)
    elif not is_counted(item, expected):
        yield Remark(wanted(expected), f"{counts_of(case, item)}, {age}", SAID_BY_WINDOW)


def _far_apart(case: Case, looks: Sequence[_Look]) -> Iterator[Remark]:
    """Tell where nobody looked while counts left: between two looks a window of any length may have ended."""
    for before, after in pairwise(looks):
        if not before.counts_something or after.counts_something:
            continue
        window, lag = before.item.window or case.times.settings.window, case.times.settings.lag
        most = max(window / 2 - lag, window / 4)
        # From the first one's earliest end to the last one's latest: both without their lags.
        apart = after.span.may_to - before.span.sure_to - 2 * lag
        if apart > most:
            yield Remark(
                f"readings at most {most.total_seconds():.2f} s apart where the counts leave, so that a window "
                "that is said twice as long, or half, shows",
                f"{apart.total_seconds():.2f} s between them",
                "the readings came late, on this side or on the mesh's",
                Verdict.INCONCLUSIVE,
            )
