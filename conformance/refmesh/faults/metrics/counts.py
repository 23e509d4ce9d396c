"""Metrics APIs that count or aggregate wrongly."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    document_fault,
    each_item,
    each_metric,
    flow_fault,
    is_latency,
    metric_fault,
    scaled,
    traffic_fault,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.faults.resources import is_inbound, rewritten, with_listeners
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.inventory import Name
from conformance.refmesh.metrics.rendering import Json, metrics_of, quantity
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added
from conformance.refmesh.snapshot import Resource
from conformance.refmesh.translate.telemetry import access_log

_REFUSED = 403


def _doubled(metric: Metric) -> Metric:
    return metric if is_latency(metric) else scaled(metric, 2)


def _failures_pass(flow: Flow) -> Flow:
    tally = flow.tally
    return replace(flow, tally=replace(tally, success=tally.success + tally.failure, failure=0))


def _failures_lost(flow: Flow) -> Flow:
    return replace(flow, tally=replace(flow.tally, failure=0))


def _since_start(_traffic: Traffic, api: WrongApi) -> Traffic:
    return replace(api.since_start, span=_traffic.span)


def _old_bins(traffic: Traffic, api: WrongApi) -> Traffic:
    bins: dict[tuple[object, ...], list[Tally]] = {}
    for flow in api.since_start.flows:
        bins.setdefault(_key(flow), []).append(flow.tally)
    pooled = {key: added(tallies).bins for key, tallies in bins.items()}
    changed = (
        replace(one, tally=replace(one.tally, bins=pooled.get(_key(one), one.tally.bins)))
        for one in traffic.flows
    )
    return replace(traffic, flows=tuple(changed))


def _key(flow: Flow) -> tuple[object, ...]:
    return flow.side, flow.source, flow.destination, flow.service, flow.backend


def _per_second(document: Json, _question: Question, api: WrongApi) -> Json:
    seconds = api.figures().traffic.span.total_seconds()

    def rate(metric: Metric) -> Metric:
        return metric if is_latency(metric) else scaled(metric, 1 / max(seconds, 1.0))

    return each_metric(document, rate)


def _one_for_all(flow: Flow) -> Flow:
    """Count a kept-alive connection once: a tenth of the calls stands for them."""
    tally = flow.tally
    return replace(flow, tally=replace(tally, success=tally.success // 10, failure=tally.failure // 10))


def _denied_pass(flow: Flow) -> Flow:
    return _failures_pass(flow) if flow.status == _REFUSED else flow


def _both_ways(traffic: Traffic, _api: WrongApi) -> Traffic:
    sent = (
        replace(one, side=Side.SERVER, source=one.destination, destination=one.source)
        for one in traffic.flows
        if one.side is Side.CLIENT
    )
    return replace(traffic, flows=(*traffic.flows, *sent))


class _Memory:
    """Figures of the first time that an object was asked for."""

    def __init__(self) -> None:
        self._by_api: WeakKeyDictionary[WrongApi, dict[str, Any]] = WeakKeyDictionary()

    def stage(self, document: Json, question: Question, api: WrongApi) -> Json:
        seen = self._by_api.setdefault(api, {})
        return each_item(document, lambda item: self._old(item, question, seen))

    @staticmethod
    def _old(item: Json, question: Question, seen: dict[str, Any]) -> Json:
        key = f"{question.edges} {item['resource']} {item['edge']} {item.get('backend', {}).get('name')}"
        return {**item, "metrics": seen.setdefault(key, item["metrics"])}


_STALE = _Memory()


def _is_of_aggregates(question: Question) -> bool:
    return not question.edges and question.resource.plural not in {"pods", "trafficsplits"}


def _aggregating(change: Callable[[list[Tally]], Tally]) -> Callable[[Json, Question, WrongApi], Json]:
    """Make an aggregate anew from its pods, in a wrong way."""

    def stage(document: Json, question: Question, api: WrongApi) -> Json:
        if not _is_of_aggregates(question):
            return document
        pods = api.figures().received("pods")

        def anew(item: Json) -> Json:
            members = [pods.get(one, Tally()) for one in _members(item, question, api)]
            return {**item, "metrics": metrics_of(change(members))} if members else item

        return each_item(document, anew)

    return stage


def _members(item: Json, question: Question, api: WrongApi) -> list[Name]:
    resource = item["resource"]
    name = (resource.get("namespace", ""), resource["name"])
    known = api.known
    return [
        (pod.namespace, pod.name)
        for key, pod in known.pods.items()
        if name in known.holders(question.resource.plural, key)
    ]


def _average(tallies: list[Tally]) -> Tally:
    total = added(tallies)
    return replace(
        total, success=total.success / max(len(tallies), 1), failure=total.failure / max(len(tallies), 1)
    )


def _busiest(tallies: list[Tally]) -> Tally:
    return max(tallies, key=lambda one: one.success + one.failure)


def _averaged_percentiles(document: Json, question: Question, api: WrongApi) -> Json:
    if not _is_of_aggregates(question):
        return document
    pods = api.figures().received("pods")

    def anew(item: Json) -> Json:
        seen = [metrics_of(pods[one]) for one in _members(item, question, api) if one in pods]
        return {**item, "metrics": [_mean_of(one, seen) for one in item["metrics"]]} if seen else item

    return each_item(document, anew)


def _mean_of(metric: Metric, others: list[list[Mapping[str, str]]]) -> Metric:
    if not is_latency(metric):
        return metric
    same = [value_of(one) for each in others for one in each if one["name"] == metric["name"]]
    return {**metric, "value": quantity(sum(same) / len(same))}


def _swallowing_prefixed(document: Json, question: Question, api: WrongApi) -> Json:
    """Count the pods of deployments whose name begins like a deployment's to that one as well."""
    if question.edges or question.resource.plural != "deployments":
        return document
    received = api.figures().received("deployments")

    def anew(item: Json) -> Json:
        namespace, name = item["resource"]["namespace"], item["resource"]["name"]
        near = [
            tally
            for (there, other), tally in received.items()
            if there == namespace and other.startswith(name)
        ]
        return {**item, "metrics": metrics_of(added(near))} if near else item

    return each_item(document, anew)


