"""From what a metrics API answered to types: the one place where its JSON is read.

Each documented reading is taken; what fits none is read as missing, and the shapes of `shapes` say so.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from conformance.model.labels import Condition, Selector
from conformance.model.metrics import BackendOf, EdgeOf, Metric, MetricsList, Reference, TrafficMetrics
from conformance.model.quantities import LATENCY_UNITS, parse_duration, parse_quantity
from conformance.spec import measured_kind

LIST_KIND = "TrafficMetricsList"


def read_body(raw: bytes) -> Any:
    """Read JSON; None where it is none."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


def read_object(body: Any) -> TrafficMetrics:
    """Read one object of figures, however much of it is there."""
    item = _mapping(body)
    timestamp, is_whole_second = read_time(item.get("timestamp"))
    edge = item.get("edge")
    backend = item.get("backend")
    return TrafficMetrics(
        resource=read_reference(item.get("resource")),
        edge=_edge(edge) if isinstance(edge, Mapping) else None,
        backend=_backend(backend) if isinstance(backend, Mapping) else None,
        timestamp=timestamp,
        is_whole_second=is_whole_second,
        window=read_window(item.get("window")),
        metrics=tuple(_metric(_mapping(one)) for one in _items(item.get("metrics"))),
    )


def read_list(body: Any) -> MetricsList:
    """Read a list, however much of it is there."""
    item = _mapping(body)
    return MetricsList(
        resource=read_reference(item.get("resource")),
        selector=read_selector(item.get("selector")),
        items=tuple(read_object(one) for one in _items(item.get("items"))),
    )


def read_selector(body: Any) -> Selector:
    """Read Kubernetes' LabelSelector, in which ``matchLabels`` is short for ``In`` with one value."""
    item = _mapping(body)
    labels = _mapping(item.get("matchLabels"))
    equal = {Condition(str(name), "In", frozenset({str(value)})) for name, value in labels.items()}
    others = {
        Condition(
            str(one.get("key")), str(one.get("operator")), frozenset(map(str, _items(one.get("values"))))
        )
        for one in map(_mapping, _items(item.get("matchExpressions")))
    }
    return frozenset(equal | others)


def read_reference(body: Any) -> Reference:
    """Read an object reference, with the kind in Kubernetes' spelling: the SDK writes ``Daemonset``."""
    item = _mapping(body)
    kind = str(item.get("kind") or "")
    known = measured_kind(kind)
    namespace = str(item.get("namespace") or "")
    return Reference(
        known.kind if known else kind,
        namespace if known is None or known.namespaced else "",
        str(item.get("name") or ""),
    )


def read_time(written: Any) -> tuple[datetime | None, bool]:
    """Read an RFC 3339 time, and say whether it has no fraction of a second: one of zeros is written for none."""
    if not isinstance(written, str) or "T" not in written.upper():
        return None, False
    try:
        found = datetime.fromisoformat(_whole_microseconds(written.upper()))  # Python knows no small z
    except ValueError:
        return None, False
    if found.tzinfo is None:
        return None, False
    return found.astimezone(UTC), not found.microsecond


def read_window(written: Any) -> timedelta | None:
    """Read a duration as Go writes it; None where it is none."""
    return parse_duration(written) if isinstance(written, str) else None


def read_latency(metrics: TrafficMetrics, name: str) -> Fraction | None:
    """Give a latency in seconds; None where it is missing, has no unit, or one that nobody documents."""
    value, unit = metrics.value(name), metrics.unit(name)
    return None if value is None or unit not in LATENCY_UNITS else value * LATENCY_UNITS[unit]


def _whole_microseconds(written: str) -> str:
    """Cut what a Go program writes down to what Python's `datetime` holds: nine digits to six."""
    head, dot, rest = written.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{head}{dot}{digits[:6]}{rest[len(digits) :]}"


def _edge(item: Mapping[str, Any]) -> EdgeOf:
    return EdgeOf(
        direction=str(item.get("direction") or ""),
        side=str(item.get("side") or ""),
        peer=read_reference(item.get("resource")),
    )


def _backend(item: Mapping[str, Any]) -> BackendOf:
    weight = item.get("weight")
    is_whole = isinstance(weight, int) and not isinstance(weight, bool)
    return BackendOf(
        apex=str(item.get("apex") or ""),
        name=str(item.get("name") or ""),
        weight=weight if is_whole else None,
    )


def _metric(item: Mapping[str, Any]) -> Metric:
    written = item.get("value")
    is_number = isinstance(written, str | int) and not isinstance(written, bool)
    return Metric(
        name=str(item.get("name") or ""),
        unit=str(item.get("unit") or ""),
        written=str(written),
        value=parse_quantity(str(written)) if is_number else None,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
