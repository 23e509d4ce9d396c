"""Says how the mesh in a cluster is, for people."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kubernetes.client import ApiClient

from conformance.errors import ConformanceError
from conformance.kubemesh import names
from conformance.kubemesh.manifests import crds, injector, path_of
from conformance.kubemesh.rest import Body, Rest

_NAMESPACE = f"/api/v1/namespaces/{names.NAMESPACE}"
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
    replicas = [line for pod in _pods(rest) for line in _replica(rest, pod["metadata"]["name"])]
    return "\n".join([_counts(deployment), *_webhook(rest), *_definitions(rest), *replicas])


def _pods(rest: Rest) -> Iterable[Body]:
    found: Iterable[Body] = rest.get(f"{_NAMESPACE}/pods", labelSelector=f"app={names.CONTROL_PLANE}")[
        "items"
    ]
    return found


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
    path = f"{_NAMESPACE}/pods/https:{pod}:{names.WEBHOOK_PORT}/proxy/status"
    try:
        said = json.loads(rest.text(path))
    except (ConformanceError, ValueError) as problem:
        yield f"Replica {pod}: does not answer ({getattr(problem, 'what', problem)})"
        return
    yield from replica_lines(said)


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
