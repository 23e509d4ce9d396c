"""How faults take hold of answers: item by item, and what stands behind an item."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.inventory import BY_PLURAL, Inventory, Name
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added

ItemChange = Callable[[Json, Question, WrongApi], Json]
"""Changes one TrafficMetrics."""
DocumentChange = Callable[[Json, Question, WrongApi], Json]
"""Changes a whole answer: a list, or one TrafficMetrics."""

AGGREGATES = frozenset(
    {
        "daemonsets",
        "deployments",
        "jobs",
        "namespaces",
        "nodes",
        "replicasets",
        "replicationcontrollers",
        "services",
        "statefulsets",
    }
)
"""Types of objects that contain pods."""


def answering(name: str, says: str, change: DocumentChange) -> Fault:
    """Make a fault of a change to whole answers."""
    return Fault(name=name, says=says, metrics=MetricsStages(document=change))


def showing(name: str, says: str, change: ItemChange) -> Fault:
    """Make a fault of a change to each TrafficMetrics, in lists too."""

    def document(body: Json, question: Question, api: WrongApi) -> Json:
        return with_items(body, [change(one, question, api) for one in items_of(body)])

    return answering(name, says, document)


def measuring(name: str, says: str, change: Callable[[Traffic, WrongApi], Traffic]) -> Fault:
    """Make a fault of a change to what was measured."""
    return Fault(name=name, says=says, metrics=MetricsStages(traffic=change))


def counting(name: str, says: str, change: Callable[[Flow], Iterable[Flow]]) -> Fault:
    """Make a fault of a change to each flow."""

    def traffic(measured: Traffic, api: WrongApi) -> Traffic:
        del api
        return replace(measured, flows=tuple(new for one in measured.flows for new in change(one)))

    return measuring(name, says, traffic)


def items_of(body: Json) -> list[Json]:
    """List the TrafficMetrics of an answer."""
    return list(body["items"]) if "items" in body else [body]


def with_items(body: Json, items: list[Json]) -> Json:
    """Put other TrafficMetrics into an answer; one that is no list takes the first."""
    if "items" in body:
        return {**body, "items": items}
    return items[0] if items else body


def with_metric(item: Json, change: Callable[[Json], Json | None]) -> Json:
    """Change every metric of an object; None leaves it out."""
    changed = [change(dict(one)) for one in item["metrics"]]
    return {**item, "metrics": [one for one in changed if one is not None]}


def with_tally(item: Json, tally: Tally) -> Json:
    """Show other figures."""
    return {**item, "metrics": written(tally)["metrics"]}


def with_tally_of(item: Json, other: Json) -> Json:
    """Show another object's figures."""
    return {**item, "metrics": other["metrics"]}


def written(tally: Tally) -> Json:
    """Write figures as an object of no name would show them."""
    resource = BY_PLURAL["pods"]
    when = rendering.EPOCH
    return rendering.metrics_object(resource, ("", ""), {}, tally, at=when, window=timedelta(seconds=1))


def is_latency(metric: Json) -> bool:
    """Say whether a metric is a percentile."""
    return str(metric["name"]).endswith("_latency")


def name_of(item: Json) -> Name:
    """Name the object that an item is about."""
    resource = item["resource"]
    return str(resource.get("namespace", "")), str(resource.get("name", ""))


def is_own(item: Json) -> bool:
    """Say whether an item shows what an object receives, from everybody."""
    return not item["edge"].get("resource") and "backend" not in item


def tally_behind(item: Json, question: Question, figures: Figures) -> Tally:
    """Give what was measured behind an item."""
    name = name_of(item)
    if backend := item.get("backend"):
        return figures.backends(name[0], backend["apex"], [backend["name"]])[backend["name"]]
    plural = question.resource.plural
    peer = item["edge"].get("resource")
    if not peer:
        return figures.received(plural).get(name, Tally())
    wanted = (str(peer.get("namespace", "")), str(peer.get("name", "")))
    found = figures.edges(plural, name).items()
    direction = item["edge"]["direction"]
    return added(tally for one, tally in found if one.name == wanted and one.direction == direction)


def pod_tallies(item: Json, question: Question, api: WrongApi) -> list[Tally]:
    """Give what each pod of an aggregate received; pods that received nothing are left out."""
    inventory, figures = api.known, api.figures()
    plural, name = question.resource.plural, name_of(item)
    received = figures.received("pods")
    return [
        received[pod.namespace, pod.name]
        for pod in sorted(inventory.pods.values(), key=lambda one: one.key)
        if name in inventory.holders(plural, pod.key) and (pod.namespace, pod.name) in received
    ]


def only(traffic: Traffic, keep: Callable[[Flow], bool]) -> Traffic:
    """Leave out flows."""
    return replace(traffic, flows=tuple(one for one in traffic.flows if keep(one)))


def is_server(flow: Flow) -> bool:
    """Say whether the called end has counted."""
    return flow.side is Side.SERVER


def labels_of(inventory: Inventory, key: str) -> dict[str, Any]:
    """Give the labels of a pod; none for one that is not known."""
    pod = inventory.pods.get(key)
    return dict(pod.labels) if pod else {}
