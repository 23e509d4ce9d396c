"""APIs that list the wrong objects."""

from collections.abc import Callable
from dataclasses import replace

from conformance.refmesh.faults.metrics.documents import (
    answering,
    labels_of,
    only,
    tally_behind,
    with_tally,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.api import Document, Question
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.selectors import fits
from conformance.refmesh.metrics.traffic import Flow, added

ListChange = Callable[[Json, Question, WrongApi], Json]


def _lists(change: ListChange) -> ListChange:
    """Change lists of a type only."""
    return lambda body, question, api: body if question.name else change(body, question, api)


def _selected(change: ListChange) -> ListChange:
    """Change lists of a type that were asked for with a selector."""
    return _lists(lambda body, question, api: change(body, question, api) if question.selector else body)


def _leaking(body: Json, question: Question, api: WrongApi) -> Json:
    return {**body, "items": api.clean(replace(question, namespace=""))["items"]}


def _everything(body: Json, question: Question, api: WrongApi) -> Json:
    return {**body, "items": api.clean(replace(question, selector=()))["items"]}


def _selecting_series(body: Json, question: Question, api: WrongApi) -> Json:
    """Show only the calls of pods that the selector fits as well."""
    inventory = api.known

    def keep(flow: Flow) -> bool:
        return fits(question.selector, labels_of(inventory, flow.source))

    figures = Figures(only(api.figures().traffic, keep), inventory)
    del body
    return Document(figures=figures, inventory=inventory, question=question).written()


def _twice(body: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {**body, "items": [twin for one in body["items"] for twin in (one, one)]}


def _named(body: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    names = [one["resource"]["name"] for one in body["items"]] or ["nobody"]
    return {**body, "resource": {**body["resource"], "name": names[0]}}


def _merged(body: Json, question: Question, api: WrongApi) -> Json:
    items = body["items"]
    if len(items) < 2:  # noqa: PLR2004  # one alone cannot be merged
        return body
    figures = api.figures()
    total = added(tally_behind(one, question, figures) for one in items)
    return {**body, "items": [with_tally(items[0], total)]}


def _not_shown(body: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {name: value for name, value in body.items() if name != "selector"}


def _short(body: Json, question: Question, api: WrongApi) -> Json:
    del question, api
    return {**body, "items": body["items"][:-1]}


FAULTS = (
    answering(
        "metrics-list-leaks-namespaces",
        "A list for one namespace shows the objects of all namespaces.",
        _lists(_leaking),
    ),
    answering("metrics-list-ignores-selector", "Label selectors have no effect.", _selected(_everything)),
    answering(
        "metrics-selector-filters-series",
        "A label selector also limits which callers are counted.",
        _selected(_selecting_series),
    ),
    answering("metrics-list-duplicates", "Each object is listed twice.", _lists(_twice)),
    answering("metrics-list-drops-last", "The last object of a list is left out.", _lists(_short)),
    answering(
        "metrics-list-names-an-object", "A list of a type says that it is about one object.", _lists(_named)
    ),
    answering(
        "metrics-selector-merges",
        "The objects that a label selector chooses are added up to one.",
        _selected(_merged),
    ),
    answering(
        "metrics-selector-not-shown", "The list does not show the selector that was applied.", _not_shown
    ),
)
