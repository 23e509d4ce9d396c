"""One reading under judgement: its answer as types, with what is expected of each object in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.judge.metrics.parsing import LIST_KIND, read_body, read_list, read_object
from conformance.judge.metrics.rules import MetricsRules, Times
from conformance.model.measuring import Read, Reading
from conformance.model.metrics import (
    Answered,
    Figures,
    MetricsList,
    Peer,
    ReadOnce,
    Reference,
    Span,
    TrafficMetrics,
)
from conformance.model.verdict import Verdict

_SPLIT = "TrafficSplit"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found in an answer."""

    expected: str
    observed: str
    because: str = ""
    verdict: Verdict = Verdict.FAILED


Remarks = Iterator[Remark]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One reading, what came back, and the rules that it is held against."""

    once: ReadOnce
    rules: MetricsRules
    times: Times

    @property
    def read(self) -> Read:
        """What was asked."""
        return self.once.read

    @property
    def resource(self) -> Reference:
        """Whom it was asked about."""
        return self.once.resource

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self.once.main.answer.status

    @cached_property
    def body(self) -> Any:
        """The answer's JSON; None where it is none."""
        return read_body(self.once.main.answer.body)

    @property
    def is_list(self) -> bool:
        """Whether the answer says that it is a list."""
        return isinstance(self.body, Mapping) and self.body.get("kind") == LIST_KIND

    @property
    def wants_list(self) -> bool | None:
        """Whether it has to be a list; None where either will do: one split has several backends."""
        if self.read.reading is Reading.GET:
            return None if self.resource.kind == _SPLIT else False
        return True

    @cached_property
    def listed(self) -> MetricsList:
        """The answer read as a list; a single object is a list of one."""
        if self.is_list or self.wants_list:
            return read_list(self.body)
        return MetricsList(resource=Reference(), selector=frozenset(), items=(read_object(self.body),))

    @property
    def items(self) -> tuple[TrafficMetrics, ...]:
        """Every object of figures in the answer."""
        return self.listed.items

    @property
    def raw_items(self) -> list[Any]:
        """The same, as they stand."""
        if self.is_list or self.wants_list:
            found = self.body.get("items") if isinstance(self.body, Mapping) else None
            return found if isinstance(found, list) else []
        return [self.body]

    def span(self, item: TrafficMetrics, answered: Answered | None = None) -> Span:
        """Say which time an object speaks of."""
        return self.times.span_of(item, answered or self.once.main)

    def figures(self, item: TrafficMetrics) -> Figures | None:
        """Say what the figures of one object in the answer may be; None where nothing is known of it."""
        span = self.span(item)
        if self.read.reading is Reading.EDGES:
            if item.edge is None or not item.edge.peer.name:
                return None  # a matter of peers
            peer = Peer(direction=item.edge.direction, peer=item.edge.peer)
            return self.rules.of_edge(self.resource, peer, span)
        if item.resource.kind == _SPLIT:
            backend = item.backend.name if item.backend else ""
            return self.rules.of_backend(item.resource, backend, span)
        if item.resource not in self.rules.members(Reference(item.resource.kind), frozenset()):
            return None  # somebody else's, or nobody's: a matter of members
        return self.rules.of_object(item.resource, span)

    def name_of(self, item: TrafficMetrics) -> str:
        """Say in words which object of the answer is meant."""
        if self.read.reading is Reading.EDGES and item.edge is not None:
            return f"{self.resource} {item.edge.direction or '?'} {item.edge.peer}"
        backend = f", backend {item.backend.name}" if item.backend else ""
        return f"{item.resource}{backend}"
