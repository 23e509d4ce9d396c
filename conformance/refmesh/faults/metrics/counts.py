"""APIs that count something else than the calls of the window."""

from collections.abc import Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.metrics.documents import counting, is_server, measuring
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.faults.resources import Json, is_inbound, rewritten, with_listeners
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import envoy
from conformance.refmesh.translate.telemetry import access_log

_REFUSED = 403
_TCP_PROXY = "type.googleapis.com/" + envoy.TCP_PROXY


def _scaled(tally: Tally, factor: float) -> Tally:
    return replace(tally, success=tally.success * factor, failure=tally.failure * factor)


def _doubled(flow: Flow) -> Iterable[Flow]:
    yield replace(flow, tally=_scaled(flow.tally, 2))


def _all_well(flow: Flow) -> Iterable[Flow]:
    yield replace(flow, tally=_as_success(flow.tally))


def _as_success(tally: Tally) -> Tally:
    return replace(tally, success=tally.success + tally.failure, failure=0)


def _refusals_well(flow: Flow) -> Iterable[Flow]:
    yield replace(flow, tally=_as_success(flow.tally)) if flow.status == _REFUSED else flow


def _one_each(flow: Flow) -> Iterable[Flow]:
    total = flow.tally.success + flow.tally.failure
    yield replace(flow, tally=_scaled(flow.tally, 1 / total)) if total else flow


def _sent_too(flow: Flow) -> Iterable[Flow]:
    yield flow
    if flow.side is Side.CLIENT:
        yield Flow(side=Side.SERVER, source="", destination=flow.source, tally=flow.tally)


def _since_start(measured: Traffic, api: WrongApi) -> Traffic:
    return replace(measured, flows=api.since_start.flows)


def _per_second(measured: Traffic, api: WrongApi) -> Traffic:
    del api
    factor = 1 / measured.span.total_seconds()
    flows = tuple(replace(one, tally=_scaled(one.tally, factor)) for one in measured.flows)
    return replace(measured, flows=flows)


def _key(flow: Flow) -> tuple[object, ...]:
    return flow.side, flow.source, flow.destination, flow.service, flow.backend, flow.status


def _lingering(measured: Traffic, api: WrongApi) -> Traffic:
    seen = {_key(one) for one in measured.flows}
    old = tuple(one for one in api.since_start.flows if _key(one) not in seen)
    return replace(measured, flows=measured.flows + old)


def _old_latencies(measured: Traffic, api: WrongApi) -> Traffic:
    ever = {_key(one): one.tally.bins for one in api.since_start.flows}

    def aged(flow: Flow) -> Flow:
        return replace(flow, tally=replace(flow.tally, bins=ever.get(_key(flow), flow.tally.bins)))

    return replace(measured, flows=tuple(aged(one) for one in measured.flows))


def _logging_tcp(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return {key: _counting_tcp(key, one) for key, one in snapshots.items()}


def _counting_tcp(pod: str, snapshot: Snapshot) -> Snapshot:
    """Have raw connections counted as calls are."""

    def listener(name: str, body: Resource) -> Resource:
        log = access_log(pod, Side.SERVER if is_inbound(name) else Side.CLIENT)

        def proxy(node: Json) -> Json:
            return {**node, "access_log": log} if node.get("@type") == _TCP_PROXY else node

        return dict(rewritten(body, proxy))

    return with_listeners(snapshot, listener)


def _answered(flow: Flow) -> Iterable[Flow]:
    yield flow if flow.status else replace(flow, tally=_as_success(flow.tally))


def _unanswered_lost(flow: Flow) -> Iterable[Flow]:
    if flow.status:
        yield flow


def _errors_of_server_lost(flow: Flow) -> Iterable[Flow]:
    yield replace(flow, tally=replace(flow.tally, failure=0)) if is_server(flow) else flow


FAULTS = (
    counting("metrics-doubled-counts", "Every call is counted twice.", _doubled),
    counting("metrics-failure-as-success", "Failures are counted as successes.", _all_well),
    counting(
        "metrics-denied-as-success", "Calls that the mesh refused are counted as successes.", _refusals_well
    ),
    counting(
        "metrics-drops-failures", "The called end does not count failures at all.", _errors_of_server_lost
    ),
    counting("metrics-drops-unanswered", "Calls without an answer are not counted.", _unanswered_lost),
    measuring(
        "metrics-totals-since-start",
        "Counts are those since the sidecars started, not those of the window.",
        _since_start,
    ),
    measuring("metrics-rates", "Counts are calls per second.", _per_second),
    counting(
        "metrics-counts-connections",
        "All calls that one caller makes alike to one place count as one, as if connections were counted.",
        _one_each,
    ),
    counting("metrics-sent-and-received", "What an object sends is added to what it receives.", _sent_too),
    Fault(
        name="metrics-counts-tcp",
        says="Raw TCP connections are counted as calls that succeeded.",
        snapshots=_logging_tcp,
        metrics=MetricsStages(
            traffic=lambda measured, _: replace(
                measured, flows=tuple(new for one in measured.flows for new in _answered(one))
            )
        ),
    ),
    measuring(
        "metrics-stale-figures",
        "Where there was no call in the window, the figures of earlier calls stay, under a fresh timestamp.",
        _lingering,
    ),
    measuring(
        "metrics-percentiles-since-start",
        "Percentiles cover all calls since the sidecars started, so that a slow time never ends.",
        _old_latencies,
    ),
)
