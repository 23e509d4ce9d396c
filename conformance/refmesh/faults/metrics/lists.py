"""Metrics APIs whose lists and selectors are wrong."""

from collections.abc import Callable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    DocumentStage,
    answer_fault,
    calls_of,
    document_fault,
    each_item,
    kept_items,
    lists_alone,
    name_in,
    of_aggregates,
    of_lists,
    only,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.rendering import Json, metrics_of
from conformance.refmesh.metrics.selectors import Requirement, fits
from conformance.refmesh.metrics.traffic import Side, Tally, added

_PAGE = 5
_TOP = 10


@lists_alone
def _leaking(document: Json, question: Question, api: WrongApi) -> Json:
    return {**document, "items": api.clean(replace(question, namespace=""))["items"]}


def _unfiltered(document: Json, question: Question, api: WrongApi) -> Json:
    if not question.selector:
        return document
    return {**document, "items": api.clean(replace(question, selector=()))["items"]}


def _filtered_series(document: Json, question: Question, api: WrongApi) -> Json:
    """Count only calls of callers that fit the selector, too."""
    if not question.selector or question.resource.plural != "pods":
        return document
    pods = api.known.pods
    chosen = {key for key, pod in pods.items() if fits(question.selector, pod.labels)}

    def anew(item: Json) -> Json:
        key = f"{item['resource']['namespace']}/{item['resource']['name']}"
        flows = [
            one.tally
            for one in api.figures().traffic.flows
            if one.side is Side.SERVER and one.destination == key and one.source in chosen
        ]
        return {**item, "metrics": metrics_of(added(flows))}

    return each_item(document, anew)


@lists_alone
def _doubled(document: Json, _question: Question, _api: WrongApi) -> Json:
    return {**document, "items": [each for one in document["items"] for each in (one, one)]}


@lists_alone
def _named(document: Json, _question: Question, _api: WrongApi) -> Json:
    if not document["items"]:
        return document
    return {**document, "resource": document["items"][0]["resource"]}


def _merged(document: Json, question: Question, api: WrongApi) -> Json:
    items = document.get("items")
    if not question.selector or not items:
        return document
    received = api.figures().received(question.resource.plural)
    names = [(one["resource"].get("namespace", ""), one["resource"]["name"]) for one in items]
    tally = added(received.get(one, Tally()) for one in names)
    return {**document, "items": [{**items[0], "metrics": metrics_of(tally)}]}


def _unshown(document: Json, _question: Question, _api: WrongApi) -> Json:
    return {key: value for key, value in document.items() if key != "selector"}


def _short(document: Json, question: Question, _api: WrongApi) -> Json:
    if question.name or len(document["items"]) < 2:  # noqa: PLR2004  # a list of one would be empty
        return document
    return {**document, "items": document["items"][:-1]}


def _first_page(document: Json, question: Question, _api: WrongApi) -> Json:
    return {**document, "items": document["items"][:_PAGE]} if not question.selector else document


def _one_namespace(document: Json, question: Question, _api: WrongApi) -> Json:
    """Answer for the namespace of the first object where all are asked for."""
    if question.namespace or not document["items"]:
        return document
    first = document["items"][0]["resource"].get("namespace")
    return kept_items(document, lambda one: one["resource"].get("namespace") == first)


def _selecting(change: Callable[[Requirement], Requirement | None]) -> DocumentStage:
    """Select by what *change* makes of each condition; None drops it."""

    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        selector = tuple(one for one in map(change, question.selector) if one)
        return {**document, "items": api.clean(replace(question, selector=selector))["items"]}

    return stage


def _positive(one: Requirement) -> Requirement:
    return replace(one, operator={"NotIn": "In", "DoesNotExist": "Exists"}.get(one.operator, one.operator))


def _first_value(one: Requirement) -> Requirement:
    return replace(one, values=one.values[:1])


def _by_pods(document: Json, question: Question, api: WrongApi) -> Json:
    """Choose objects by the labels of their pods."""
    if not question.selector or not of_aggregates(question):
        return document
    known, plural = api.known, question.resource.plural
    chosen = {
        name
        for key, pod in known.pods.items()
        if fits(question.selector, pod.labels)
        for name in known.holders(plural, key)
    }
    whole = {**document, "items": api.clean(replace(question, selector=()))["items"]}
    return kept_items(
        whole, lambda one: (one["resource"].get("namespace", ""), one["resource"]["name"]) in chosen
    )


