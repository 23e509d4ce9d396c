"""Figures as one JSON object, for programs that want rates and seconds in place of quantities. Pure."""

from collections.abc import Iterable
from typing import Any

from conformance.model.manifest import ObjectRef
from conformance.top.figures import Figures
from conformance.top.source import Reading


def document(reading: Reading, rows: Iterable[Figures], version: str) -> dict[str, Any]:
    """Write a reading; what is not known is null. Latencies and windows are in seconds.

    Args:
        reading: When it was.
        rows: In the order they are to stand.
        version: Group and version of the API they come from.
    """
    return {"api": version, "read_at": reading.at.isoformat(), "rows": [_row(one) for one in rows]}


def _row(figures: Figures) -> dict[str, Any]:
    edge = {"direction": figures.direction, "side": figures.side, "peer": _reference(figures.peer)}
    backend = figures.backend
    return {
        "resource": _reference(figures.resource),
        "edge": edge,
        "backend": backend and {"apex": backend.apex, "name": backend.name, "weight": backend.weight},
        "until": figures.until.isoformat() if figures.until else None,
        "window": figures.window.total_seconds() if figures.window else None,
        "idle": figures.is_idle,
        "success_count": figures.success,
        "failure_count": figures.failure,
        "success_rate": figures.success_share,
        "calls_per_second": figures.rate,
        **{f"p{percentile}": figures.latency.get(percentile) for percentile in (50, 90, 99)},
    }


def _reference(ref: ObjectRef | None) -> dict[str, str] | None:
    return None if ref is None else {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
