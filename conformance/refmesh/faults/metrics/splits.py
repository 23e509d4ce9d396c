"""Metrics APIs whose figures of TrafficSplits are wrong."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    DocumentStage,
    answer_fault,
    calls_of,
    document_fault,
    each_item,
    inventory_fault,
    splits_alone,
    value_of,
    with_backend,
    with_edge,
    with_items,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.inventory import Inventory, Name, SplitFacts
from conformance.refmesh.metrics.rendering import Json, metrics_of
from conformance.refmesh.metrics.traffic import Flow, Side, added


@splits_alone
def _root_only(document: Json, _question: Question, _api: WrongApi) -> Json:
    """Tell all calls of a split as those of its first backend."""
    return {**document, "items": document["items"][:1]}


def _apex_swapped(item: Json) -> Json:
    backend = item["backend"]
    return with_backend(item, apex=backend["name"], name=backend["apex"])


@splits_alone
def _direct_too(document: Json, _question: Question, api: WrongApi) -> Json:
    """Count calls made straight to a backend's own Service as calls of the split."""

    def anew(item: Json) -> Json:
        key = f"{item['resource']['namespace']}/{item['backend']['name']}"
        seen = [
            one.tally for one in api.figures().traffic.flows if one.side is Side.CLIENT and one.backend == key
        ]
        return {**item, "metrics": metrics_of(added(seen))}

    return each_item(document, anew)


@splits_alone
def _mixed_failures(document: Json, _question: Question, _api: WrongApi) -> Json:
    """Spread a split's failures over its backends, whoever failed."""
    items = document["items"]
    failed = sum(value_of(one) for item in items for one in item["metrics"] if one["name"] == "failure_count")

    def anew(item: Json) -> Json:
        share = rendering.quantity(failed / len(items))
        metrics = [
            {**one, "value": share} if one["name"] == "failure_count" else one for one in item["metrics"]
        ]
        return {**item, "metrics": metrics}

    return each_item(document, anew)


@splits_alone
def _first_weight(document: Json, _question: Question, _api: WrongApi) -> Json:
    weights: dict[str, int] = {}
    for one in document["items"]:
        weights.setdefault(f"{one['resource']}", one["backend"]["weight"])
    return each_item(document, lambda item: with_backend(item, weight=weights[f"{item['resource']}"]))


@splits_alone
def _percent(document: Json, _question: Question, _api: WrongApi) -> Json:
    totals: dict[str, int] = {}
    for one in document["items"]:
        key = f"{one['resource']}"
        totals[key] = totals.get(key, 0) + one["backend"]["weight"]

    def share(item: Json) -> int:
        weight: int = item["backend"]["weight"]
        return round(100 * weight / max(totals[f"{item['resource']}"], 1))

    return each_item(document, lambda item: with_backend(item, weight=share(item)))


@splits_alone
def _by_weight(document: Json, question: Question, api: WrongApi) -> Json:
    """Share out the root's calls by the weights, wherever they went."""
    percents = _percent(document, question, api)
    shares = [one["backend"]["weight"] / 100 for one in percents["items"]]
    total = sum(calls_of(item) for item in document["items"])
    items = []
    for item, share in zip(document["items"], shares, strict=True):
        values = {"success_count": rendering.quantity(round(total * share)), "failure_count": "0"}
        metrics = [{**one, "value": values.get(one["name"], one["value"])} for one in item["metrics"]]
        items.append({**item, "metrics": metrics})
    return {**document, "items": items}


@splits_alone
def _everywhere(document: Json, question: Question, api: WrongApi) -> Json:
    if question.name:
        return document
    return {**document, "items": api.clean(replace(question, namespace=""))["items"]}


def _at_server(item: Json) -> Json:
    return with_edge(item, side="server")


class _Gone:
    """Splits that were there once stay for ever."""

    def __init__(self) -> None:
        self._seen: dict[Name, SplitFacts] = {}

    def stage(self, known: Inventory) -> Inventory:
        self._seen |= known.splits
        kept = {key: dict[str, str]() for key in self._seen} | dict(known.names("trafficsplits"))
        return replace(known, splits=dict(self._seen), objects={**known.objects, "trafficsplits": kept})


def _unknown_without_backends(
    answer: MetricsAnswer, request: MetricsRequest, _api: WrongApi
) -> MetricsAnswer:
    if answer.status != HTTPStatus.NOT_FOUND or "/trafficsplits/" not in request.path:
        return answer
    body = rendering.metrics_list({"kind": "TrafficSplit", "name": request.path.rpartition("/")[2]}, ())
    return MetricsAnswer(status=HTTPStatus.OK, body=body)


