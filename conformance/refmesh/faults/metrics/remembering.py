"""Metrics APIs that remember what they should forget, or forget what they should remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    AnswerStage,
    DocumentStage,
    answer_fault,
    document_fault,
    each_item,
    edges_alone,
    inventory_fault,
    is_latency,
    kept_flows,
    traffic_fault,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.inventory import Inventory, Name, PodFacts
from conformance.refmesh.metrics.rendering import Json, metrics_of, time_text
from conformance.refmesh.metrics.traffic import Tally, Traffic

_LIFE = timedelta(seconds=2)
"""How long a cached answer is given."""


@dataclass(slots=True)
class _Notes:
    """What one API has answered so far."""

    metrics: dict[str, Any] = field(default_factory=dict)
    """By whom they are about."""
    answers: dict[str, tuple[datetime, Json]] = field(default_factory=dict)
    """By question, with the time."""


def _remembering(change: Callable[[Json, Question, WrongApi, _Notes], Json]) -> DocumentStage:
    """Give a stage the notes of its API."""
    notes: WeakKeyDictionary[WrongApi, _Notes] = WeakKeyDictionary()

    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        return change(document, question, api, notes.setdefault(api, _Notes()))

    return stage


def _key(item: Json, question: Question) -> str:
    return f"{question.edges} {item['resource']} {item['edge']} {item.get('backend', {}).get('name')}"


def _calls(item: Json) -> float:
    return sum(value_of(one) for one in item["metrics"] if not is_latency(one))


def _first(document: Json, question: Question, _api: WrongApi, notes: _Notes) -> Json:
    def change(item: Json) -> Json:
        return {**item, "metrics": notes.metrics.setdefault(_key(item, question), item["metrics"])}

    return each_item(document, change)


def _last(document: Json, question: Question, _api: WrongApi, notes: _Notes) -> Json:
    def change(item: Json) -> Json:
        key = _key(item, question)
        if _calls(item):
            notes.metrics[key] = item["metrics"]
        return {**item, "metrics": notes.metrics.get(key, item["metrics"])}

    return each_item(document, change)


def _lingering(document: Json, question: Question, _api: WrongApi, notes: _Notes) -> Json:
    """Go on showing edges that were seen once, with what they showed."""
    now = {_key(item, question): item for item in document["items"]}
    mine = {key: one for key, one in notes.metrics.items() if one["resource"] == document["resource"]}
    notes.metrics |= now
    fresh = {one: document["items"][0][one] for one in ("timestamp", "window")} if document["items"] else {}
    gone = [{**one, **fresh} for key, one in mine.items() if key not in now]
    return {**document, "items": [*document["items"], *gone]}


def _cached(document: Json, question: Question, _api: WrongApi, notes: _Notes) -> Json:
    """Give an answer again for some time, stamped anew."""
    now = datetime.now(UTC)
    at, kept = notes.answers.get(f"{question}", (now, document))
    if now - at > _LIFE:
        at, kept = now, document
    notes.answers[f"{question}"] = at, kept
    return each_item(kept, lambda item: {**item, "timestamp": time_text(now)})


def _once(document: Json, question: Question, api: WrongApi, notes: _Notes) -> Json:
    """Give figures to whoever asks first; a counter that is read begins anew."""
    if question.edges or question.resource.plural == "trafficsplits":
        return document
    totals = api.since_start.flows

    def change(item: Json) -> Json:
        key = _key(item, question)
        calls = sum(one.tally.success + one.tally.failure for one in totals)
        is_new = notes.metrics.get(key) != calls
        notes.metrics[key] = calls
        return item if is_new else {**item, "metrics": metrics_of(Tally())}

    return each_item(document, change)


def _not_before_asked(document: Json, question: Question, _api: WrongApi, notes: _Notes) -> Json:
    """Begin to count when somebody asks for the first time."""

    def change(item: Json) -> Json:
        key = _key(item, question)
        if key in notes.metrics:
            return item
        notes.metrics[key] = True
        return {**item, "metrics": metrics_of(Tally())}

    return each_item(document, change)


def _slow_past(document: Json, question: Question, _api: WrongApi, notes: _Notes) -> Json:
    def change(item: Json) -> Json:
        key = _key(item, question)
        if _calls(item):
            notes.metrics[key] = [one for one in item["metrics"] if is_latency(one)]
            return item
        counted = [one for one in item["metrics"] if not is_latency(one)]
        return {**item, "metrics": [*notes.metrics[key], *counted]} if key in notes.metrics else item

    return each_item(document, change)


def _by_path() -> AnswerStage:
    kept: WeakKeyDictionary[WrongApi, dict[str, tuple[datetime, MetricsAnswer]]] = WeakKeyDictionary()

    def stage(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
        now, known = datetime.now(UTC), kept.setdefault(api, {})
        at, before = known.get(request.path, (now, answer))
        if now - at > _LIFE or before.status != answer.status:
            at, before = now, answer
        known[request.path] = at, before
        return before

    return stage


def _never_found() -> AnswerStage:
    """Go on not finding what was not there once."""
    kept: WeakKeyDictionary[WrongApi, dict[str, MetricsAnswer]] = WeakKeyDictionary()

    def stage(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
        known = kept.setdefault(api, {})
        if answer.status == HTTPStatus.NOT_FOUND:
            known[request.path] = answer
        return known.get(request.path, answer)

    return stage


class _GonePods:
    """Pods that were there once stay in lists."""

    def __init__(self) -> None:
        self._seen: dict[str, PodFacts] = {}
        self._labels: dict[Name, Mapping[str, str]] = {}

    def stage(self, known: Inventory) -> Inventory:
        self._seen |= known.pods
        self._labels |= known.names("pods")
        return replace(known, pods=dict(self._seen), objects={**known.objects, "pods": dict(self._labels)})


def _of_first_pods() -> Callable[[Traffic, WrongApi], Traffic]:
    """Measure the pods that there were first of each owner, and none that took their place."""
    first: WeakKeyDictionary[WrongApi, dict[tuple[Any, ...], frozenset[str]]] = WeakKeyDictionary()

    def stage(traffic: Traffic, api: WrongApi) -> Traffic:
        known, now = first.setdefault(api, {}), dict[tuple[Any, ...], set[str]]()
        for key, pod in api.known.pods.items():
            now.setdefault((pod.namespace, pod.owners[-1:]), set()).add(key)
        late = set[str]()
        for owner, pods in now.items():
            late |= set() if known.setdefault(owner, frozenset(pods)) & pods else pods
        return kept_flows(traffic, lambda one: one.destination not in late)

    return stage


def _of_first_addresses() -> Callable[[Traffic, WrongApi], Traffic]:
    """Look for a pod where one of its name was first: a StatefulSet's come back under their old names."""
    first: WeakKeyDictionary[WrongApi, dict[str, str]] = WeakKeyDictionary()

    def stage(traffic: Traffic, api: WrongApi) -> Traffic:
        known, pods = first.setdefault(api, {}), api.known.pods
        moved = {key for key, pod in pods.items() if known.setdefault(key, pod.address) != pod.address}
        return kept_flows(traffic, lambda one: one.destination not in moved)

    return stage