def _with_tcp_counted(snapshots: Snapshots, situation: Situation) -> Snapshots:
    """Have the proxies count raw connections as calls that were answered well."""
    pods = {pod.key: pod for pod in situation.world.pods}
    return {key: with_listeners(one, partial(_counted, pods[key].key)) for key, one in snapshots.items()}


def _counted(pod: str, name: str, listener: Resource) -> Resource:
    if not is_inbound(name):
        return listener
    (log,) = access_log(pod, Side.SERVER)
    as_calls = rewritten(log, lambda node: _answered(node) if node.get("name") == "smi_status" else node)

    def change(node: Json) -> Json:
        is_tcp = str(node.get("@type", "")).endswith("TcpProxy")
        return {**node, "access_log": [as_calls]} if is_tcp else node

    changed: Resource = rewritten(listener, change)
    return changed


def _answered(tag: Json) -> Json:
    return {**tag, "value_format": "200"}


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="metrics-counts-tcp",
        says="Raw TCP connections are counted as calls.",
        snapshots=_with_tcp_counted,
        metrics=MetricsStages(),
    ),
    metric_fault("metrics-doubled-counts", "Every call is counted twice.", _doubled),
    flow_fault("metrics-failure-as-success", "Failed calls count as successful ones.", _failures_pass),
    traffic_fault("metrics-totals-since-start", "Figures cover all since the proxies started.", _since_start),
    traffic_fault(
        "metrics-percentiles-since-start", "Percentiles cover all since the proxies started.", _old_bins
    ),
    document_fault("metrics-rates", "Counts are calls per second.", _per_second),
    flow_fault("metrics-counts-connections", "Connections are counted in place of calls.", _one_for_all),
    flow_fault("metrics-denied-as-success", "Refused calls count as successful ones.", _denied_pass),
    traffic_fault(
        "metrics-sent-and-received", "What a resource sends is added to what it receives.", _both_ways
    ),
    document_fault("metrics-stale-figures", "Figures stay as they were when first asked for.", _STALE.stage),
    document_fault(
        "metrics-aggregate-averages",
        "Counts of an aggregate are the mean of its pods.",
        _aggregating(_average),
    ),
    document_fault(
        "metrics-aggregate-one-pod", "Figures of an aggregate are those of one pod.", _aggregating(_busiest)
    ),
    document_fault(
        "metrics-averaged-percentiles",
        "Percentiles of an aggregate are the mean of its pods' percentiles.",
        _averaged_percentiles,
    ),
    document_fault(
        "metrics-membership-by-prefix",
        "Deployments whose name begins alike are counted to one another.",
        _swallowing_prefixed,
    ),
    flow_fault("metrics-forgets-failures", "Failed calls are not counted at all.", _failures_lost),
)
