"""How metrics faults take hold of an answer: every TrafficMetrics in it, or every metric of each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics.asking import Action, MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.figures import Peer
from conformance.refmesh.metrics.inventory import Inventory, Name
from conformance.refmesh.metrics.rendering import Json, quantity
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic

Metric = Mapping[str, Any]
DocumentStage = Callable[[Json, Question, WrongApi], Json]
AnswerStage = Callable[[MetricsAnswer, MetricsRequest, WrongApi], MetricsAnswer]


def of_splits(question: Question) -> bool:
    """Say whether splits are asked for, one or all."""
    return question.resource.plural == "trafficsplits"


def of_edges(question: Question) -> bool:
    """Say whether the edges of an object are asked for."""
    return question.edges and not of_splits(question)


def of_lists(question: Question) -> bool:
    """Say whether all objects of a type are asked for."""
    return not question.name and not question.edges and not of_splits(question)


def of_aggregates(question: Question) -> bool:
    """Say whether figures of objects are asked for that contain pods."""
    return not question.edges and question.resource.plural not in {"pods", "trafficsplits"}


def only(place: Callable[[Question], bool], change: DocumentStage) -> DocumentStage:
    """Change answers to some questions only."""
    return lambda document, question, api: change(document, question, api) if place(question) else document


edges_alone = partial(only, of_edges)
"""Change the edges of objects only."""
splits_alone = partial(only, of_splits)
"""Change figures of splits only."""
lists_alone = partial(only, of_lists)
"""Change lists of objects only."""
aggregates_alone = partial(only, of_aggregates)
"""Change figures only of what contains pods."""


def with_items(change: Callable[[Json], Json]) -> DocumentStage:
    """Change every TrafficMetrics of a document alike."""
    return lambda document, _question, _api: each_item(document, change)


def with_metrics(change: Callable[[Metric], Metric]) -> DocumentStage:
    """Change every metric of a document alike."""
    return lambda document, _question, _api: each_metric(document, change)


def with_edge(item: Json, **changed: object) -> Json:
    """Give a TrafficMetrics another edge."""
    return {**item, "edge": {**item["edge"], **changed}}


def with_backend(item: Json, **changed: object) -> Json:
    """Give a TrafficMetrics of a split another backend."""
    return {**item, "backend": {**item["backend"], **changed}}


def calls_of(item: Json) -> float:
    """Add up what a TrafficMetrics counts, whatever became of it."""
    return sum(value_of(one) for one in item["metrics"] if not is_latency(one))


def name_in(reference: Json) -> Name:
    """Read whom a reference names."""
    return reference.get("namespace", ""), reference["name"]


def tally_of(item: Json, question: Question, api: WrongApi) -> Tally:
    """Find the calls that a TrafficMetrics tells of."""
    figures, name = api.figures(), name_in(item["resource"])
    if of_splits(question):
        backend = item["backend"]
        return figures.backends(name[0], backend["apex"], [backend["name"]])[backend["name"]]
    if not question.edges:
        return figures.received(question.resource.plural).get(name, Tally())
    edge = item["edge"]
    peer = Peer(direction=edge["direction"], side=Side(edge["side"]), name=name_in(edge["resource"]))
    return figures.edges(question.resource.plural, name).get(peer, Tally())


def counts_only(item: Json) -> Json:
    """Leave out the latencies of a TrafficMetrics."""
    return {**item, "metrics": [one for one in item["metrics"] if not is_latency(one)]}


def each_item(document: Json, change: Callable[[Json], Json]) -> Json:
    """Change every TrafficMetrics of an answer, which may be one itself."""
    if document.get("kind") == "TrafficMetrics":
        return change(document)
    if "items" in document:
        return {**document, "items": [change(one) for one in document["items"]]}
    return document


def kept_items(document: Json, keep: Callable[[Json], bool]) -> Json:
    """Leave out what *keep* does not hold of, of an answer with several TrafficMetrics."""
    return {**document, "items": [one for one in document["items"] if keep(one)]}


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


def each_flow(traffic: Traffic, change: Callable[[Flow], Flow]) -> Traffic:
    """Change every flow of what was measured."""
    return replace(traffic, flows=tuple(change(one) for one in traffic.flows))


def kept_flows(traffic: Traffic, keep: Callable[[Flow], bool]) -> Traffic:
    """Leave out what was measured that *keep* does not hold of."""
    return replace(traffic, flows=tuple(one for one in traffic.flows if keep(one)))


def document_fault(name: str, says: str, change: DocumentStage) -> Fault:
    """Make a fault that changes what is answered about objects."""
    return Fault(name=name, says=says, metrics=MetricsStages(document=change))


def item_fault(name: str, says: str, change: Callable[[Json], Json]) -> Fault:
    """Make a fault that changes every TrafficMetrics alike."""
    return document_fault(name, says, with_items(change))


def metric_fault(name: str, says: str, change: Callable[[Metric], Metric]) -> Fault:
    """Make a fault that changes every metric alike."""
    return document_fault(name, says, with_metrics(change))


def answer_fault(name: str, says: str, change: AnswerStage) -> Fault:
    """Make a fault that has the last word."""
    return Fault(name=name, says=says, metrics=MetricsStages(answer=change))


def inventory_fault(name: str, says: str, change: Callable[[Inventory], Inventory]) -> Fault:
    """Make a fault that changes what there is, and who belongs to what."""
    return Fault(name=name, says=says, metrics=MetricsStages(inventory=change))


def rights_fault(name: str, says: str, may: Callable[[Action], Action | None]) -> Fault:
    """Make a fault that asks for other rights; None asks for none."""
    return Fault(name=name, says=says, metrics=MetricsStages(may=may))


def traffic_fault(name: str, says: str, change: Callable[[Traffic, WrongApi], Traffic]) -> Fault:
    """Make a fault that changes what was measured."""
    return Fault(name=name, says=says, metrics=MetricsStages(traffic=change))


def flow_fault(name: str, says: str, change: Callable[[Flow], Flow]) -> Fault:
    """Make a fault that changes every flow alike."""
    return traffic_fault(name, says, lambda traffic, _api: each_flow(traffic, change))
