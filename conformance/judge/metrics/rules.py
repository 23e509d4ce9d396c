"""What a judge of metrics asks the oracle: expected figures depend on the span that each answer covers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol

from conformance.model.labels import Selector
from conformance.model.metrics import Answered, Figures, Peer, Reference, Span, TrafficMetrics
from conformance.model.scenario import MetricsSettings

_SECOND = timedelta(seconds=1)


class MetricsRules(Protocol):
    """Says what is expected, from what both ends of each call saw."""

    def of_object(self, resource: Reference, span: Span) -> Figures:
        """Say what the figures of an object may be."""

    def of_edge(self, resource: Reference, peer: Peer, span: Span) -> Figures:
        """Say what the figures between an object and a peer of it may be."""

    def of_backend(self, split: Reference, backend: str, span: Span) -> Figures:
        """Say what the figures of a backend of a split may be."""

    def of_root(self, split: Reference, span: Span) -> Figures:
        """Say what the figures of all backends of a split together may be."""

    def peers(self, resource: Reference, span: Span) -> Mapping[Peer, bool]:
        """Name every edge that an object may have; True where it has to be there."""

    def members(self, resource: Reference, selector: Selector) -> frozenset[Reference]:
        """Name the objects that a list may have."""

    def pods_of(self, resource: Reference) -> frozenset[Reference]:
        """Name the pods whose aggregate an object is."""

    def backends(self, split: Reference) -> tuple[str, Mapping[str, Fraction]]:
        """Name a split's root and the weights of its backends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What is known of the time at which answers speak."""

    settings: MetricsSettings
    quiet_since: datetime
    """Nothing but the traffic in question was sent after this."""

    def span_of(self, item: TrafficMetrics, answered: Answered) -> Span:
        """Say which calls an object has to count, and which it may.

        A timestamp or a window that cannot be so is a matter of its own; the figures are then held against what they
        would be now.
        """
        lag = self.settings.lag
        window = item.window if item.window and item.window > timedelta(0) else self.settings.window
        earliest, latest = answered.asked_at, answered.answered_at
        if item.timestamp is not None and self.is_now(item, answered.answered_at):
            end = answered.answered_at
            earliest = item.timestamp
            latest = min(earliest + _SECOND, max(end, earliest)) if item.is_whole_second else earliest
        stretch = timedelta(0) if item.window else self.settings.stretch
        return Span(
            sure_from=latest - window + lag,
            sure_to=earliest - lag,
            may_from=earliest - window - stretch - lag,
            may_to=latest + lag,
        )

    def is_now(self, item: TrafficMetrics, answered_at: datetime) -> bool:
        """Say whether an object's timestamp lies within its window of now."""
        if item.timestamp is None:
            return False
        age = answered_at - item.timestamp
        window = item.window if item.window and item.window > timedelta(0) else self.settings.window
        return -self.settings.lag - _SECOND <= age <= window + self.settings.lag

    def reaches_back(self, span: Span) -> bool:
        """Say whether a span has room for traffic that is not in question."""
        return span.may_from < self.quiet_since
