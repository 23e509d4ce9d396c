"""APIs that add pods up wrongly, or the wrong pods."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.documents import (
    AGGREGATES,
    is_own,
    pod_tallies,
    showing,
    with_metric,
    with_tally,
)
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.inventory import Inventory, PodFacts
from conformance.refmesh.metrics.rendering import Json, quantity
from conformance.refmesh.metrics.traffic import Tally, added, quantile

_LABEL = "app"


def _of_pods(change: Callable[[Json, list[Tally]], Json]) -> Callable[[Json, Question, WrongApi], Json]:
    """Change the own figures of what contains pods; what received nothing stays as it is."""

    def item(one: Json, question: Question, api: WrongApi) -> Json:
        if question.resource.plural not in AGGREGATES or not is_own(one):
            return one
        tallies = pod_tallies(one, question, api)
        return change(one, tallies) if tallies else one

    return item


def _averaged(item: Json, tallies: list[Tally]) -> Json:
    total = added(tallies)
    some = len(tallies)
    return with_tally(item, replace(total, success=total.success / some, failure=total.failure / some))


def _averaged_percentiles(item: Json, tallies: list[Tally]) -> Json:
    def metric(one: Json) -> Json:
        digits = str(one["name"]).removeprefix("p").partition("_")[0]
        if not digits.isdigit():
            return one
        values = [quantile(tally.bins, int(digits) / 100) for tally in tallies]
        return {**one, "value": quantity(sum(values) / len(values) / 1_000_000)}

    return with_metric(item, metric)


def _owning(
    change: Callable[[PodFacts, Inventory], Iterable[tuple[str, str]]],
) -> Callable[[Inventory], Inventory]:
    """Give pods other owners."""

    def inventory(known: Inventory) -> Inventory:
        pods = {key: replace(pod, owners=tuple(change(pod, known))) for key, pod in known.pods.items()}
        return replace(known, pods=pods)

    return inventory


def _by_prefix(pod: PodFacts, known: Inventory) -> Iterable[tuple[str, str]]:
    yield from (one for one in pod.owners if one[0] != "Deployment")
    for namespace, name in known.names("deployments"):
        if namespace == pod.namespace and pod.name.startswith(name):
            yield "Deployment", name


def _by_label(pod: PodFacts, known: Inventory) -> Iterable[tuple[str, str]]:
    alike = [
        one
        for one in known.pods.values()
        if one.namespace == pod.namespace and one.labels.get(_LABEL) == pod.labels.get(_LABEL)
    ]
    yield from dict.fromkeys((*pod.owners, *(owner for one in alike for owner in one.owners)))


def _without_replica_sets(pod: PodFacts, known: Inventory) -> Iterable[tuple[str, str]]:
    del known
    yield from pod.owners[:1]


FAULTS = (
    showing(
        "metrics-aggregate-averages",
        "Counts of what contains pods are the average of its pods' counts.",
        _of_pods(_averaged),
    ),
    showing(
        "metrics-aggregate-one-pod",
        "Figures of what contains pods are those of its first pod.",
        _of_pods(lambda item, tallies: with_tally(item, tallies[0])),
    ),
    showing(
        "metrics-averaged-percentiles",
        "Percentiles of what contains pods are the average of its pods' percentiles.",
        _of_pods(_averaged_percentiles),
    ),
    Fault(
        name="metrics-membership-by-prefix",
        says="A Deployment's pods are those whose names begin with its name.",
        metrics=MetricsStages(inventory=_owning(_by_prefix)),
    ),
    Fault(
        name="metrics-membership-by-label",
        says="Pods that carry the same label app count to the same owners.",
        metrics=MetricsStages(inventory=_owning(_by_label)),
    ),
    Fault(
        name="metrics-direct-owners-only",
        says="Pods count to their direct owner only, so that Deployments have no figures.",
        metrics=MetricsStages(inventory=_owning(_without_replica_sets)),
    ),
)
