"""Figures as the objects of metrics.smi-spec.io/v1alpha1, and refusals as Kubernetes has them. Pure.

Spec:
    traffic-metrics v1alpha1: "TrafficMetrics", "TrafficMetricsList", "Kubernetes API", "Traffic Splits".
    Latencies are written as the text does, in seconds, as quantities.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.refmesh.metrics.figures import Direction
from conformance.refmesh.metrics.inventory import RESOURCES, Name, Resource
from conformance.refmesh.metrics.selectors import Selector, as_object
from conformance.refmesh.metrics.traffic import Side, Tally, quantiles

GROUP = "metrics.smi-spec.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

Json = dict[str, Any]

_SHARES = {"p50_response_latency": 0.5, "p90_response_latency": 0.9, "p99_response_latency": 0.99}
"""Rising; shown the other way round, as in the text."""
_MICRO = 1_000_000


EPOCH = datetime.fromtimestamp(0, UTC)


def reference(resource: Resource, name: Name) -> Json:
    """Refer to one object."""
    namespace = {"namespace": name[0]} if name[0] else {}
    return {"kind": resource.kind, "apiVersion": resource.api_version, **namespace, "name": name[1]}


def kind_json(resource: Resource, namespace: str) -> Json:
    """Say what a list of a type is about. Spec: "only be `kind`, `namespace` and `apiVersion`"."""
    within = {"namespace": namespace} if namespace else {}
    return {"kind": resource.kind, "apiVersion": resource.api_version, **within}


def edge(direction: Direction, side: Side, peer: Json | None = None) -> Json:
    """Write an edge; without a peer it stands for everybody."""
    return {"direction": direction, "side": side.value, "resource": peer or {}}


def metrics_object(  # noqa: PLR0913  # the fields that the text has
    resource: Resource, name: Name, edge: Json, tally: Tally, *, at: datetime, window: timedelta
) -> Json:
    """Write a TrafficMetrics."""
    namespace = {"namespace": name[0]} if name[0] else {}
    return {
        "kind": "TrafficMetrics",
        "apiVersion": API_VERSION,
        "metadata": {"name": name[1], **namespace, "creationTimestamp": time_text(at)},
        "resource": reference(resource, name),
        "edge": edge,
        "timestamp": time_text(at),
        "window": span_text(window),
        "metrics": metrics_of(tally),
    }


def metrics_list(resource: Json, items: Iterable[Json], selector: Selector = ()) -> Json:
    """Write a TrafficMetricsList; a selector that was applied is shown."""
    shown = {"selector": as_object(selector)} if selector else {}
    return {
        "kind": "TrafficMetricsList",
        "apiVersion": API_VERSION,
        "metadata": {},
        "resource": resource,
        **shown,
        "items": list(items),
    }


def resource_list() -> Json:
    """Write what the version's root answers."""
    entries = [
        {
            "name": one.plural,
            "singularName": "",
            "namespaced": one.namespaced,
            "kind": "TrafficMetrics",
            "verbs": ["get", "list"],
        }
        for one in RESOURCES
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": API_VERSION, "resources": entries}


def api_group() -> Json:
    """Write what the group's root answers."""
    version = {"groupVersion": API_VERSION, "version": VERSION}
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": GROUP,
        "versions": [version],
        "preferredVersion": version,
    }


def status(code: int, reason: str, message: str) -> Json:
    """Write a refusal."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def time_text(at: datetime) -> str:
    """Write a time as RFC 3339 does, to the microsecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def span_text(span: timedelta) -> str:
    """Write a duration as Kubernetes does, such as ``30s`` or ``1.25s``."""
    return f"{span.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


def metrics_of(tally: Tally) -> list[Mapping[str, str]]:
    """Write the five metrics of the text."""
    found = zip(_SHARES, quantiles(tally.bins, _SHARES.values()), strict=True)
    latencies = [
        {"name": name, "unit": "seconds", "value": quantity(value / _MICRO)} for name, value in found
    ]
    counts = [
        {"name": "success_count", "value": quantity(tally.success)},
        {"name": "failure_count", "value": quantity(tally.failure)},
    ]
    return [*reversed(latencies), *counts]


def quantity(value: float) -> str:
    """Write a number as a quantity, to a millionth: ``100``, ``12500u``, ``10m``."""
    millionths = round(value * _MICRO)
    if millionths % _MICRO == 0:
        return str(millionths // _MICRO)
    return f"{millionths // 1000}m" if millionths % 1000 == 0 else f"{millionths}u"
