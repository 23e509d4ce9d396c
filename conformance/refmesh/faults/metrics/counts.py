"""Metrics APIs that count wrongly."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import (
    Metric,
    document_fault,
    each_metric,
    flow_fault,
    is_latency,
    kept_flows,
    metric_fault,
    scaled,
    traffic_fault,
    value_of,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.rendering import Json, quantity
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic

_REFUSED = 403
_SERVER_ERROR = 500
_OK, _REDIRECTING = 200, 300
_GATEWAY_ERRORS = frozenset({502, 504})
_SLOW = 250_000  # microseconds
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


def _negative(metric: Metric) -> Metric:
    return metric if is_latency(metric) or metric["value"] != _ZERO else {**metric, "value": "-1"}


def _failures_lost_at_server(flow: Flow) -> Flow:
    return flow if flow.side is Side.CLIENT else _failures_lost(flow)


def _idle_floor(metric: Metric) -> Metric:
    return (
        {**metric, "value": "1"} if metric["name"] == "success_count" and metric["value"] == _ZERO else metric
    )


def _sampled(metric: Metric) -> Metric:
    return metric if is_latency(metric) else {**metric, "value": str(round(value_of(metric) / 10) * 10)}


def _only_500_fails(flow: Flow) -> Flow:
    return _failures_pass(flow) if flow.status > _SERVER_ERROR else flow


def _client_errors_lost(flow: Flow) -> Flow:
    return replace(flow, tally=Tally()) if _REFUSED < flow.status < _SERVER_ERROR else flow


def _near_only(traffic: Traffic, api: WrongApi) -> Traffic:
    """Count calls whose caller is in the called pod's own namespace."""
    pods = api.known.pods

    def is_near(flow: Flow) -> bool:
        ends = pods.get(flow.source), pods.get(flow.destination)
        return None in ends or ends[0].namespace == ends[1].namespace  # type: ignore[union-attr] # none is None

    return kept_flows(traffic, is_near)


def _both_reporters(traffic: Traffic, _api: WrongApi) -> Traffic:
    told = (
        replace(one, side=Side.SERVER) for one in traffic.flows if one.side is Side.CLIENT and one.destination
    )
    return replace(traffic, flows=(*traffic.flows, *told))


def _services_alone(traffic: Traffic, _api: WrongApi) -> Traffic:
    return kept_flows(traffic, lambda one: one.side is Side.SERVER or bool(one.service))


def _only_200(flow: Flow) -> Flow:
    return replace(flow, tally=Tally()) if _OK < flow.status < _REDIRECTING else flow


def _gateways_pass(flow: Flow) -> Flow:
    return _failures_pass(flow) if flow.status in _GATEWAY_ERRORS else flow


def _two_digits(metric: Metric) -> Metric:
    return metric if is_latency(metric) else {**metric, "value": quantity(float(f"{value_of(metric):.2g}"))}


def _fast_only(flow: Flow) -> Flow:
    bins = {bounds: count for bounds, count in flow.tally.bins.items() if bounds[0] < _SLOW}
    if len(bins) == len(flow.tally.bins):
        return flow
    lost = sum(flow.tally.bins.values()) - sum(bins.values())
    kept = Tally(
        success=max(flow.tally.success - lost, 0), failure=max(flow.tally.failure - lost, 0), bins=bins
    )
    return replace(flow, tally=kept)


FAULTS: tuple[Fault, ...] = (
    metric_fault("metrics-doubled-counts", "Every call is counted twice.", _doubled),
    flow_fault("metrics-failure-as-success", "Failed calls count as successful ones.", _failures_pass),
    traffic_fault("metrics-totals-since-start", "Figures cover all since the proxies started.", _since_start),
    document_fault("metrics-rates", "Counts are calls per second.", _per_second),
    flow_fault("metrics-counts-connections", "Connections are counted in place of calls.", _one_for_all),
    flow_fault("metrics-denied-as-success", "Refused calls count as successful ones.", _denied_pass),
    traffic_fault(
        "metrics-sent-and-received", "What a resource sends is added to what it receives.", _both_ways
    ),
    flow_fault("metrics-forgets-failures", "Failed calls are not counted at all.", _failures_lost),
    flow_fault("metrics-drops-failures", "The called end does not count failures.", _failures_lost_at_server),
    metric_fault("metrics-negative-when-idle", "A count of nothing is -1.", _negative),
    metric_fault("metrics-never-zero", "A success is shown where there was no call.", _idle_floor),
    metric_fault("metrics-rounds-counts", "Counts are rounded to tens.", _sampled),
    flow_fault("metrics-only-500-fails", "Of server errors only 500 is a failure.", _only_500_fails),
    flow_fault("metrics-drops-client-errors", "Calls answered 4xx are not counted.", _client_errors_lost),
    traffic_fault("metrics-drops-far-callers", "Calls from other namespaces are not counted.", _near_only),
    traffic_fault(
        "metrics-adds-both-reporters", "What both ends of a call count is added up.", _both_reporters
    ),
    traffic_fault(
        "metrics-drops-calls-to-pods", "Callers do not count calls to a pod's own address.", _services_alone
    ),
    flow_fault("metrics-counts-200-alone", "Of answers 2xx only 200 is counted.", _only_200),
    flow_fault("metrics-gateway-errors-pass", "A 502 and a 504 count as successes.", _gateways_pass),
    metric_fault("metrics-counts-two-digits", "Counts have two significant digits.", _two_digits),
    flow_fault("metrics-drops-slow-calls", "Calls that take longer than 250 ms are not counted.", _fast_only),
)
