"""A small world with traffic for the reference mesh's metrics API, and ways to ask it.

Namespace ``here``: Deployments shop (two pods), client-a, client-b, and website with a split over website-v1 and
website-v2; namespace ``there``: client-a. ``shop-like`` has a name that begins
like shop's, and ``look-alike`` is a pod of nobody's with shop's labels.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.refmesh.faults import WrongApi, fault_named
from conformance.refmesh.metrics import Asker, Inventory, MetricsAnswer, MetricsRequest, read_inventory
from conformance.refmesh.metrics.asking import ROOT
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added

Json = dict[str, Any]
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SPAN = timedelta(seconds=2)
FAST, SLOW, SLOWEST = (1000.0, 1100.0), (20000.0, 21000.0), (800000.0, 810000.0)
NODE = "node-1"


def a_world() -> list[Json]:
    """Write all objects as Kubernetes stores them."""
    pods = [
        *_deployed("here", "shop", 2),
        *_deployed("here", "client-a"),
        *_deployed("here", "client-b"),
        *_deployed("here", "website-v1"),
        *_deployed("here", "website-v2"),
        *_deployed("there", "client-a"),
        *_deployed("here", "idle"),
        *_deployed("here", "shop-like"),
        _pod("here", "look-alike", {"app": "shop"}, []),
    ]
    services = [_service(name) for name in ("shop", "website", "website-v1", "website-v2")]
    names = [("Namespace", "v1", "", "here"), ("Namespace", "v1", "", "there"), ("Node", "v1", "", NODE)]
    rest = [_object(*one) for one in names]
    for number, pod in enumerate((one for one in pods if one["kind"] == "Pod"), start=1):
        pod["status"] = {"podIP": f"10.0.0.{number}", "phase": "Running"}
    return [*rest, *pods, *services, _split()]


def some_flows(inventory: Inventory) -> tuple[Flow, ...]:
    """Write the traffic of a window: two callers of shop, one of them elsewhere, refusals, and a split."""
    here_a, here_b, there_a = (
        _one(inventory, *key) for key in (("here", "client-a"), ("here", "client-b"), ("there", "client-a"))
    )
    shop_1, shop_2 = _all(inventory, "here", "shop")
    v1, v2 = _one(inventory, "here", "website-v1"), _one(inventory, "here", "website-v2")
    like = _one(inventory, "here", "shop-like")
    calls = [
        (here_a, shop_1, "here/shop", "", 200, {FAST: 80, SLOW: 10, SLOWEST: 10}),
        (here_a, shop_2, "here/shop", "", 200, {FAST: 10}),
        (here_b, shop_1, "here/shop", "", 503, {SLOW: 5}),
        (here_b, shop_1, "here/shop", "", 403, {FAST: 3}),
        (there_a, shop_2, "here/shop", "", 200, {SLOW: 20}),
        (here_a, v1, "here/website", "here/website-v1", 200, {FAST: 70}),
        (here_a, v2, "here/website", "here/website-v2", 500, {FAST: 30}),
        (here_b, v1, "here/website-v1", "here/website-v1", 200, {FAST: 7}),
        (here_a, like, "", "", 200, {FAST: 4}),
        (here_b, "here/look-alike", "", "", 200, {FAST: 2}),
        (shop_1, v1, "here/website-v1", "here/website-v1", 200, {FAST: 6}),
    ]
    return tuple(flow for call in calls for flow in _both_sides(*call))


class OneWindow:
    """A source that always tells of the same traffic, and of ten times as much since the start."""

    def __init__(self, flows: Iterable[Flow] | None = None) -> None:
        self.flows = flows

    def traffic(self, inventory: Inventory) -> Traffic:
        """Tell of the window."""
        flows = some_flows(inventory) if self.flows is None else tuple(self.flows)
        return Traffic(flows=flows, at=NOW, span=SPAN)

    def since_start(self, inventory: Inventory) -> Traffic:
        """Tell of everything: the same calls, as many slow ones, and idle's, which have ended long ago."""
        (idle,) = _all(inventory, "here", "idle")
        old = _both_sides(idle, idle, "", "", 200, {SLOW: 9})
        flows = tuple(_aged(one) for one in some_flows(inventory))
        return Traffic(flows=(*flows, *old), at=NOW, span=SPAN * 10)


