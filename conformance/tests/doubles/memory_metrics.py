"""A metrics API in memory: right by itself, and wrong in one named way at a time.

It counts what the prober's double notes of every call, in a way of its own: per pair of pods, with windows by
time. Its faults have the names of the reference mesh's, so that a scenario is tried on both.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from conformance.cluster.embedded.authorisation import is_allowed
from conformance.model.api import ApiAction, ApiAnswer, ApiRequest
from conformance.model.labels import Selector, fits, parse_selector
from conformance.model.manifest import Manifest, ObjectRef

GROUP, VERSION = "metrics.smi-spec.io", "v1alpha1"
_ROOT = f"/apis/{GROUP}/{VERSION}"
_SERVICE = f"/apis/apiregistration.k8s.io/v1/apiservices/{VERSION}.{GROUP}"
WINDOW = timedelta(seconds=10)
KINDS = {
    "daemonsets": "DaemonSet",
    "deployments": "Deployment",
    "jobs": "Job",
    "namespaces": "Namespace",
    "nodes": "Node",
    "pods": "Pod",
    "replicasets": "ReplicaSet",
    "replicationcontrollers": "ReplicationController",
    "services": "Service",
    "statefulsets": "StatefulSet",
    "trafficsplits": "TrafficSplit",
}
FAULTS = frozenset(
    {
        "metrics-accepts-writes",
        "metrics-advertises-unserved",
        "metrics-aggregate-averages",
        "metrics-aggregate-one-pod",
        "metrics-averaged-percentiles",
        "metrics-bare-errors",
        "metrics-counts-connections",
        "metrics-counts-tcp",
        "metrics-denied-as-success",
        "metrics-discovery-empty",
        "metrics-discovery-wrong-kind",
        "metrics-discovery-wrong-scope",
        "metrics-duplicate-names",
        "metrics-edges-assume-namespace",
        "metrics-edges-constant-side",
        "metrics-edges-copy-totals",
        "metrics-edges-declared",
        "metrics-edges-drop-one",
        "metrics-edges-leak",
        "metrics-edges-missing",
        "metrics-edges-pods-for-all",
        "metrics-edges-swap-direction",
        "metrics-edges-under-parent",
        "metrics-edges-wrong-list",
        "metrics-failure-as-success",
        "metrics-forgets-failures",
        "metrics-hides-served",
        "metrics-idle-is-500",
        "metrics-idle-is-nan",
        "metrics-latency-threefold",
        "metrics-list-duplicates",
        "metrics-list-ignores-selector",
        "metrics-list-leaks-namespaces",
        "metrics-list-names-an-object",
        "metrics-mean-for-percentiles",
        "metrics-membership-by-label",
        "metrics-membership-by-prefix",
        "metrics-omits-p90",
        "metrics-one-failed-backend-for-all",
        "metrics-open-to-all",
        "metrics-other-object",
        "metrics-percentiles-since-start",
        "metrics-seconds-as-ms",
        "metrics-selector-filters-series",
        "metrics-selector-merges",
        "metrics-selector-not-shown",
        "metrics-sent-and-received",
        "metrics-split-counts-direct",
        "metrics-split-fixed-weight",
        "metrics-split-root-only",
        "metrics-split-swaps-apex",
        "metrics-stale-figures",
        "metrics-swaps-p90-p99",
        "metrics-timestamp-ahead",
        "metrics-timestamp-stuck",
        "metrics-totals-since-start",
        "metrics-unit-missing",
        "metrics-unknown-is-500",
        "metrics-unknown-is-empty",
        "metrics-value-no-quantity",
        "metrics-window-no-duration",
    }
)
"""The ways in which it can be wrong; the reference mesh has more."""
_WIDE = frozenset({"namespaces", "nodes"})

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One call as the proxies of both ends have it."""

    source: str
    receiver: str
    """Key of the workload it went to, or was refused at."""
    service: str
    status: int
    took: float
    """Unit: seconds."""
    at: datetime
    is_http: bool = True
    connection: int = 0
    """Which connection carried it."""


