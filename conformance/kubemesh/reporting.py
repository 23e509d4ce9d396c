"""Says how the mesh in a cluster is, for people."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from kubernetes.client import ApiClient

from conformance.errors import ConformanceError
from conformance.kubemesh import names
from conformance.kubemesh.conditions import condition_of
from conformance.kubemesh.manifests import crds, injector, path_of
from conformance.kubemesh.metering.settings import window_in
from conformance.kubemesh.rest import Rest
from conformance.kubemesh.trust import METRICS_API, is_our_metrics

_DEPLOYMENT = f"/apis/apps/v1/namespaces/{names.NAMESPACE}/deployments/{names.CONTROL_PLANE}"


def status(api: ApiClient) -> str:
    """Say what of the mesh is installed, how its replicas are, and which sidecars lag behind; several lines.

    Raises:
        EnvironmentBrokenError: The API server refuses, or does not answer.
    """
    rest = Rest(api)
    deployment = rest.find(_DEPLOYMENT)
    if deployment is None:
        return "The reference mesh is not installed."
    replicas = [line for pod in _pods(rest, names.CONTROL_PLANE) for line in _replica(rest, pod)]
    return "\n".join([_counts(deployment), *_webhook(rest), *_definitions(rest), *replicas, *_metrics(rest)])


def installed_window(api: ApiClient) -> timedelta | None:
    """Say what figures of Traffic Metrics cover, on the mesh that is installed; None where that says nothing of it.

    Raises:
        EnvironmentBrokenError: The API server refuses, or does not answer.
    """
    found = Rest(api).find(names.CONFIG_MAP_PATH) or {}
    return window_in(found.get("data") or {})


def _pods(rest: Rest, app: str) -> Iterable[str]:
    found = rest.get(f"{names.NAMESPACE_PATH}/pods", labelSelector=f"app={app}")["items"]
    return [one["metadata"]["name"] for one in found]


def _counts(deployment: Mapping[str, Any]) -> str:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ready = (deployment.get("status") or {}).get("readyReplicas", 0)
    wanted = deployment["spec"]["replicas"]
    return f"Control plane: {ready} of {wanted} replicas ready, image {container['image']}"


def _webhook(rest: Rest) -> Iterable[str]:
    if rest.find(path_of(injector(""))) is None:
        yield "Injection: the webhook is missing, no pod gets a sidecar; install the mesh again"
    else:
        yield f"Injection: pods of namespaces labelled {'='.join(names.MESH_LABEL)}"


def _definitions(rest: Rest) -> Iterable[str]:
    key, value = names.OWNER_LABEL
    for one in crds(""):
        found = rest.find(path_of(one))
        name = one["metadata"]["name"]
        if found is None:
            yield f"CRD {name}: missing"
        else:
            served = [version["name"] for version in found["spec"]["versions"] if version["served"]]
            is_ours = (found["metadata"].get("labels") or {}).get(key) == value
            yield f"CRD {name}: {', '.join(served)}; installed by {'this mesh' if is_ours else 'somebody else'}"


def _replica(rest: Rest, pod: str) -> Iterable[str]:
    try:
        said = _said(rest, pod, names.WEBHOOK_PORT)
    except (ConformanceError, ValueError) as problem:
        yield f"Replica {pod}: does not answer ({getattr(problem, 'what', problem)})"
        return
    yield from replica_lines(said)


def _metrics(rest: Rest) -> Iterable[str]:
    found = rest.find(METRICS_API)
    if found is None:
        yield "Metrics: not served, the APIService is missing; install the mesh again"
        return
    if not is_our_metrics(found):
        yield "Metrics: served by somebody else, the APIService leads elsewhere"
        return
    available = condition_of(found, "Available")
    if available.get("status") != "True":
        yield f"Metrics: the API server does not reach them: {available.get('message', 'not yet tried')}"
    for pod in _pods(rest, names.METRICS):
        try:
            yield from metrics_lines(_said(rest, pod, names.METRICS_PORT))
        except (ConformanceError, ValueError) as problem:
            yield f"Metrics: {pod} does not answer ({getattr(problem, 'what', problem)})"


def _said(rest: Rest, pod: str, port: int) -> Mapping[str, Any]:
    said: Mapping[str, Any] = json.loads(
        rest.text(f"{names.NAMESPACE_PATH}/pods/https:{pod}:{port}/proxy/status")
    )
    return said


def metrics_lines(said: Mapping[str, Any]) -> Iterable[str]:
    """Put into words what the metrics server says of itself."""
    faults = ", ".join(said["faults"]) or "none"
    state = "figures are served" if said["ready"] else "no figures yet"
    source = f"from {said['sidecars']} sidecars" if said["source"] == "sidecars" else f"from {said['source']}"
    yield f"Metrics {said['replica']}: {state}, of {said['window']:g} s, {source}; faults: {faults}"
    for pod in said["silent"]:
        yield f"  the sidecar of {pod} does not tell what it counts"


def replica_lines(said: Mapping[str, Any]) -> Iterable[str]:
    """Put into words what one replica says of itself."""
    sidecars = said["sidecars"]
    current = sum(one["current"] for one in sidecars)
    knows = "knows the cluster" if said["synced"] else "has not listed the whole cluster yet"
    faults = ", ".join(said["faults"]) or "none"
    yield (
        f"Replica {said['replica']}: {knows}; faults: {faults};"
        f" {current} of its {len(sidecars)} sidecars have everything"
    )
    for one in sidecars:
        if not one["current"]:
            yield f"  {one['name']} lags behind"
        for words in one["refusals"]:
            yield f"  {one['name']} refused {words}"
