"""Figures as documents of the API: items, and lists of them."""

from collections.abc import Sequence
from typing import Any

from conformance.model.labels import Selector
from conformance.tests.doubles.memory_metrics.answers import Json
from conformance.tests.doubles.memory_metrics.asked import KINDS, Asked, Key
from conformance.tests.doubles.memory_metrics.calls import PERCENTS, WINDOW, Figures
from conformance.tests.doubles.memory_metrics.moment import Moment
from conformance.tests.doubles.memory_metrics.peers import Backend, Edge

AT_SERVER = {"direction": "from", "side": "server", "resource": {}}
"""Of everything that an object received."""
AT_CLIENT = {**AT_SERVER, "side": "client"}
"""Of everything that callers sent to a backend."""


def item(moment: Moment, edge: Json, figures: Figures) -> Json:
    """Write down figures of the object that is asked for."""
    return {
        "kind": "TrafficMetrics",
        "resource": reference(moment.asked.plural, moment.asked.key),
        "edge": edge,
        "timestamp": moment.now.isoformat().replace("+00:00", "Z"),
        "window": f"{WINDOW.seconds}s",
        "metrics": _metrics(figures),
    }


def item_list(asked: Asked, items: Sequence[Json]) -> Json:
    """Write down several items, and what they are the answer to."""
    body: Json = {
        "kind": "TrafficMetricsList",
        "resource": reference(asked.plural, asked.key),
        "items": [*items],
    }
    return {**body, "selector": _selector(asked.selector)} if asked.selector else body


def reference(plural: str, key: Key) -> Json:
    """Refer to an object, or without a name to a resource."""
    named = {"kind": KINDS[plural], "namespace": key[0], "name": key[1]}
    return {name: value for name, value in named.items() if value}


def edge_of(edge: Edge) -> Json:
    """Say between whom the calls of an item were."""
    return {"direction": edge.direction, "side": edge.side, "resource": reference(edge.plural, edge.peer)}


def backend_of(backend: Backend) -> Json:
    """Say which backend of a split an item is about."""
    return {"apex": backend.apex, "name": backend.name, "weight": backend.weight}


def _metrics(figures: Figures) -> list[Json]:
    return [
        *map(_latency, PERCENTS, figures.latencies),
        {"name": "success_count", "value": _count(figures.success)},
        {"name": "failure_count", "value": _count(figures.failure)},
    ]


def _latency(percent: int, seconds: float) -> Json:
    """Write down a percentile: milliseconds, in thousandths."""
    return {"name": f"p{percent}_response_latency", "unit": "ms", "value": f"{round(seconds * 10**6)}m"}


def _count(value: float) -> str:
    return f"{round(value * 1000)}m" if value % 1 else str(round(value))


def _selector(selector: Selector) -> dict[str, Any]:
    return {
        "matchExpressions": [
            {"key": one.key, "operator": one.operator, "values": sorted(one.values)} for one in selector
        ]
    }
