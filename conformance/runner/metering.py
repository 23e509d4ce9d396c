"""One step about metrics: drive traffic when older traffic can be told from it, wait until it shows, read once."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from conformance.judge import Times
from conformance.model.expectation import TruthTable
from conformance.model.manifest import Manifest
from conformance.model.measuring import Aspect, Drive, MetricsProbe, Read
from conformance.model.metrics import Answered, PodEntry, ReadOnce, Span
from conformance.model.scenario import MetricsSettings
from conformance.model.traffic import Witnessed
from conformance.oracle import Known, MetricsOracle
from conformance.runner.driving import Driven, entries_of
from conformance.runner.reading import MetricsApi, PeersOf
from conformance.runner.stage import Stage

_TIMED = frozenset(Aspect) - {
    Aspect.STATUS,
    Aspect.REFUSAL,
    Aspect.SHAPE,
    Aspect.NAMES,
    Aspect.RESOURCE,
    Aspect.PERSPECTIVE,
    Aspect.SELECTOR,
    Aspect.ORDER,
    Aspect.WINDOW,
    Aspect.SIDE,
    Aspect.KINDS,
    Aspect.ENTRIES,
    Aspect.SERVED,
    Aspect.FULL_SET,
    Aspect.REGISTERED,
}
"""Aspects that say something about known traffic, so that older traffic has to be out of the way."""

_LOOKS = 16
"""How often a trail is read again. A guess: some looks fall between a window's end and the half or the double of it,
even where every other one comes late."""

_AT_A_TIME = 8
"""How many readings are under way at a time. A guess: few against what an API server takes from one client."""

_OVERHEAD = timedelta(milliseconds=150)
"""How long driving takes beside the delays that the application is told to make. A guess; if it takes longer, reading
begins later, which costs time and no verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMetrics:
    """Traffic that was driven, and what the metrics API then said of it."""

    table: TruthTable
    driven: Driven
    readings: tuple[ReadOnce, ...]
    pods: tuple[PodEntry, ...]
    """Who ran meanwhile."""
    in_force: tuple[Manifest, ...]
    times: Times

    @property
    def witnessed(self) -> tuple[Witnessed, ...]:
        """Every call that was driven."""
        return tuple(one.witnessed for one in self.driven.calls)


def measure_metrics(
    stage: Stage, probe: MetricsProbe, table: TruthTable, in_force: Sequence[Manifest]
) -> AskedMetrics:
    """Drive, wait, and read, each once.

    Args:
        stage: Where.
        probe: What to drive and what to read.
        table: What the manifests mean for what is driven.
        in_force: Every SMI object that the mesh has to honour.

    Raises:
        ConformanceError: A workload could not be reached, or the API server gave no answer.
    """
    quiet_since = stage.caller.last_sent
    is_timed = any(aspect in _TIMED for read in probe.reads for aspect in read.about)
    if is_timed and probe.drives:
        _keep_quiet(stage, probe, quiet_since)
    driven = _drive(stage, probe)
    if is_timed:
        _await_showing(stage, driven, quiet_since)
    elif driven.calls:
        _sleep_until(stage, driven.ended + 2 * stage.provider.metrics.lag)
    pods = tuple(pod_entries(stage))
    asked = AskedMetrics(
        table=table,
        driven=driven,
        readings=(),
        pods=pods,
        in_force=tuple(in_force),
        times=Times(settings=stage.provider.metrics, quiet_since=quiet_since),
    )
    rules = expected_metrics(stage, asked)
    api = MetricsApi.found_by(stage, pods)
    readings = _read_all(api, probe.reads, lambda resource: rules.peers(resource, _ALWAYS))
    readings = _followed(stage, api, readings, driven)
    return AskedMetrics(
        table=table,
        driven=driven,
        readings=readings,
        pods=pods,
        in_force=asked.in_force,
        times=asked.times,
    )


def _read_all(api: MetricsApi, reads: Sequence[Read], peers_of: PeersOf) -> tuple[ReadOnce, ...]:
    """Read everything once: first what tries to change something, in its order, then all the rest at one time.

    A window moves on while reading goes on; what is read together speaks of the same traffic.
    """
    plans = [api.plan(one, peers_of) for one in reads]
    mains = {at: api.ask(plan.main) for at, plan in enumerate(plans) if plan.main.method != "GET"}
    with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
        begun = {at: pool.submit(api.ask, plan.main) for at, plan in enumerate(plans) if at not in mains}
        along = {request for plan in plans for request in plan.others.values()}
        asked = {request: pool.submit(api.ask, request) for request in along}
        mains |= {at: one.result() for at, one in begun.items()}
        others = {request: one.result() for request, one in asked.items()}
    plans = [api.completed(plan, mains[at]) for at, plan in enumerate(plans)]
    late = {request for plan in plans for request in plan.others.values()} - others.keys()
    others |= {request: api.ask(request) for request in late}
    return tuple(plan.answered(mains[at], others) for at, plan in enumerate(plans))


