"""Metrics APIs whose percentiles are wrong, or in wrong units."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    is_latency,
    item_fault,
    metric_fault,
    scaled,
    traffic_fault,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.rendering import Json, quantity
from conformance.refmesh.metrics.traffic import Flow, Tally, Traffic, added

_P90, _P99 = (f"p{one}_response_latency" for one in (90, 99))


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


FAULTS: tuple[Fault, ...] = (
    metric_fault("metrics-seconds-as-ms", "Latencies in seconds are labelled as milliseconds.", _labelled_ms),
    metric_fault("metrics-unit-missing", "Latencies have no unit.", _without_unit),
    metric_fault("metrics-swaps-p90-p99", "The 90th and the 99th percentile are swapped.", _swapped),
    item_fault("metrics-mean-for-percentiles", "All percentiles are the same mean.", _mean),
    metric_fault("metrics-latency-threefold", "Latencies are three times as long as they were.", _too_long),
    traffic_fault(
        "metrics-percentiles-since-start", "Percentiles cover all since the proxies started.", _old_bins
    ),
)
