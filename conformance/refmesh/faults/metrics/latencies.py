"""Metrics APIs whose percentiles are wrong, or in wrong units."""

from collections.abc import Callable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    DocumentStage,
    Metric,
    aggregates_alone,
    calls_of,
    document_fault,
    each_flow,
    each_item,
    edges_alone,
    is_latency,
    item_fault,
    metric_fault,
    name_in,
    scaled,
    splits_alone,
    tally_of,
    traffic_fault,
    value_of,
    with_metrics,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.rendering import Json, metrics_of, quantity
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added, quantile

_P50, _P90, _P99 = (f"p{one}_response_latency" for one in (50, 90, 99))
_CAP = 0.1  # seconds
_MICRO = 1_000_000
_FEW = 10
_LESS_KNOWN = frozenset({"daemonsets", "jobs", "replicasets", "replicationcontrollers", "statefulsets"})


def _old_bins(traffic: Traffic, api: WrongApi) -> Traffic:
    bins: dict[tuple[object, ...], list[Tally]] = {}
    for flow in api.since_start.flows:
        bins.setdefault(_key(flow), []).append(flow.tally)
    pooled = {key: added(tallies).bins for key, tallies in bins.items()}

    def change(flow: Flow) -> Flow:
        return replace(flow, tally=replace(flow.tally, bins=pooled.get(_key(flow), flow.tally.bins)))

    return each_flow(traffic, change)


def _key(flow: Flow) -> tuple[object, ...]:
    return flow.side, flow.source, flow.destination, flow.service, flow.backend


def _labelled_ms(metric: Metric) -> Metric:
    return {**metric, "unit": "ms"} if is_latency(metric) else metric


def _without_unit(metric: Metric) -> Metric:
    return {key: value for key, value in metric.items() if key != "unit"}


def _swapped(metric: Metric) -> Metric:
    return {**metric, "name": {_P90: _P99, _P99: _P90}.get(metric["name"], metric["name"])}


def _mean(item: Json) -> Json:
    latencies = [value_of(one) for one in item["metrics"] if is_latency(one)]
    mean = quantity(sum(latencies) / len(latencies))
    return {
        **item,
        "metrics": [{**one, "value": mean} if is_latency(one) else one for one in item["metrics"]],
    }


def _too_long(metric: Metric) -> Metric:
    return scaled(metric, 3) if is_latency(metric) else metric


def _capped(metric: Metric) -> Metric:
    return {**metric, "value": quantity(min(value_of(metric), _CAP))} if is_latency(metric) else metric


def _of_failures(traffic: Traffic, _api: WrongApi) -> Traffic:
    """Have percentiles tell of failed calls, where there are any."""
    failed = {one.destination for one in traffic.flows if one.tally.failure}

    def change(flow: Flow) -> Flow:
        is_lost = flow.destination in failed and not flow.tally.failure
        return replace(flow, tally=replace(flow.tally, bins={})) if is_lost else flow

    return each_flow(traffic, change)


def _one_for_another(wrong: str, right: str) -> Callable[[Json], Json]:
    def change(item: Json) -> Json:
        values = {one["name"]: one["value"] for one in item["metrics"]}
        metrics = [
            {**one, "value": values[wrong]} if one["name"] == right else one for one in item["metrics"]
        ]
        return {**item, "metrics": metrics}

    return change


def _with_latencies_of(item: Json, tally: Tally) -> Json:
    values = {one["name"]: one for one in metrics_of(tally)}
    return {**item, "metrics": [values[one["name"]] if is_latency(one) else one for one in item["metrics"]]}


def _objects_on_edges(document: Json, question: Question, api: WrongApi) -> Json:
    whole = api.figures().received(question.resource.plural).get(question.key, Tally())
    return each_item(document, lambda item: _with_latencies_of(item, whole))


def _both_ways(document: Json, question: Question, api: WrongApi) -> Json:
    """Have the percentiles of an edge tell of calls in either direction."""
    found = api.figures().edges(question.resource.plural, question.key)

    def change(item: Json) -> Json:
        peer = name_in(item["edge"]["resource"])
        return _with_latencies_of(item, added(tally for one, tally in found.items() if one.name == peer))

    return each_item(document, change)