def _busiest(document: Json, _question: Question, _api: WrongApi) -> Json:
    return {**document, "items": sorted(document["items"], key=calls_of, reverse=True)[:_TOP]}


def _single_equals(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
    selector = request.query.get("labelSelector", "")
    if "==" not in selector:
        return answer
    return api.answer(
        replace(request, query={**request.query, "labelSelector": selector.replace("==", "=-")})
    )


def _any_condition(document: Json, question: Question, api: WrongApi) -> Json:
    found = {
        name_in(item["resource"]): item
        for one in question.selector
        for item in api.clean(replace(question, selector=(one,)))["items"]
    }
    return {**document, "items": list(found.values())} if question.selector else document


def _idle(document: Json, _question: Question, _api: WrongApi) -> Json:
    return each_item(document, lambda item: {**item, "metrics": metrics_of(Tally())})


def _by_name(document: Json, question: Question, _api: WrongApi) -> Json:
    """Keep one of those that bear the same name where objects of all namespaces are asked for."""
    if question.namespace or not question.resource.namespaced:
        return document
    return {**document, "items": [*{one["resource"]["name"]: one for one in document["items"]}.values()]}


FAULTS: tuple[Fault, ...] = (
    document_fault("metrics-list-leaks-namespaces", "A list shows other namespaces as well.", _leaking),
    document_fault("metrics-list-ignores-selector", "A list does not look at its selector.", _unfiltered),
    document_fault(
        "metrics-selector-filters-series",
        "A selector leaves out calls of callers that do not fit.",
        _filtered_series,
    ),
    document_fault("metrics-list-duplicates", "A list shows every object twice.", _doubled),
    document_fault("metrics-list-names-an-object", "A list says that it is about one object.", _named),
    document_fault("metrics-list-drops-last", "The last object of a list is left out.", _short),
    document_fault("metrics-selector-merges", "A selector makes one item of several.", _merged),
    document_fault(
        "metrics-selector-not-shown", "A list does not show the selector that it applied.", _unshown
    ),
    document_fault("metrics-list-first-page", "A list ends after five objects.", lists_alone(_first_page)),
    document_fault(
        "metrics-list-one-namespace",
        "A list of all namespaces shows the objects of one.",
        lists_alone(_one_namespace),
    ),
    document_fault(
        "metrics-selector-equality-only",
        "Conditions of a selector other than equality are passed over.",
        only(
            of_lists, _selecting(lambda one: one if one.operator == "In" and len(one.values) == 1 else None)
        ),
    ),
    document_fault(
        "metrics-selector-unnegated",
        "A selector's != and notin are taken for = and in.",
        lists_alone(_selecting(_positive)),
    ),
    document_fault(
        "metrics-selector-first-value",
        "Of the values of in and notin the first one counts.",
        lists_alone(_selecting(_first_value)),
    ),
    document_fault(
        "metrics-selector-by-pods",
        "A selector is held against the labels of an object's pods.",
        lists_alone(_by_pods),
    ),
    document_fault("metrics-list-top-ten", "A list shows the ten busiest objects.", lists_alone(_busiest)),
    document_fault(
        "metrics-selector-within-namespaces",
        "A list of all namespaces does not look at its selector.",
        only(lambda question: not question.namespace, _unfiltered),
    ),
    answer_fault(
        "metrics-selector-single-equals", "In a selector, == is taken for = and a value.", _single_equals
    ),
    document_fault(
        "metrics-selector-any",
        "Of several conditions of a selector one is enough.",
        lists_alone(_any_condition),
    ),
    document_fault(
        "metrics-wide-list-by-name",
        "In a list of all namespaces one object stands for all that bear its name.",
        lists_alone(_by_name),
    ),
    document_fault(
        "metrics-list-of-namespaces-idle",
        "In the list of namespaces nobody has traffic.",
        only(lambda question: of_lists(question) and question.resource.plural == "namespaces", _idle),
    ),
)