class _Kept:
    """Backends that a split once had stay in it, as long as there is one of its name."""

    def __init__(self) -> None:
        self._seen: dict[Name, dict[str, int]] = {}

    def stage(self, known: Inventory) -> Inventory:
        self._seen = {
            name: {**self._seen.get(name, {}), **split.weights} for name, split in known.splits.items()
        }
        kept = {name: replace(split, weights=self._seen[name]) for name, split in known.splits.items()}
        return replace(known, splits=kept)


def _counting(is_counted: Callable[[Flow, Json, WrongApi], bool]) -> DocumentStage:
    """Count other calls that a backend was sent."""

    @splits_alone
    def stage(document: Json, _question: Question, api: WrongApi) -> Json:
        flows = [one for one in api.figures().traffic.flows if one.side is Side.CLIENT]

        def anew(item: Json) -> Json:
            key = f"{item['resource']['namespace']}/{item['backend']['name']}"
            mine = [one.tally for one in flows if one.backend == key and is_counted(one, item, api)]
            return {**item, "metrics": metrics_of(added(mine))}

        return each_item(document, anew)

    return stage


def _is_split(flow: Flow, _item: Json, _api: WrongApi) -> bool:
    return flow.service != flow.backend


def _is_near(flow: Flow, item: Json, api: WrongApi) -> bool:
    namespace, caller = item["resource"]["namespace"], api.known.pods.get(flow.source)
    is_to_root = flow.service == f"{namespace}/{item['backend']['apex']}"
    return is_to_root and caller is not None and caller.namespace == namespace


@splits_alone
def _first_of_name(document: Json, question: Question, api: WrongApi) -> Json:
    """Answer for one split with the backends of the first of its name, wherever that is."""
    if not question.name or not document["items"]:
        return document
    first = min(there for there, name in api.known.splits if name == question.name)
    about = document["items"][0]["resource"]
    found = api.clean(replace(question, namespace=first))["items"]
    return {**document, "items": [{**one, "resource": about} for one in found]}


@splits_alone
def _sorted_figures(document: Json, question: Question, _api: WrongApi) -> Json:
    """Put figures, which are sorted by backend, beside backends, which are not."""
    if not question.name:
        return document
    items = document["items"]
    figures = [one["metrics"] for one in sorted(items, key=lambda one: str(one["backend"]["name"]))]
    pairs = zip(items, figures, strict=True)
    return {**document, "items": [{**one, "metrics": metrics} for one, metrics in pairs]}


FAULTS: tuple[Fault, ...] = (
    document_fault("metrics-split-root-only", "A split shows one backend only.", _root_only),
    document_fault(
        "metrics-split-fixed-weight",
        "The weight shown for a backend is always fifty.",
        splits_alone(with_items(lambda item: with_backend(item, weight=50))),
    ),
    document_fault(
        "metrics-split-swaps-apex",
        "Apex and name of a backend are swapped.",
        splits_alone(with_items(_apex_swapped)),
    ),
    document_fault(
        "metrics-split-counts-direct", "Calls straight to a backend count as calls of the split.", _direct_too
    ),
    document_fault(
        "metrics-one-failed-backend-for-all", "Failures of one backend are shown for all.", _mixed_failures
    ),
    document_fault(
        "metrics-split-first-weight",
        "All backends show the weight of the first.",
        _first_weight,
    ),
    document_fault("metrics-split-percent", "Weights are shown as percentages.", _percent),
    document_fault(
        "metrics-split-counts-by-weight",
        "Backends have shares of the root's calls by weight, wherever calls went.",
        _by_weight,
    ),
    document_fault(
        "metrics-split-list-leaks",
        "A list of splits shows other namespaces as well.",
        _everywhere,
    ),
    document_fault(
        "metrics-split-at-server",
        "Backends are told from the server's side.",
        splits_alone(with_items(_at_server)),
    ),
    document_fault(
        "metrics-splits-by-name",
        "A split has the backends of another one that bears its name in another namespace.",
        _first_of_name,
    ),
    document_fault(
        "metrics-split-figures-sorted",
        "Backends have one another's figures unless they are written in the order of their names.",
        _sorted_figures,
    ),
    inventory_fault("metrics-split-outlives", "A split that was deleted is still served.", _Gone().stage),
    answer_fault(
        "metrics-split-unknown-is-empty",
        "A split that does not exist is answered with an empty list.",
        _unknown_without_backends,
    ),
    inventory_fault(
        "metrics-split-keeps-backends", "Backends that a split no longer has stay in it.", _Kept().stage
    ),
    document_fault(
        "metrics-split-any-root",
        "Calls that another split sends to a backend count as well.",
        _counting(_is_split),
    ),
    document_fault(
        "metrics-split-near-callers",
        "Callers in other namespaces than the split's do not count.",
        _counting(_is_near),
    ),
)
