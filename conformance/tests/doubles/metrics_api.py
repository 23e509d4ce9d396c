"""A metrics API that says what a test wants: a list of TrafficMetrics objects, found as a real one is."""

import json
from collections.abc import Mapping
from typing import Any

from conformance.cluster.embedded.api_front import status_answer
from conformance.model.api import ApiAnswer, ApiRequest

GROUP, VERSION = "metrics.smi-spec.io", "v1alpha1"
ROOT = f"/apis/{GROUP}/{VERSION}"
_RESOURCES = {"namespaces": False, "pods": True, "deployments": True, "trafficsplits": True}


def an_object(
    name: str = "shop",
    namespace: str = "here",
    *,
    kind: str = "Deployment",
    success: object = "90",
    failure: object = "10",
    latencies: tuple[object, object, object] = ("5", "20", "300"),
    unit: str | None = "ms",
    **rest: Any,
) -> dict[str, Any]:
    """Build a TrafficMetrics object of 100 calls in 10 s; *rest* replaces fields."""
    percentiles = zip((50, 90, 99), latencies, strict=True)
    timed = [
        {"name": f"p{one}_response_latency", "value": value, **({} if unit is None else {"unit": unit})}
        for one, value in percentiles
    ]
    counted = [{"name": "success_count", "value": success}, {"name": "failure_count", "value": failure}]
    return {
        "kind": "TrafficMetrics",
        "apiVersion": f"{GROUP}/{VERSION}",
        "resource": {"kind": kind, "namespace": namespace, "name": name},
        "edge": {"direction": "from", "side": "server", "resource": {}},
        "timestamp": "2026-01-02T03:04:05Z",
        "window": "10s",
        "metrics": [*timed, *counted],
        **rest,
    }


def an_edge(name: str, peer: str, direction: str = "from", **rest: Any) -> dict[str, Any]:
    """Build one edge of a Deployment in ``here``; *peer* is ``name`` or ``namespace/name``."""
    namespace, _, other = peer.rpartition("/")
    reference = {"kind": "Deployment", "namespace": namespace or "here", "name": other}
    side = "server" if direction == "from" else "client"
    return an_object(name, edge={"direction": direction, "side": side, "resource": reference}, **rest)


def a_list(*items: Mapping[str, Any]) -> dict[str, Any]:
    """Build a TrafficMetricsList."""
    return {"kind": "TrafficMetricsList", "apiVersion": f"{GROUP}/{VERSION}", "items": list(items)}


class StubApi:
    """Answers by path, and notes what was asked."""

    group, version = GROUP, VERSION

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        """By path below the version; an `ApiAnswer` is given as it is, else the body of a 200."""
        self.asked: list[ApiRequest] = []
        resources = [{"name": name, "namespaced": scope} for name, scope in _RESOURCES.items()]
        edges = [{"name": f"{name}/edges", "namespaced": scope} for name, scope in _RESOURCES.items()]
        self.documents[""] = {"kind": "APIResourceList", "resources": [*resources, *edges]}

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer as scripted; anything else is not found."""
        self.asked.append(request)
        found = self.documents.get(request.path.removeprefix(ROOT).rstrip("/"))
        if found is None:
            return status_answer(404, "NotFound", f"{request.path} not found")
        if isinstance(found, ApiAnswer):
            return found
        return ApiAnswer(status=200, body=json.dumps(found).encode())
