"""Questions about the form of an answer: status, shape, names, window, and whom it is about."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.conventions import conventions, may_go_on, reason
from conformance.judge.metrics.shapes import mistakes_of
from conformance.judge.metrics.versions import versions
from conformance.model.labels import Selector, parse_selector
from conformance.model.measuring import Reading
from conformance.model.metrics import Reference, TrafficMetrics
from conformance.spec import FAILURE_COUNT, METRIC_NAMES, SUCCESS_COUNT

_SHOWN = 300
"""How much of a body is shown. Unit: characters."""


def status(case: Case) -> Iterator[Remark]:
    """The status is one of those that are right."""
    if case.status not in case.read.statuses:
        right = " or ".join(str(one) for one in case.read.statuses)
        yield Remark(f"status {right}", f"status {case.status}: {shown(case.once.main.answer.body)}")


def refusal(case: Case) -> Iterator[Remark]:
    """A refusal is a Kubernetes ``Status`` that says the same as the status line."""
    body = case.body if isinstance(case.body, Mapping) else {}
    seen = {"kind": body.get("kind"), "status": body.get("status"), "code": body.get("code")}
    wanted = {"kind": "Status", "status": "Failure", "code": case.status}
    if seen != wanted:
        yield Remark(
            f"a Status object of Kubernetes with code {case.status}",
            shown(case.once.main.answer.body),
            "an API behind Kubernetes' API server refuses as Kubernetes does",
        )
    yield from reason(case)


def shape(case: Case) -> Iterator[Remark]:
    """Everything has its form, and is about whom was asked for."""
    if case.wants_list is not None and case.wants_list != case.is_list:
        wanted = "TrafficMetricsList" if case.wants_list else "TrafficMetrics"
        found = case.body.get("kind") if isinstance(case.body, Mapping) else shown(case.once.main.answer.body)
        yield Remark(f"a {wanted}", f"{found}")
        return
    if case.is_list:
        yield from (Remark("the form of a TrafficMetricsList", one) for one in mistakes_of(case.body, "list"))
    for raw in case.raw_items:
        whole = {"kind": "TrafficMetrics", **raw} if case.is_list and isinstance(raw, Mapping) else raw
        yield from (Remark("the form of a TrafficMetrics", one) for one in mistakes_of(whole, "object"))
    yield from versions(case)
    yield from conventions(case)
    for item in case.items:
        yield from _twice(case, item)
        if case.read.reading is not Reading.LIST and item.resource != case.resource:
            yield Remark(f"figures of {case.resource}", f"figures of {item.resource}")
    if case.read.reading is Reading.EDGES and case.listed.resource != case.resource:
        yield Remark(f"a list of edges of {case.resource}", f"its resource is {case.listed.resource}")


def names(case: Case) -> Iterator[Remark]:
    """All five metrics are there for an object with traffic; others may be, too."""
    for item in case.items:
        if not any(item.value(name) != 0 for name in (SUCCESS_COUNT, FAILURE_COUNT)):
            continue  # nobody waited, so there is no response time
        missing = [name for name in METRIC_NAMES if name not in {one.name for one in item.metrics}]
        if missing:
            yield Remark(
                f"the metrics {', '.join(METRIC_NAMES)}", f"{case.name_of(item)} lacks {', '.join(missing)}"
            )


def window(case: Case) -> Iterator[Remark]:
    """The timestamp is a time that lies within a window of now, and the window a positive duration."""
    now = case.once.main.answered_at
    for item, raw in zip(case.items, case.raw_items, strict=False):
        written: Any = raw if isinstance(raw, Mapping) else {}
        if item.window is None or item.window <= timedelta(0):
            yield Remark(
                "a window such as 30s", f"{case.name_of(item)}: the window is {written.get('window')!r}"
            )
        if item.timestamp is None:
            told = f"the timestamp is {written.get('timestamp')!r}"
            yield Remark("a timestamp as RFC 3339 has it", f"{case.name_of(item)}: {told}")
        elif not case.times.is_now(item, now):
            age = (now - item.timestamp).total_seconds()
            yield Remark(
                "a timestamp within a window of now",
                f"{case.name_of(item)}: it is {age:.1f} s old",
                "metrics are instantaneous",
            )


def perspective(case: Case) -> Iterator[Remark]:
    """An object's figures are those of what it receives: from, server, nobody in particular."""
    for item in case.items:
        side = "client" if item.resource.kind == "TrafficSplit" else "server"
        edge = item.edge
        if edge is None or edge.direction != "from" or edge.side not in {"", side} or edge.peer.name:
            found = f"{edge.direction}, {edge.side or 'no side'}, {edge.peer}" if edge else "no edge"
            yield Remark(
                f"the edge is from, {side}, nobody in particular",
                f"{case.name_of(item)}: {found}",
                "a blank edge.resource has metrics for all the traffic received",
            )