def _of_few_owners(document: Json, question: Question, _api: WrongApi) -> Json:
    if question.edges or question.resource.plural not in _LESS_KNOWN:
        return document
    return each_item(document, lambda item: _with_latencies_of(item, Tally()))


def _roots_on_backends(document: Json, _question: Question, api: WrongApi) -> Json:
    def change(item: Json) -> Json:
        root = f"{item['resource']['namespace']}/{item['backend']['apex']}"
        flows = api.figures().traffic.flows
        calls = added(one.tally for one in flows if one.side is Side.CLIENT and one.service == root)
        return _with_latencies_of(item, calls)

    return each_item(document, change)


def _at_share(share: float, name: str) -> DocumentStage:
    """Give another percentile under the name of one."""

    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        def change(item: Json) -> Json:
            value = quantity(quantile(tally_of(item, question, api).bins, share) / _MICRO)
            metrics = [{**one, "value": value} if one["name"] == name else one for one in item["metrics"]]
            return {**item, "metrics": metrics}

        return each_item(document, change)

    return stage


def _of_many_only(item: Json) -> Json:
    """Leave percentiles at zero while there are few calls."""
    return _with_latencies_of(item, Tally()) if calls_of(item) < _FEW else item


FAULTS: tuple[Fault, ...] = (
    metric_fault("metrics-seconds-as-ms", "Latencies in seconds are labelled as milliseconds.", _labelled_ms),
    metric_fault("metrics-unit-missing", "Latencies have no unit.", _without_unit),
    metric_fault("metrics-swaps-p90-p99", "The 90th and the 99th percentile are swapped.", _swapped),
    item_fault("metrics-mean-for-percentiles", "All percentiles are the same mean.", _mean),
    metric_fault("metrics-latency-threefold", "Latencies are three times as long as they were.", _too_long),
    traffic_fault(
        "metrics-percentiles-since-start", "Percentiles cover all since the proxies started.", _old_bins
    ),
    metric_fault("metrics-latency-capped", "No latency is above 100 ms.", _capped),
    traffic_fault("metrics-latency-of-failures", "Percentiles are those of failed calls.", _of_failures),
    item_fault("metrics-p90-is-p50", "The 90th percentile is the median.", _one_for_another(_P50, _P90)),
    item_fault("metrics-p90-is-p99", "The 90th percentile is the 99th.", _one_for_another(_P99, _P90)),
    document_fault(
        "metrics-edges-latency-of-object",
        "Percentiles of an edge are those of the whole object.",
        edges_alone(_objects_on_edges),
    ),
    document_fault(
        "metrics-split-latency-of-root",
        "Percentiles of a backend are those of all backends.",
        splits_alone(_roots_on_backends),
    ),
    document_fault(
        "metrics-aggregates-latency-in-ms",
        "Latencies of Deployments are milliseconds labelled as seconds.",
        aggregates_alone(with_metrics(lambda one: scaled(one, 1000) if is_latency(one) else one)),
    ),
    document_fault("metrics-p90-is-p95", "The 90th percentile is the 95th.", _at_share(0.95, _P90)),
    document_fault(
        "metrics-p99-is-longest", "The 99th percentile is the longest of all.", _at_share(1, _P99)
    ),
    item_fault(
        "metrics-latency-of-many-only", "Of fewer than ten calls there are no latencies.", _of_many_only
    ),
    document_fault(
        "metrics-edges-latency-of-both-ways",
        "Percentiles of an edge cover the calls in both directions.",
        edges_alone(_both_ways),
    ),
    document_fault(
        "metrics-latency-of-deployments",
        "Of those that own pods only Deployments have percentiles.",
        _of_few_owners,
    ),
    metric_fault(
        "metrics-latency-twofold",
        "Latencies are twice as long as they were.",
        lambda one: scaled(one, 2) if is_latency(one) else one,
    ),
)
