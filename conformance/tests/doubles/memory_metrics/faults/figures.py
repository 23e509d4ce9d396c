"""Faults of figures: which calls count, whose they are, as what, and how long they took."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import fmean

from conformance.model.labels import fits
from conformance.model.manifest import Manifest
from conformance.tests.doubles.memory_metrics.calls import (
    REFUSED,
    Calls,
    Figures,
    counted,
    http_alone,
    in_window,
    is_good,
    latencies,
    received_by,
)
from conformance.tests.doubles.memory_metrics.moment import Moment, received
from conformance.tests.doubles.memory_metrics.objects import end_of, labels_of
from conformance.tests.doubles.memory_metrics.steps import Steps

Latencies = tuple[float, ...]
_FIRST_LOOK = timedelta(seconds=3)


def _never_again(calls: Calls, now: datetime) -> Calls:
    """Count what was there at the first look, for ever."""
    done = http_alone(calls)
    first = done[0].at if done else now
    return [one for one in done if one.at <= first + _FIRST_LOOK]


def _received_and_sent(moment: Moment) -> Calls:
    return [*received(moment), *(one for one in moment.measured if one.source in moment.ends)]


def _from_selected(moment: Moment) -> Calls:
    """Take a selector for one of callers as well."""
    if not moment.asked.selector:
        return received(moment)
    pods = moment.objects.stored("Pod")
    callers = {end_of(pod) for pod in pods if fits(moment.asked.selector, labels_of(pod))}
    return [one for one in received(moment) if one.source in callers]


def _begins_like(deployment: Manifest, pod: Manifest) -> bool:
    return pod.name.startswith(deployment.name)


def _has_its_label(deployment: Manifest, pod: Manifest) -> bool:
    labels = deployment.body["spec"]["template"]["metadata"]["labels"]
    return bool(labels.get("app") == labels_of(pod).get("app"))


def _counts(change: Callable[[Figures, Calls], Figures]) -> Steps:
    return Steps(figures=lambda calls, _moment: change(counted(calls), calls))


def _counts_times(factor: float) -> Steps:
    return _counts(lambda one, _: replace(one, success=one.success * factor, failure=one.failure * factor))


def _without_failures(right: Figures, _calls: Calls) -> Figures:
    return replace(right, failure=0.0)


def _answered(right: Figures, calls: Calls) -> Figures:
    """Count as a success whatever was let through."""
    return replace(right, success=float(sum(one.status != REFUSED for one in calls)), failure=0.0)


def _good_or_denied(right: Figures, calls: Calls) -> Figures:
    denied = sum(one.status == REFUSED for one in calls)
    return replace(right, success=right.success + denied, failure=0.0)


def _connections(right: Figures, calls: Calls) -> Figures:
    good, bad = ({one.connection for one in calls if is_good(one) is wanted} for wanted in (True, False))
    return replace(right, success=float(len(good)), failure=float(len(bad)))


def _per_pod(calls: Calls, moment: Moment) -> list[Calls]:
    """Tell an object's calls apart by the pods that received them; not those of its edges."""
    return [] if moment.asked.part else [received_by({end}, calls) for end in sorted(moment.ends)]


def _average(calls: Calls, moment: Moment) -> Figures:
    right, pods = counted(calls), max(1, len(_per_pod(calls, moment)))
    return replace(right, success=right.success / pods, failure=right.failure / pods)


def _one_pod(calls: Calls, moment: Moment) -> Figures:
    right, pods = counted(calls), _per_pod(calls, moment)
    one = counted(pods[0]) if len(pods) > 1 else right
    return replace(right, success=one.success, failure=one.failure)


def _latencies(change: Callable[[Latencies, Calls, Moment], Latencies]) -> Steps:
    """Change percentiles, and no counts."""

    def figures(calls: Calls, moment: Moment) -> Figures:
        right = counted(calls)
        return replace(right, latencies=change(right.latencies, calls, moment))

    return Steps(figures=figures)


def _latencies_times(factor: float) -> Steps:
    return _latencies(lambda right, *_: tuple(factor * one for one in right))


def _swapped(right: Latencies, _calls: Calls, _moment: Moment) -> Latencies:
    half, most, nearly_all = right
    return half, nearly_all, most


def _mean(right: Latencies, calls: Calls, _moment: Moment) -> Latencies:
    return (fmean(one.took for one in calls),) * len(right) if calls else right


def _averaged(right: Latencies, calls: Calls, moment: Moment) -> Latencies:
    """Give the mean of what the pods of an aggregate have."""
    pods = [latencies(each) for each in _per_pod(calls, moment) if each]
    return tuple(map(fmean, zip(*pods, strict=True))) if pods else right


def _since_start(right: Latencies, calls: Calls, moment: Moment) -> Latencies:
    receivers = {one.receiver for one in calls}
    return latencies(received_by(receivers, moment.calls)) if calls else right


FAULTS = {
    "metrics-aggregate-averages": Steps(figures=_average),
    "metrics-aggregate-one-pod": Steps(figures=_one_pod),
    "metrics-averaged-percentiles": _latencies(_averaged),
    "metrics-counts-connections": _counts(_connections),
    "metrics-counts-tcp": Steps(measured=in_window),
    "metrics-denied-as-success": _counts(_good_or_denied),
    "metrics-doubled-counts": _counts_times(2),
    "metrics-failure-as-success": _counts(_answered),
    "metrics-forgets-failures": _counts(_without_failures),
    "metrics-latency-threefold": _latencies_times(3),
    "metrics-mean-for-percentiles": _latencies(_mean),
    "metrics-membership-by-label": Steps(is_deployed_by=_has_its_label),
    "metrics-membership-by-prefix": Steps(is_deployed_by=_begins_like),
    "metrics-percentiles-since-start": _latencies(_since_start),
    "metrics-rates": _counts_times(0.1),
    "metrics-seconds-as-ms": _latencies_times(1 / 1000),
    "metrics-selector-filters-series": Steps(received=_from_selected),
    "metrics-sent-and-received": Steps(received=_received_and_sent),
    "metrics-stale-figures": Steps(measured=_never_again),
    "metrics-swaps-p90-p99": _latencies(_swapped),
    "metrics-totals-since-start": Steps(measured=lambda calls, _now: http_alone(calls)),
}
