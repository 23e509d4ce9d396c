"""Faults of documents: what an item says, which items a list has, and what it says of itself."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from conformance.tests.doubles.memory_metrics.answers import Json
from conformance.tests.doubles.memory_metrics.asked import Asked, Key
from conformance.tests.doubles.memory_metrics.calls import Figures
from conformance.tests.doubles.memory_metrics.documents import item, item_list
from conformance.tests.doubles.memory_metrics.moment import Moment
from conformance.tests.doubles.memory_metrics.steps import Steps, fits_selector, in_scope, listed

Metrics = list[Json]


def _metrics(change: Callable[[Metrics], Metrics]) -> Steps:
    """Change the metrics of every item."""

    def written(moment: Moment, edge: Json, figures: Figures) -> Json:
        right = item(moment, edge, figures)
        return {**right, "metrics": change(right["metrics"])}

    return Steps(item=written)


def _latencies(change: Callable[[str], str]) -> Steps:
    """Write latencies down in another way than the right one, which is in thousandths."""

    def changed(one: Json) -> Json:
        return {**one, "value": change(one["value"])} if "unit" in one else one

    return _metrics(lambda metrics: [changed(one) for one in metrics])


def _always(name: str, value: Callable[[Moment], str]) -> Steps:
    """Write something else down in a field of every item."""
    return Steps(item=lambda moment, *rest: {**item(moment, *rest), name: value(moment)})


def _not_a_number(metrics: Metrics) -> Metrics:
    is_idle = all(one["value"] == "0" for one in metrics if one["name"].endswith("_count"))
    return [{**one, "value": "NaN"} if is_idle and "unit" in one else one for one in metrics]


def _unitless(metrics: Metrics) -> Metrics:
    return [{name: one[name] for name in ("name", "value")} for one in metrics]


def _a_minute_ahead(moment: Moment) -> str:
    return (moment.now + timedelta(minutes=1)).isoformat()


def _as_at_first(moment: Moment) -> str:
    first = moment.remembered.setdefault("time", moment.now)
    return str(first.isoformat().replace("+00:00", "Z"))


def _from_everywhere(moment: Moment) -> list[Key]:
    everywhere = moment.objects.ends(moment.asked.plural)
    return [key for key in everywhere if fits_selector(moment, key)]


def _twice(moment: Moment) -> list[Key]:
    return [key for key in listed(moment) for _ in range(2)]


def _merged(moment: Moment) -> list[Key]:
    """Show one object for all that a selector picks."""
    return listed(moment)[:1] if moment.asked.selector else listed(moment)


def _named_like_its_first(asked: Asked, items: Sequence[Json]) -> Json:
    right = item_list(asked, items)
    if asked.name or not items:
        return right
    return {**right, "resource": {**right["resource"], "name": items[0]["resource"]["name"]}}


def _without_selector(asked: Asked, items: Sequence[Json]) -> Json:
    right = item_list(asked, items)
    right.pop("selector", None)
    return right


FAULTS = {
    "metrics-duplicate-names": _metrics(lambda metrics: [*metrics, metrics[0]]),
    "metrics-idle-is-nan": _metrics(_not_a_number),
    "metrics-list-duplicates": Steps(listed=_twice),
    "metrics-list-ignores-selector": Steps(listed=in_scope),
    "metrics-list-leaks-namespaces": Steps(listed=_from_everywhere),
    "metrics-list-names-an-object": Steps(item_list=_named_like_its_first),
    "metrics-omits-p90": _metrics(lambda metrics: [metrics[0], *metrics[2:]]),
    "metrics-selector-merges": Steps(listed=_merged),
    "metrics-selector-not-shown": Steps(item_list=_without_selector),
    "metrics-timestamp-ahead": _always("timestamp", _a_minute_ahead),
    "metrics-timestamp-stuck": _always("timestamp", _as_at_first),
    "metrics-unit-missing": _metrics(_unitless),
    "metrics-value-no-quantity": _latencies(lambda value: f"{int(value.removesuffix('m')) / 1000:.3f}ms"),
    "metrics-window-no-duration": _always("window", lambda _: "10"),
}