def _followed(
    stage: Stage, api: MetricsApi, readings: tuple[ReadOnce, ...], driven: Driven
) -> tuple[ReadOnce, ...]:
    """Read again what is to be followed, at even pauses until what was driven has surely left the window."""
    settings = stage.provider.metrics
    followed = [one for one in readings if Aspect.TRAIL in one.read.about]
    if not followed:
        return readings
    begun = stage.clock.date()
    end = driven.ended + settings.window + settings.stretch + 2 * settings.lag
    later: dict[int, dict[str, Answered]] = {id(one): {} for one in followed}
    with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
        for number in range(1, _LOOKS + 1):
            _sleep_until(stage, begun + (end - begun) * number / _LOOKS)
            answers = pool.map(lambda one: api.ask(one.main.request), followed)
            for one, answered in zip(followed, answers, strict=True):
                later[id(one)][f"later {number}"] = answered
    return tuple(replace(one, others={**one.others, **later.get(id(one), {})}) for one in readings)


def expected_metrics(
    stage: Stage, asked: AskedMetrics, earlier: Sequence[AskedMetrics] = ()
) -> MetricsOracle:
    """Work out what figures there have to be for traffic that is sound.

    Args:
        stage: Where.
        asked: What was driven and read.
        earlier: Sound traffic of earlier steps, which a window that reaches back has to have as well.
    """
    settings, topology = stage.provider.metrics, stage.world.topology
    old = [call for one in earlier for call in entries_of(one.driven, one.table, topology)]
    return MetricsOracle(
        known=Known(
            calls=(
                *(replace(call, is_earlier=True) for call in old),
                *entries_of(asked.driven, asked.table, topology),
            ),
            pods=asked.pods,
            topology=topology,
            manifests=asked.in_force,
        ),
        tolerance=settings.tolerance,
        resolution=settings.resolution,
    )


def pod_entries(stage: Stage) -> Iterable[PodEntry]:
    """Say which pods run, and what each belongs to."""
    workloads = {one.ref: one.workload for one in stage.cluster.pods()}
    for namespace in sorted(stage.world.namespaces.values()):
        for pod in stage.cluster.list("Pod", namespace):
            if pod.ref in workloads and "deletionTimestamp" not in pod.body["metadata"]:
                yield _pod_entry(pod, workloads[pod.ref])


def _pod_entry(pod: Manifest, workload: str) -> PodEntry:
    metadata: Mapping[str, object] = pod.body["metadata"]
    owners = pod.body["metadata"].get("ownerReferences", ())
    return PodEntry(
        name=pod.name,
        namespace=pod.namespace,
        workload=workload,
        replica_set=next((one["name"] for one in owners if one["kind"] == "ReplicaSet"), ""),
        node=str(pod.body.get("spec", {}).get("nodeName", "")),
        labels=dict(metadata.get("labels") or {}),  # type: ignore[call-overload] # JSON
    )


def _keep_quiet(stage: Stage, probe: MetricsProbe, quiet_since: datetime) -> None:
    """Let older traffic grow old, as long as can be.

    When it has just left the window, what is driven has just begun to show, so that most of a window is left to
    read in.
    """
    settings = stage.provider.metrics
    apart = _alone_after(settings) - 2 * settings.lag - _driving_time(probe.drives)
    _sleep_until(stage, quiet_since + max(apart, 3 * settings.lag))


def _drive(stage: Stage, probe: MetricsProbe) -> Driven:
    if not probe.drives:
        now = stage.clock.date()
        return Driven(calls=(), begun=now, ended=now)
    return stage.caller.drive(probe.drives, stage.world.receivers)


def _await_showing(stage: Stage, driven: Driven, quiet_since: datetime) -> None:
    settings = stage.provider.metrics
    # Without traffic of its own a step shows what comes after: by then, what was read before is out of date.
    pause = 2 * settings.lag if driven.calls else settings.window + settings.stretch + 2 * settings.lag
    shows = driven.ended + pause
    _sleep_until(stage, max(shows, quiet_since + _alone_after(settings)))


def _alone_after(settings: MetricsSettings) -> timedelta:
    """Say when traffic has surely left the window."""
    return settings.window + settings.stretch + settings.lag + timedelta(milliseconds=20)


def _driving_time(drives: Sequence[Drive]) -> timedelta:
    """Estimate how long *drives* take."""
    waits = [
        sum((delay * calls for delay, calls in one.delays), timedelta(0)) / one.connections for one in drives
    ]
    return max(waits) + _OVERHEAD


def _sleep_until(stage: Stage, moment: datetime) -> None:
    stage.clock.sleep(max(timedelta(0), moment - stage.clock.date()))


_ALWAYS = Span(
    sure_from=datetime.min.replace(tzinfo=UTC),
    sure_to=datetime.max.replace(tzinfo=UTC),
    may_from=datetime.min.replace(tzinfo=UTC),
    may_to=datetime.max.replace(tzinfo=UTC),
)
