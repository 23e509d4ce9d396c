"""What one TrafficMetrics object says, as far as it can be made out. Pure.

Spec: traffic-metrics v1alpha1, "TrafficMetrics". Meshes differ in units, in the form of quantities and in what they
leave out; nothing of that keeps the rest from being read.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.model.manifest import ObjectRef
from conformance.model.quantities import LATENCY_UNITS, parse_duration, parse_quantity

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One leg of a TrafficSplit."""

    apex: str
    name: str
    weight: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The traffic of one resource, or of one of its edges, in a window of time. None is what is not known."""

    resource: ObjectRef
    peer: ObjectRef | None
    """The other end of an edge; None where every peer is meant."""
    direction: str
    """``to``, ``from``, or empty."""
    side: str
    """``client``, ``server``, or empty."""
    backend: Backend | None
    success: float | None
    """How many calls in the window."""
    failure: float | None
    latency: Mapping[int, float]
    """By percentile. Unit: s."""
    window: timedelta | None
    """Longer than nothing."""
    until: datetime | None
    """When the window ended."""

    @property
    def calls(self) -> float | None:
        """How many in the window; None if one of the two counts is not known."""
        return None if self.success is None or self.failure is None else self.success + self.failure

    @property
    def is_idle(self) -> bool:
        """Whether there was no call in the window."""
        return self.calls == 0

    @property
    def success_share(self) -> float | None:
        """Between 0 and 1; None without calls."""
        return self.success / self.calls if self.success is not None and self.calls else None

    @property
    def rate(self) -> float | None:
        """Unit: calls per second."""
        return None if self.calls is None or self.window is None else self.calls / self.window.total_seconds()


def read_document(document: object) -> tuple[Figures, ...]:
    """Read a TrafficMetricsList, or a single TrafficMetrics; what is neither holds no figures."""
    said = _mapping(document)
    items = said.get("items") if "items" in said or str(said.get("kind", "")).endswith("List") else [said]
    return tuple(_figures(one) for one in items or () if isinstance(one, Mapping) and one.get("resource"))


def _figures(said: Mapping[str, Any]) -> Figures:
    edge = _mapping(said.get("edge"))
    peer = _reference(edge.get("resource"))
    metrics = {str(one.get("name")): one for one in _mappings(said.get("metrics"))}
    window = parse_duration(_text(said.get("window")))
    return Figures(
        resource=_reference(said.get("resource")),
        peer=None if peer == ObjectRef("", "", "") else peer,
        direction=_text(edge.get("direction")),
        side=_text(edge.get("side")),
        backend=_backend(_mapping(said.get("backend"))),
        success=_number(metrics.get("success_count")),
        failure=_number(metrics.get("failure_count")),
        latency=dict(_latencies(metrics)),
        window=window if window and window > timedelta(0) else None,
        until=_time(_text(said.get("timestamp"))),
    )


def _latencies(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[int, float]]:
    for percentile in PERCENTILES:
        metric = metrics.get(f"p{percentile}_response_latency", {})
        value, unit = _number(metric), LATENCY_UNITS.get(_text(metric.get("unit")).lower())
        if value is not None and unit is not None:
            yield percentile, value * float(unit)


def _number(metric: Mapping[str, Any] | None) -> float | None:
    found = parse_quantity(_text((metric or {}).get("value")))
    return float(found) if found is not None and found >= 0 else None


def _reference(said: object) -> ObjectRef:
    body = _mapping(said)
    return ObjectRef(*(_text(body.get(field)) for field in ("kind", "namespace", "name")))


def _backend(said: Mapping[str, Any]) -> Backend | None:
    if not said:
        return None
    return Backend(**{field: _text(said.get(field)) for field in ("apex", "name", "weight")})


def _time(text: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _text(value: object) -> str:
    """Give what was said without what could move a terminal's cursor."""
    return "" if value is None else "".join(one for one in str(value) if one.isprintable())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()