def resource(case: Case) -> Iterator[Remark]:
    """A list says of what kind and namespace it is, and names no single object."""
    found = case.listed.resource
    if found.kind != case.resource.kind or found.name or found.namespace not in {"", case.resource.namespace}:
        yield Remark(
            f"the list's resource is {case.resource} and has no name",
            f"it is {found}",
            "values for resource would only be kind, namespace and apiVersion",
        )


def selector(case: Case) -> Iterator[Remark]:
    """A filtered list shows its selector."""
    wanted = parse_selector(case.read.selector)
    if case.listed.selector != wanted:
        yield Remark(f"the selector {_spelt(wanted)}", _spelt(case.listed.selector))


def members(case: Case) -> Iterator[Remark]:
    """A list has every object with traffic once, and nobody who does not belong there."""
    may = case.rules.members(case.resource, parse_selector(case.read.selector))
    seen = Counter(item.resource for item in case.items)
    for one, number in seen.items():
        if number > 1 and case.resource.kind != "TrafficSplit":
            yield Remark(f"{one} once", f"{number} times")
    # In a list of all namespaces, or of what has none, others have their place too.
    strangers = [one for one in seen if one not in may and _is_ours(case, one)]
    for one in strangers:
        yield Remark(f"nobody but objects of {_place(case)}", f"{one} is there")
    if may_go_on(case):
        return
    sample = case.items[0] if case.items else nothing_of(case.resource)
    span = case.span(sample)
    for one in sorted(may - seen.keys()):
        if case.rules.of_object(one, span).total.low > 0:
            yield Remark(f"{one}, which had traffic", "it is missing")


def shown(body: bytes) -> str:
    """Give the beginning of a body as text."""
    text = " ".join(body[:_SHOWN].decode("utf-8", "replace").split())
    return text or "an empty body"


def _twice(case: Case, item: TrafficMetrics) -> Iterator[Remark]:
    for name, number in Counter(one.name for one in item.metrics).items():
        if number > 1:
            yield Remark("each metric once", f"{case.name_of(item)}: {name} stands {number} times")


def _spelt(selector: Selector) -> str:
    return "; ".join(sorted(str(one) for one in selector)) or "none"


def _is_ours(case: Case, one: Reference) -> bool:
    """Whether a stranger has no place in the list: another namespace, another kind, or left out by the selector."""
    if one.kind != case.resource.kind:
        return True
    if case.resource.namespace:
        return True
    return bool(case.read.selector) and one in case.rules.members(case.resource, frozenset())


def _place(case: Case) -> str:
    picked = f" with {case.read.selector}" if case.read.selector else ""
    return f"{case.resource}{picked}"


def nothing_of(about: Reference) -> TrafficMetrics:
    """Stand for figures that are not there, and so say no time."""
    return TrafficMetrics(
        resource=about,
        edge=None,
        backend=None,
        timestamp=None,
        is_whole_second=False,
        window=None,
        metrics=(),
    )