def an_api(*faults: str, may: Any = None, source: OneWindow | None = None) -> WrongApi:
    """Make the API over this world; *may* allows everything by default."""
    inventory = read_inventory(a_world())
    stages = [one.metrics for one in map(fault_named, faults) if one.metrics]
    return WrongApi(source or OneWindow(), lambda: inventory, may or (lambda _: True), lambda: stages)


def ask(api: WrongApi, path: str, method: str = "GET", **query: str) -> MetricsAnswer:
    """Ask for a path below the version; the answer is JSON."""
    answer = api.answer(
        MetricsRequest(method=method, path=ROOT + path, query=query, asker=Asker(user="somebody"))
    )
    json.dumps(answer.body)
    return answer


def read(api: WrongApi, path: str, **query: str) -> Json:
    """Ask for what is there."""
    answer = ask(api, path, **query)
    assert answer.status == 200, answer.body
    return dict(answer.body)


def values(item: Mapping[str, Any]) -> dict[str, str]:
    """Give an object's metrics by name."""
    return {one["name"]: one["value"] for one in item["metrics"]}


def counts(item: Mapping[str, Any]) -> tuple[str, str]:
    """Give an object's successes and failures."""
    found = values(item)
    return found["success_count"], found["failure_count"]


def pod_of(workload: str, number: int = 1) -> str:
    """Name a pod of a Deployment, counted from 1."""
    return f"{workload}-{_HASH}-{number}"


_HASH = "5d4f8"


def _one(inventory: Inventory, namespace: str, workload: str) -> str:
    (found,) = _all(inventory, namespace, workload)
    return found


def _all(inventory: Inventory, namespace: str, workload: str) -> list[str]:
    prefix = f"{namespace}/{workload}-{_HASH}-"
    return sorted(key for key in inventory.pods if key.startswith(prefix))


def _both_sides(
    source: str,
    target: str,
    service: str,
    backend: str,
    status: int,
    bins: Mapping[tuple[float, float], float],
) -> Iterator[Flow]:
    tally = Tally.of_status(status, bins)
    yield Flow(side=Side.SERVER, source=source, destination=target, status=status, tally=tally)
    yield Flow(
        side=Side.CLIENT,
        source=source,
        destination=target,
        service=service,
        backend=backend or service,
        status=status,
        tally=tally,
    )


def _aged(flow: Flow) -> Flow:
    bins = {SLOWEST: 9 * (flow.tally.success + flow.tally.failure)}
    tally = added([flow.tally, Tally.of_status(flow.status, bins)])
    return Flow(
        side=flow.side,
        source=flow.source,
        destination=flow.destination,
        service=flow.service,
        backend=flow.backend,
        status=flow.status,
        tally=tally,
    )


def _object(kind: str, api_version: str, namespace: str, name: str, **rest: Any) -> Json:
    within = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **within, "uid": f"{kind}/{namespace}/{name}", **rest.pop("metadata", {})}
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, **rest}


def _owned_by(owner: Json) -> Json:
    reference = {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return {"ownerReferences": [{**reference, "apiVersion": owner["apiVersion"], "controller": True}]}


def _deployed(namespace: str, name: str, replicas: int = 1) -> list[Json]:
    labels = {"app": name, "side": "client" if name.startswith("client") else "server"}
    deployment = _object("Deployment", "apps/v1", namespace, name, metadata={"labels": labels})
    owned = {**_owned_by(deployment), "labels": labels}
    replica_set = _object("ReplicaSet", "apps/v1", namespace, f"{name}-{_HASH}", metadata=owned)
    pods = [
        _pod(namespace, f"{name}-{_HASH}-{number}", labels, [_owned_by(replica_set)])
        for number in range(1, replicas + 1)
    ]
    return [deployment, replica_set, *pods]


def _pod(namespace: str, name: str, labels: Json, owners: list[Json]) -> Json:
    metadata: Json = {"labels": labels}
    for one in owners:
        metadata |= one
    spec = {"serviceAccountName": labels["app"], "nodeName": NODE}
    return _object("Pod", "v1", namespace, name, metadata=metadata, spec=spec)


def _service(name: str) -> Json:
    selector = {} if name == "website" else {"selector": {"app": name}}
    return _object("Service", "v1", "here", name, spec=selector)


def _split() -> Json:
    backends = [{"service": "website-v1", "weight": 70}, {"service": "website-v2", "weight": 30}]
    spec = {"service": "website", "backends": backends}
    return _object("TrafficSplit", "split.smi-spec.io/v1alpha4", "here", "website-split", spec=spec)