FAULTS: tuple[Fault, ...] = (
    traffic_fault(
        "metrics-first-pods-only",
        "What is measured are the pods that there were first; their successors have no figures.",
        _of_first_pods(),
    ),
    traffic_fault(
        "metrics-returned-pods-lost",
        "A pod that comes back under its name has no figures, as one of that name was elsewhere.",
        _of_first_addresses(),
    ),
    inventory_fault("metrics-gone-pods-listed", "Pods that are gone stay in lists.", _GonePods().stage),
    answer_fault(
        "metrics-never-found-again", "What was not there once is not found any more.", _never_found()
    ),
    document_fault(
        "metrics-stale-figures", "Figures stay as they were when first asked for.", _remembering(_first)
    ),
    document_fault(
        "metrics-keeps-last", "An object without traffic keeps the figures it had last.", _remembering(_last)
    ),
    document_fault(
        "metrics-edges-linger",
        "Edges stay when their traffic has left the window.",
        edges_alone(_remembering(_lingering)),
    ),
    document_fault(
        "metrics-cached", "Answers are given again for two seconds, stamped anew.", _remembering(_cached)
    ),
    document_fault("metrics-cleared-by-reading", "What was read is gone.", _remembering(_once)),
    document_fault(
        "metrics-from-first-reading",
        "Nothing is counted until an object is asked for.",
        _remembering(_not_before_asked),
    ),
    document_fault(
        "metrics-latency-lingers",
        "Latencies of an object without traffic are those that it had last.",
        _remembering(_slow_past),
    ),
    answer_fault(
        "metrics-cache-ignores-query",
        "What was answered to a path is answered again for two seconds, whatever stands in the query.",
        _by_path(),
    ),
)
