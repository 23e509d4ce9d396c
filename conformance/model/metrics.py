"""What a metrics API says, as types, and what is known of the traffic that it speaks about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction

from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.labels import Selector
from conformance.model.measuring import Read


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """Names an object that traffic is associated with; empty where it names nobody in particular."""

    kind: str = ""
    """In Kubernetes' spelling, whatever the answer's was."""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        key = "/".join(part for part in (self.namespace, self.name) if part)
        return " ".join(part for part in (self.kind, key) if part) or "nobody in particular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure, as far as it can be read."""

    name: str
    unit: str
    written: str
    """The value to the letter."""
    value: Fraction | None
    """None where it is no quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOf:
    """Whose traffic with the resource the figures are about."""

    direction: str
    side: str
    """Empty where it is left out."""
    peer: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOf:
    """Which backend of a split the figures are about."""

    apex: str
    name: str
    weight: int | None
    """None where it is left out, or is no whole number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficMetrics:
    """One object of figures. What cannot be read is None, and the schema says why."""

    resource: Reference
    edge: EdgeOf | None
    backend: BackendOf | None
    timestamp: datetime | None
    is_whole_second: bool
    """Whether the timestamp has no fraction, so that it may be up to a second old."""
    window: timedelta | None
    metrics: tuple[Metric, ...]

    def value(self, name: str) -> Fraction | None:
        """Give a figure; None where it is missing or no quantity."""
        return next((one.value for one in self.metrics if one.name == name), None)

    def unit(self, name: str) -> str:
        """Give a figure's unit; empty where there is none."""
        return next((one.unit for one in self.metrics if one.name == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsList:
    """Several objects of figures, and what they are a list of."""

    resource: Reference
    selector: Selector
    """As the list shows it; empty where it shows none."""
    items: tuple[TrafficMetrics, ...]


class CallClass(Enum):
    """How a call counts."""

    SUCCESS = "success"
    """Answered 200."""
    FAILURE = "failure"
    """Answered 5xx by the application."""
    OPEN = "open"
    """The application received it, and the text does not say how its end counts."""
    UNANSWERED = "unanswered"
    """The application received it and gave no answer: no success, whatever its caller was told."""
    REFUSED = "refused"
    """The mesh refused it: no success, and all else is open."""
    UNCOUNTED = "uncounted"
    """No HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """One call as both ends saw it, with the times between which it was."""

    source: str
    """Key of the calling workload."""
    receiver: str
    """Key of the workload that received it, or would have."""
    service: str
    """Key of the Service that was called; empty when it was called by the pod's address."""
    counts_as: CallClass
    begun: datetime
    """Not before this."""
    ended: datetime
    """Not after this."""
    fastest: timedelta
    """The application took at least so long."""
    slowest: timedelta
    """The caller waited no longer."""
    is_earlier: bool = False
    """Whether an earlier step drove it: only a window that reaches back has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEntry:
    """A pod and what it belongs to."""

    name: str
    namespace: str
    workload: str
    """Key of the workload that it is of."""
    replica_set: str = ""
    node: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that figures cover, as sharply as it is known."""

    sure_from: datetime
    sure_to: datetime
    """A call between these two has to be counted."""
    may_from: datetime
    may_to: datetime
    """A call that is not between these two must not be counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a figure may be, both ends included."""

    low: Fraction
    high: Fraction

    def __contains__(self, value: Fraction) -> bool:
        return self.low <= value <= self.high

    def __add__(self, other: "Bounds") -> "Bounds":
        return Bounds(low=self.low + other.low, high=self.high + other.high)

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{float(self.low):g}"
        return f"{float(self.low):g} to {float(self.high):g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an object's figures may be for one span."""

    success: Bounds
    failure: Bounds
    total: Bounds
    latencies: Mapping[int, Bounds]
    """Per percentile, in seconds; empty where there was no traffic to speak of."""
    calls: int
    """How many calls may lie in the span. Unit: calls."""
    missed: int
    """How many calls of the ledger surely do not. Unit: calls."""
    because: str
    blurred: tuple[int, ...] = ()
    """Two percentiles that the application set apart and its callers' waits do not: one could pass for the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One edge that there may be."""

    direction: str
    """``to`` or ``from``, read from the object."""
    peer: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request to the metrics API and what came back, with the times between which it was answered."""

    request: ApiRequest
    answer: ApiAnswer
    asked_at: datetime
    answered_at: datetime
    """Both by the API server's clock, as far as it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnce:
    """One reading of a step: the answer that it is about, and others that it is compared with."""

    read: Read
    resource: Reference
    """Whom it is about; for a list, only its kind and namespace."""
    main: Answered
    others: Mapping[str, Answered] = field(default_factory=dict)
    """By what they are: see `conformance.runner.reading`."""
