"""Metrics APIs that are wrong about the time that their figures are of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    document_fault,
    each_item,
    edges_alone,
    item_fault,
    lists_alone,
    splits_alone,
    with_items,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.rendering import Json, span_text, time_text

_LONG_AGO = time_text(datetime(2019, 4, 8, 22, 25, 55, tzinfo=UTC))


def _stuck(item: Json) -> Json:
    return {**item, "timestamp": _LONG_AGO}


def _no_duration(item: Json) -> Json:
    return {**item, "window": 30}


def _ahead(document: Json, _question: Question, _api: WrongApi) -> Json:
    """Give single objects, not those in lists, the time of a clock that runs fast."""
    ahead = time_text(datetime.now(UTC) + timedelta(seconds=5))
    items = document.get("items")
    return {**document, "timestamp": ahead} if items is None else document


def _claiming(factor: float) -> Callable[[Json], Json]:
    """Have the window claim another length than figures cover."""

    def change(item: Json) -> Json:
        seconds = float(item["window"].removesuffix("s"))
        return {**item, "window": span_text(timedelta(seconds=seconds * factor))}

    return change


def _at_start(document: Json, _question: Question, api: WrongApi) -> Json:
    traffic = api.figures().traffic
    start = time_text(traffic.at - traffic.span)
    return each_item(document, lambda item: {**item, "timestamp": start})


def _local(item: Json) -> Json:
    """Write the time of a clock five hours ahead of UTC, and call it UTC."""
    at = datetime.fromisoformat(item["timestamp"]) + timedelta(hours=5)
    return {**item, "timestamp": time_text(at)}


def _without_zone(item: Json) -> Json:
    return {**item, "timestamp": item["timestamp"].removesuffix("Z")}


def _half_a_minute(item: Json) -> Json:
    return {**item, "window": "30s"}


FAULTS: tuple[Fault, ...] = (
    item_fault("metrics-timestamp-stuck", "The timestamp is that of a day long ago.", _stuck),
    item_fault("metrics-window-no-duration", "The window is a bare number.", _no_duration),
    document_fault("metrics-timestamp-ahead", "The timestamp of an object lies in the future.", _ahead),
    item_fault("metrics-window-claims-30s", "The window is 30 s, whatever figures cover.", _half_a_minute),
    item_fault("metrics-window-claims-double", "The window is twice as long as figures cover.", _claiming(2)),
    item_fault("metrics-window-claims-half", "The window is half of what figures cover.", _claiming(0.5)),
    document_fault("metrics-timestamp-at-start", "The timestamp is when the window began.", _at_start),
    item_fault("metrics-timestamp-local", "The timestamp is a local time that is called UTC.", _local),
    item_fault("metrics-timestamp-without-zone", "The timestamp has no time zone.", _without_zone),
    document_fault(
        "metrics-edges-timestamp-stuck",
        "The timestamp of edges is that of a day long ago.",
        edges_alone(with_items(_stuck)),
    ),
    document_fault(
        "metrics-split-timestamp-stuck",
        "The timestamp of splits is that of a day long ago.",
        splits_alone(with_items(_stuck)),
    ),
    document_fault(
        "metrics-edges-window-claims-30s",
        "The window of edges is 30 s, whatever figures cover.",
        edges_alone(with_items(_half_a_minute)),
    ),
    document_fault(
        "metrics-list-window-claims-30s",
        "The window of objects in lists is 30 s, whatever figures cover.",
        lists_alone(with_items(_half_a_minute)),
    ),
    document_fault(
        "metrics-edges-window-claims-half",
        "The window of edges is half of what figures cover.",
        edges_alone(with_items(_claiming(0.5))),
    ),
    document_fault(
        "metrics-split-window-claims-double",
        "The window of splits is twice as long as figures cover.",
        splits_alone(with_items(_claiming(2))),
    ),
    document_fault(
        "metrics-list-window-claims-half",
        "The window of objects in lists is half of what figures cover.",
        lists_alone(with_items(_claiming(0.5))),
    ),
)
