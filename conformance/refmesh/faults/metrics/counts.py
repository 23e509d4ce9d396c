"""Metrics APIs that count wrongly."""

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
)
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.faults.resources import is_inbound, rewritten, with_listeners
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.traffic import Flow, Side, Traffic
from conformance.refmesh.snapshot import Resource
from conformance.refmesh.translate.telemetry import access_log

_REFUSED = 403
_ZERO = "0"


def _doubled(metric: Metric) -> Metric:
    return metric if is_latency(metric) else scaled(metric, 2)


def _failures_pass(flow: Flow) -> Flow:
    tally = flow.tally
    return replace(flow, tally=replace(tally, success=tally.success + tally.failure, failure=0))


def _failures_lost(flow: Flow) -> Flow:
    return replace(flow, tally=replace(flow.tally, failure=0))


def _since_start(_traffic: Traffic, api: WrongApi) -> Traffic:
    return replace(api.since_start, span=_traffic.span)


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


def _negative(metric: Metric) -> Metric:
    return metric if is_latency(metric) or metric["value"] != _ZERO else {**metric, "value": "-1"}


def _failures_lost_at_server(flow: Flow) -> Flow:
    return flow if flow.side is Side.CLIENT else replace(flow, tally=replace(flow.tally, failure=0))


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
    document_fault("metrics-rates", "Counts are calls per second.", _per_second),
    flow_fault("metrics-counts-connections", "Connections are counted in place of calls.", _one_for_all),
    flow_fault("metrics-denied-as-success", "Refused calls count as successful ones.", _denied_pass),
    traffic_fault(
        "metrics-sent-and-received", "What a resource sends is added to what it receives.", _both_ways
    ),
    document_fault("metrics-stale-figures", "Figures stay as they were when first asked for.", _STALE.stage),
    flow_fault("metrics-forgets-failures", "Failed calls are not counted at all.", _failures_lost),
    flow_fault("metrics-drops-failures", "The called end does not count failures.", _failures_lost_at_server),
    metric_fault("metrics-negative-when-idle", "A count of nothing is -1.", _negative),
)
