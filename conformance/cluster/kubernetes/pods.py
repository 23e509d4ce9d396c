"""Reads pods and Deployments: whose a pod is, whether it is ready, and why not. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.cluster.protocol import PodStatus
from conformance.model.manifest import Manifest

HASH_LABEL = "pod-template-hash"
_DIRECT_OWNERS = frozenset({"DaemonSet", "Job", "ReplicationController"})
_DELETED = "it is being deleted"


def status_of(pod: Manifest) -> PodStatus:
    """Say how a pod is."""
    reason = unready_reason(pod)
    return PodStatus(
        ref=pod.ref,
        workload=workload_of(pod),
        address=str(pod.body.get("status", {}).get("podIP", "")),
        ready=not reason,
        reason=reason,
    )


def workload_of(pod: Manifest) -> str:
    """Give the key of the workload a pod belongs to; empty when it belongs to none.

    That is its Deployment, DaemonSet, Job or ReplicationController; a StatefulSet's pod, whose name stays, is a
    workload itself.
    """
    metadata = pod.body["metadata"]
    suffix = f"-{metadata.get('labels', {}).get(HASH_LABEL, '')}"
    for owner in metadata.get("ownerReferences", ()):
        name = str(owner["name"])
        if owner["kind"] == "ReplicaSet" and len(suffix) > 1 and name.endswith(suffix):
            return f"{pod.namespace}/{name.removesuffix(suffix)}"
        if owner["kind"] == "StatefulSet":
            return f"{pod.namespace}/{pod.name}"
        if owner["kind"] in _DIRECT_OWNERS:
            return f"{pod.namespace}/{name}"
    return ""


def made_by(manifest: Manifest) -> tuple[str, ...]:
    """Give the keys of the workloads whose pods something else than a Deployment makes; none for all the rest."""
    key = f"{manifest.namespace}/{manifest.name}"
    if manifest.kind == "StatefulSet":
        return tuple(f"{key}-{number}" for number in range(manifest.body["spec"].get("replicas", 1)))
    return (key,) if manifest.kind in _DIRECT_OWNERS else ()


def container_names(pod: Manifest) -> tuple[str, ...]:
    """Name a pod's containers, the first ones to run first."""
    spec = pod.body["spec"]
    return tuple(one["name"] for field in ("initContainers", "containers") for one in spec.get(field) or ())


def counts(pod: Manifest) -> bool:
    """Say whether a pod stands for its Deployment: one that is going away, or has ended, is replaced by another."""
    is_over = pod.body.get("status", {}).get("phase") in {"Failed", "Succeeded"}
    return not is_over and not pod.body["metadata"].get("deletionTimestamp")


def unready_reason(pod: Manifest) -> str:
    """Say why a pod is not ready; empty when it is."""
    if pod.body["metadata"].get("deletionTimestamp"):
        return _DELETED
    status = pod.body.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions", ())}
    if conditions.get("Ready", {}).get("status") == "True":
        return ""
    return "; ".join(_reasons(status, conditions)) or "it has not started yet"


def troubled_containers(pod: Manifest) -> tuple[str, ...]:
    """Name the containers that keep a pod from being ready."""
    return tuple(str(one["name"]) for one in _states(pod.body.get("status", {})) if not _is_fine(one))


def is_complete(deployment: Mapping[str, Any]) -> bool:
    """Say whether every pod of a Deployment is ready and as it was last applied."""
    wanted = deployment["spec"].get("replicas", 1)
    status = deployment.get("status", {})
    return bool(
        status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
        and all(
            status.get(field, 0) == wanted
            for field in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        )
    )


def troubles_of(deployment: Mapping[str, Any]) -> str:
    """Say what a Deployment's conditions complain of; empty when of nothing."""
    conditions = deployment.get("status", {}).get("conditions", ())
    wrong = {("ReplicaFailure", "True"), ("Progressing", "False")}
    return "; ".join(one.get("message", "") for one in conditions if (one["type"], one["status"]) in wrong)


def _reasons(status: Mapping[str, Any], conditions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        yield f"it is on no node: {scheduled.get('message', '')}"
    for container in _states(status):
        if not _is_fine(container):
            yield f"container {container['name']} {_state(container)}"
    if status.get("message"):
        yield str(status["message"])


def _states(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for field in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(field) or ()


def _is_fine(container: Mapping[str, Any]) -> bool:
    ended = container.get("state", {}).get("terminated")
    return bool(container.get("ready")) or (ended is not None and ended.get("exitCode") == 0)


def _state(container: Mapping[str, Any]) -> str:
    state = container.get("state", {})
    if "waiting" in state:
        said = "waits" + _words(state["waiting"])
    elif "terminated" in state:
        said = f"has ended with {state['terminated'].get('exitCode')}{_words(state['terminated'])}"
    elif container.get("started") is False:
        said = "runs and has not started up"
    else:
        said = "runs and is not ready"
    restarts = container.get("restartCount", 0)
    return said + (f", after {restarts} restarts" if restarts else "")


def _words(state: Mapping[str, Any]) -> str:
    said = [str(state[field]) for field in ("reason", "message") if state.get(field)]
    return f" ({': '.join(said)})" if said else ""
