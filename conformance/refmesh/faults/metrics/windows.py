"""Metrics APIs that are wrong about the time that their figures are of."""

from datetime import UTC, datetime, timedelta

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    document_fault,
    item_fault,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json, time_text

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


FAULTS: tuple[Fault, ...] = (
    item_fault("metrics-timestamp-stuck", "The timestamp is that of a day long ago.", _stuck),
    item_fault("metrics-window-no-duration", "The window is a bare number.", _no_duration),
    document_fault("metrics-timestamp-ahead", "The timestamp of an object lies in the future.", _ahead),
)