@dataclass(slots=True)
class MemoryMetrics:
    """Answers requests below ``/apis``; *now* is the clock, *objects* what is stored, *calls* what was noted."""

    objects: Callable[[str], Sequence[Manifest]]
    everything: Callable[[], Mapping[ObjectRef, Manifest]]
    now: Callable[[], datetime]
    fault: str = ""
    calls: list[Noted] = field(default_factory=list)
    _first: dict[str, Any] = field(default_factory=dict)

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer one request."""
        try:
            return self._answer(request)
        except LookupError:
            return self._missing()

    def _is(self, name: str) -> bool:
        assert f"metrics-{name}" in FAULTS
        return self.fault == f"metrics-{name}"

    def _answer(self, request: ApiRequest) -> ApiAnswer:
        path = request.path.rstrip("/")
        if path == f"/apis/{GROUP}":
            versions = [] if self._is("discovery-empty") else [{"version": VERSION}]
            if not versions:
                return _status(404, "NotFound")
            return _json({"kind": "APIGroup", "name": GROUP, "versions": versions})
        if path == _SERVICE:
            condition = {"type": "Available", "status": "True"}
            return _json({"spec": {"group": GROUP}, "status": {"conditions": [condition]}})
        if path == _ROOT:
            return _json(self._discovery())
        if not path.startswith(f"{_ROOT}/"):
            return _status(404, "NotFound")
        return self._resource(request, path.removeprefix(f"{_ROOT}/").split("/"))

    def _discovery(self) -> Mapping[str, Any]:
        names = [] if self._is("discovery-empty") else [*KINDS]
        if self._is("hides-served"):
            names.remove("replicasets")
        entries = [
            {
                "name": name,
                "namespaced": name not in _WIDE or self._is("discovery-wrong-scope"),
                "kind": KINDS[name] if self._is("discovery-wrong-kind") else "TrafficMetrics",
                "verbs": ["get", "list"],
            }
            for name in names
        ]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{GROUP}/{VERSION}",
            "resources": entries,
        }

    def _resource(self, request: ApiRequest, parts: list[str]) -> ApiAnswer:
        namespace = ""
        if parts[0] == "namespaces" and len(parts) > 2 and parts[2] != "edges":
            namespace, parts = parts[1], parts[2:]
        plural, name, rest = parts[0], parts[1] if len(parts) > 1 else "", parts[2:]
        if plural not in KINDS or (self._is("advertises-unserved") and plural == "jobs"):
            return self._missing()
        refused = self._forbidden(request, plural, namespace, name, is_edges=bool(rest))
        if refused or request.method != "GET":
            allowed = _json({}) if self._is("accepts-writes") else _status(405, "MethodNotAllowed")
            return refused or allowed
        if rest == ["edges"]:
            return self._edges(plural, (namespace, name))
        if rest:
            return self._missing()
        if name:
            return self._get(plural, (namespace, name))
        return self._list(plural, namespace, dict(request.query).get("labelSelector", ""))

    def _forbidden(
        self, request: ApiRequest, plural: str, namespace: str, name: str, *, is_edges: bool
    ) -> ApiAnswer | None:
        if request.account is None or self._is("open-to-all"):
            return None
        is_part = is_edges and not self._is("edges-under-parent")
        action = ApiAction(
            account=request.account,
            verb="get" if name else "list",
            group=GROUP,
            resource=f"{plural}/edges" if is_part else plural,
            namespace=namespace,
            name=name,
        )
        return None if is_allowed(self.everything(), action) else _status(403, "Forbidden")

    def _missing(self) -> ApiAnswer:
        if self._is("unknown-is-empty"):
            return _json({})
        if self._is("unknown-is-500"):
            return _status(500, "InternalError")
        return (
            ApiAnswer(status=404, body=b"404 page not found")
            if self._is("bare-errors")
            else _status(404, "NotFound")
        )

    # objects and who belongs to them

    def _objects_of(self, plural: str) -> Mapping[Key, list[Manifest]]:
        """Give every object of a resource with its pods."""
        found: dict[Key, list[Manifest]] = defaultdict(list)
        for pod in self.objects("Pod"):
            for key in self._owners(plural, pod):
                found[key].append(pod)
        if plural == "services":
            for one in self.objects("Service"):
                found.setdefault((one.namespace, one.name), [])
        if plural == "trafficsplits":
            for one in self.objects("TrafficSplit"):
                found.setdefault((one.namespace, one.name), [])
        return found

    def _owners(self, plural: str, pod: Manifest) -> Iterator[Key]:
        workload = _workload(pod)
        match plural:
            case "pods":
                yield pod.namespace, pod.name
            case "deployments":
                yield from self._deployments(pod, workload)
            case "replicasets" | "statefulsets" | "daemonsets" | "jobs" | "replicationcontrollers":
                owner = pod.body["metadata"]["ownerReferences"][0]
                if owner["kind"] == KINDS[plural]:
                    yield pod.namespace, owner["name"]
            case "namespaces":
                yield "", pod.namespace
            case "nodes":
                yield "", pod.body["spec"]["nodeName"]
            case "services":
                for one in self.objects("Service"):
                    selector = one.body["spec"].get("selector", {})
                    if (
                        one.namespace == pod.namespace
                        and selector
                        and selector.items() <= _labels(pod).items()
                    ):
                        yield one.namespace, one.name

    def _deployments(self, pod: Manifest, workload: str) -> Iterator[Key]:
        for one in self.objects("Deployment"):
            app = one.body["spec"]["template"]["metadata"]["labels"].get("app")
            is_mine = one.name == workload
            if self._is("membership-by-prefix"):
                is_mine = pod.name.startswith(one.name)
            if self._is("membership-by-label"):
                is_mine = app == _labels(pod).get("app")
            if one.namespace == pod.namespace and is_mine:
                yield one.namespace, one.name

    # figures

    def _window(self) -> tuple[datetime, datetime]:
        return self.now() - WINDOW, self.now()

    def _inside(self) -> list[Noted]:
        if self._is("stale-figures"):
            done = [one for one in self.calls if one.is_http]
            first = done[0].at if done else self.now()
            return [one for one in done if one.at <= first + timedelta(seconds=3)]
        low, high = self._window()
        return [
            one
            for one in self.calls
            if (one.is_http or self._is("counts-tcp"))
            and (low < one.at <= high or self._is("totals-since-start"))
        ]

    def _get(self, plural: str, key: Key) -> ApiAnswer:
        objects = self._objects_of(plural)
        if key not in objects:
            return self._missing()
        if plural == "trafficsplits":
            return _json(self._as_list(plural, key[0], self._backends(key), name=key[1]))
        if self._is("other-object"):
            key = next((one for one in objects if one != key), key)
        item = self._own(plural, key, objects[key])
        if item is None:
            return _status(500, "InternalError")
        return _json(item)

    def _list(self, plural: str, namespace: str, selector: str) -> ApiAnswer:
        wanted = parse_selector(selector)
        wanted_here = frozenset() if self._is("list-ignores-selector") else wanted
        items: list[Any] = []
        for key, pods in self._objects_of(plural).items():
            leaks = self._is("list-leaks-namespaces")
            if plural not in _WIDE and namespace not in {"", key[0]} and not leaks:
                continue
            if wanted_here and not fits(wanted_here, self._own_labels(plural, key, pods)):
                continue
            own = (
                self._backends(key)
                if plural == "trafficsplits"
                else [self._own(plural, key, pods, only=wanted)]
            )
            items += [one for one in own if one] * (2 if self._is("list-duplicates") else 1)
        if self._is("selector-merges") and wanted and items:
            items = items[:1]
        name = items[0]["resource"]["name"] if items and self._is("list-names-an-object") else ""
        return _json(self._as_list(plural, namespace, items, name=name, selector=wanted))

    def _own_labels(self, plural: str, key: Key, pods: Sequence[Manifest]) -> Mapping[str, str]:
        if plural == "pods":
            return _labels(pods[0])
        own = {(one.namespace, one.name): _labels(one) for one in self.objects(KINDS[plural])}
        return own.get(key, {})

    def _as_list(
        self,
        plural: str,
        namespace: str,
        items: Iterable[Any],
        *,
        name: str = "",
        selector: Selector = frozenset(),
    ) -> Mapping[str, Any]:
        resource = {"kind": KINDS[plural], "namespace": namespace, "name": name}
        body: dict[str, Any] = {
            "kind": "TrafficMetricsList",
            "resource": {key: value for key, value in resource.items() if value},
            "items": list(items),
        }
        if selector and not self._is("selector-not-shown"):
            body["selector"] = {
                "matchExpressions": [
                    {"key": one.key, "operator": one.operator, "values": sorted(one.values)}
                    for one in selector
                ]
            }
        return body

    def _own(self, plural: str, key: Key, pods: Sequence[Manifest], only: Selector = frozenset()) -> Any:
        mine = {_key(pod) for pod in pods}
        received = [one for one in self._inside() if one.receiver in mine]
        if self._is("sent-and-received"):
            received += [one for one in self._inside() if one.source in mine]
        if self._is("selector-filters-series") and only:
            senders = {_key(pod) for pod in self.objects("Pod") if fits(only, _labels(pod))}
            received = [one for one in received if one.source in senders]
        if not received and self._is("idle-is-500"):
            return None
        edge = {"direction": "from", "side": "server", "resource": {}}
        per_pod = [[one for one in received if one.receiver == pod] for pod in sorted(mine)]
        return self._item(_reference(plural, key), edge, received, per_pod)

    def _edges(self, plural: str, key: Key) -> ApiAnswer:
        objects = self._objects_of(plural)
        if key not in objects or self._is("edges-missing"):
            return self._missing()
        mine = {_key(pod) for pod in objects[key]}
        shown = "pods" if self._is("edges-pods-for-all") else plural
        found: dict[tuple[str, Key], list[Noted]] = defaultdict(list)
        for call in self._inside():
            for direction, here, there in (
                ("from", call.receiver, call.source),
                ("to", call.source, call.receiver),
            ):
                if here in mine:
                    for peer, pods in self._objects_of(shown).items():
                        if there in {_key(pod) for pod in pods}:
                            found[direction, peer].append(call)
        self._spoil_edges(found, plural, objects)
        items = [
            self._edge(plural, key, shown, direction, peer, calls)
            for (direction, peer), calls in found.items()
        ]
        if self._is("edges-copy-totals"):
            received = [one for one in self._inside() if one.receiver in mine]
            items = [self._edge(plural, key, shown, direction, peer, received) for direction, peer in found]
        if self._is("edges-wrong-list"):
            return _json(self._as_list(plural, key[0], items))
        return _json(self._as_list(plural, key[0], items, name=key[1]))

    def _spoil_edges(
        self, found: dict[tuple[str, Key], list[Noted]], plural: str, objects: Mapping[Key, Any]
    ) -> None:
        if self._is("edges-drop-one") and found:
            found.pop(next(iter(found)))
        if self._is("edges-declared"):
            for peer in objects:
                found.setdefault(("from", peer), [])
        if self._is("edges-leak"):
            for peer in objects:
                if peer[0].startswith("there") or plural == "namespaces":
                    found.setdefault(("from", peer), [])

    def _edge(
        self, plural: str, key: Key, shown: str, direction: str, peer: Key, calls: Sequence[Noted]
    ) -> Any:
        side = {"from": "server", "to": "client"}[direction]
        if self._is("edges-constant-side"):
            side = "client"
        if self._is("edges-swap-direction"):
            direction = {"from": "to", "to": "from"}[direction]
        if self._is("edges-assume-namespace"):
            peer = (key[0], peer[1])
        edge = {"direction": direction, "side": side, "resource": _reference(shown, peer)}
        return self._item(_reference(plural, key), edge, calls)

    def _backends(self, key: Key) -> list[Any]:
        split = next(one for one in self.objects("TrafficSplit") if (one.namespace, one.name) == key).body[
            "spec"
        ]
        items = []
        pods = self._objects_of("services")
        all_calls = [one for one in self._inside() if one.service == f"{key[0]}/{split['service']}"]
        any_failed = any(one.status >= 500 for one in all_calls)
        for backend in split["backends"]:
            mine = {_key(pod) for pod in pods[key[0], backend["service"]]}
            calls = [one for one in all_calls if one.receiver in mine]
            if self._is("split-counts-direct"):
                calls = [one for one in self._inside() if one.receiver in mine]
            if self._is("split-root-only"):
                calls = all_calls
            if self._is("one-failed-backend-for-all") and any_failed:
                calls = [Noted(**{**_fields(one), "status": 500}) for one in calls]
            names = {"apex": split["service"], "name": backend["service"]}
            if self._is("split-swaps-apex"):
                names = {"apex": names["name"], "name": names["apex"]}
            first = self._first.setdefault(str((key, backend["service"])), backend["weight"])
            weight = first if self._is("split-fixed-weight") else backend["weight"]
            edge = {"direction": "from", "side": "client", "resource": {}}
            item = self._item(_reference("trafficsplits", key), edge, calls)
            items.append({**item, "backend": {**names, "weight": weight}})
        return items

    def _item(
        self,
        resource: Mapping[str, str],
        edge: Mapping[str, Any],
        calls: Sequence[Noted],
        per_pod: Sequence[Sequence[Noted]] = (),
    ) -> dict[str, Any]:
        success, failure = self._counts(calls)
        if len(per_pod) > 1 and self._is("aggregate-averages"):
            success, failure = success / len(per_pod), failure / len(per_pod)
        if len(per_pod) > 1 and self._is("aggregate-one-pod"):
            success, failure = self._counts(per_pod[0])
        took = [self._percentile(calls, percent) for percent in (50, 90, 99)]
        if self._is("averaged-percentiles") and len(per_pod) > 1:
            busy = [one for one in per_pod if one]
            took = [
                sum(self._percentile(one, percent) for one in busy) / max(1, len(busy))
                for percent in (50, 90, 99)
            ]
        return {
            "kind": "TrafficMetrics",
            "resource": resource,
            "edge": edge,
            "timestamp": self._timestamp(),
            "window": "10" if self._is("window-no-duration") else "10s",
            "metrics": self._metrics(took, success, failure, is_idle=not calls),
        }

    def _timestamp(self) -> str:
        if self._is("timestamp-ahead"):
            return str((self.now() + timedelta(minutes=1)).isoformat())
        moment = self._first.setdefault("time", self.now()) if self._is("timestamp-stuck") else self.now()
        return str(moment.isoformat().replace("+00:00", "Z"))

    def _counts(self, calls: Sequence[Noted]) -> tuple[float, float]:
        good = [one for one in calls if 0 < one.status < 500 and one.status != 403]
        bad = [one for one in calls if one not in good]
        if self._is("forgets-failures"):
            bad = []
        if self._is("failure-as-success"):
            good, bad = [one for one in calls if one.status != 403], []
        if self._is("denied-as-success"):
            good, bad = [*good, *(one for one in bad if one.status == 403)], []
        numbers = (float(len(good)), float(len(bad)))
        if self._is("counts-connections"):
            numbers = tuple(float(len({one.connection for one in each})) for each in (good, bad))  # type: ignore[assignment]
        factor = {"metrics-doubled-counts": 2.0, "metrics-rates": 0.1}.get(self.fault, 1.0)
        return numbers[0] * factor, numbers[1] * factor

    def _percentile(self, calls: Sequence[Noted], percent: int) -> float:
        if self._is("percentiles-since-start") and calls:
            ends = {one.receiver for one in calls}
            calls = [one for one in self.calls if one.receiver in ends]
        took = sorted(one.took for one in calls)
        if not took:
            return 0.0
        if self._is("mean-for-percentiles"):
            return sum(took) / len(took)
        return took[max(0, ceil(len(took) * percent / 100) - 1)]

    def _metrics(
        self, took: Sequence[float], success: float, failure: float, *, is_idle: bool
    ) -> list[Mapping[str, Any]]:
        if self._is("latency-threefold"):
            took = [3 * value for value in took]
        if self._is("swaps-p90-p99"):
            took = (took[0], took[2], took[1])
        found: list[dict[str, Any]] = []
        for name, value in zip(("p50", "p90", "p99"), took, strict=True):
            written = f"{round(value * 1000)}m" if self._is("seconds-as-ms") else f"{round(value * 10**6)}u"
            if not self._is("seconds-as-ms"):
                written = f"{round(value * 10**6)}m"  # milliseconds, in thousandths
            if self._is("value-no-quantity"):
                written = f"{value * 1000:.3f}ms"
            if self._is("idle-is-nan") and is_idle:
                written = "NaN"
            unit = {} if self._is("unit-missing") else {"unit": "ms"}
            found.append({"name": f"{name}_response_latency", **unit, "value": written})
        found += [
            {"name": "success_count", "value": _number(success)},
            {"name": "failure_count", "value": _number(failure)},
        ]
        if self._is("omits-p90"):
            found.pop(1)
        if self._is("duplicate-names"):
            found.append(found[0])
        return found


def _number(value: float) -> str:
    return f"{round(value * 1000)}m" if value % 1 else str(round(value))


def _fields(one: Noted) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Noted.__slots__}


def _reference(plural: str, key: Key) -> dict[str, str]:
    named = {"kind": KINDS[plural], "namespace": key[0], "name": key[1]}
    return {name: value for name, value in named.items() if value}


def _labels(pod: Manifest) -> Mapping[str, str]:
    return dict(pod.body["metadata"].get("labels", {}))


def _workload(pod: Manifest) -> str:
    return str(pod.body["metadata"]["annotations"]["workload"])


def _key(pod: Manifest) -> str:
    return f"{pod.namespace}/{_workload(pod)}"


def _json(body: Any) -> ApiAnswer:
    return ApiAnswer(status=200, body=json.dumps(body).encode())


def _status(code: int, reason: str) -> ApiAnswer:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return ApiAnswer(status=code, body=json.dumps(body).encode())
