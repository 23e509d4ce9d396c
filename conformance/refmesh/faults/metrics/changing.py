"""How metrics faults take hold of an answer: every TrafficMetrics in it, or every metric of each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics.api import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.rendering import Json, quantity
from conformance.refmesh.metrics.traffic import Flow, Traffic

Metric = Mapping[str, Any]


def each_item(document: Json, change: Callable[[Json], Json]) -> Json:
    """Change every TrafficMetrics of an answer, which may be one itself."""
    if document.get("kind") == "TrafficMetrics":
        return change(document)
    if "items" in document:
        return {**document, "items": [change(one) for one in document["items"]]}
    return document


def each_metric(document: Json, change: Callable[[Metric], Metric]) -> Json:
    """Change every metric of every TrafficMetrics."""
    return each_item(document, lambda item: {**item, "metrics": [change(one) for one in item["metrics"]]})


def is_latency(metric: Metric) -> bool:
    """Say whether a metric is a latency; the others are counts."""
    return str(metric["name"]).endswith("latency")


def scaled(metric: Metric, factor: float) -> Metric:
    """Multiply a metric's value."""
    return {**metric, "value": quantity(value_of(metric) * factor)}


def value_of(metric: Metric) -> float:
    """Read what the clean API has written."""
    text = str(metric["value"])
    scale = {"u": 1e-6, "m": 1e-3}.get(text[-1:])
    return float(text[:-1]) * scale if scale else float(text)


def document_fault(name: str, says: str, change: Callable[[Json, Question, WrongApi], Json]) -> Fault:
    """Make a fault that changes what is answered about objects."""
    return Fault(name=name, says=says, metrics=MetricsStages(document=change))


def item_fault(name: str, says: str, change: Callable[[Json], Json]) -> Fault:
    """Make a fault that changes every TrafficMetrics alike."""
    return document_fault(name, says, lambda document, _question, _api: each_item(document, change))


def metric_fault(name: str, says: str, change: Callable[[Metric], Metric]) -> Fault:
    """Make a fault that changes every metric alike."""
    return document_fault(name, says, lambda document, _question, _api: each_metric(document, change))


def answer_fault(
    name: str, says: str, change: Callable[[MetricsAnswer, MetricsRequest, WrongApi], MetricsAnswer]
) -> Fault:
    """Make a fault that has the last word."""
    return Fault(name=name, says=says, metrics=MetricsStages(answer=change))


def traffic_fault(name: str, says: str, change: Callable[[Traffic, WrongApi], Traffic]) -> Fault:
    """Make a fault that changes what was measured."""
    return Fault(name=name, says=says, metrics=MetricsStages(traffic=change))


def flow_fault(name: str, says: str, change: Callable[[Flow], Flow]) -> Fault:
    """Make a fault that changes every flow alike."""
    return traffic_fault(
        name, says, lambda traffic, _api: replace(traffic, flows=tuple(change(one) for one in traffic.flows))
    )
