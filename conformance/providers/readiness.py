"""Whether a mesh's own workload is ready, and whether a pod has joined, told from stored objects. Pure."""

from collections.abc import Mapping
from typing import Any

from conformance.providers.profile import JoinedBy


def progress_of(body: Mapping[str, Any] | None) -> str:
    """Say what a Deployment, StatefulSet or DaemonSet lacks; empty when all its pods are ready.

    Args:
        body: As it is stored; None when it is not there.
    """
    if body is None:
        return "is not there"
    wanted, ready = _counts(body)
    if wanted == 0:
        return "has no pods to run"
    return "" if ready >= wanted else f"is not ready: {ready} of {wanted} pods are"


def outage_of(body: Mapping[str, Any] | None) -> str:
    """Say why nobody does a workload's work; empty while any of its pods is ready, as in a roll-out.

    Args:
        body: As it is stored; None when it is not there.
    """
    return "" if body is not None and _counts(body)[1] else progress_of(body)


def _counts(body: Mapping[str, Any]) -> tuple[int, int]:
    """Count the pods that are wanted, and those that are ready."""
    status = body.get("status", {})
    if body["kind"] == "DaemonSet":
        return status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    return body["spec"].get("replicas", 1), status.get("readyReplicas", 0)


def missing_in(pod: Mapping[str, Any], joined_by: JoinedBy) -> str:
    """Say what a pod lacks that has joined; empty when it has all, or nothing would show.

    Args:
        pod: As it is stored.
        joined_by: What the mesh gives to pods. A proxy may be an init container that goes on running.
    """
    metadata, spec = pod.get("metadata", {}), pod.get("spec", {})
    containers = {one["name"] for one in (*spec.get("containers", ()), *spec.get("initContainers", ()))}
    if joined_by.container and joined_by.container not in containers:
        return f"no container {joined_by.container!r}"
    if joined_by.label and joined_by.label not in (metadata.get("labels") or {}):
        return f"no label {joined_by.label!r}"
    if joined_by.annotation and joined_by.annotation not in (metadata.get("annotations") or {}):
        return f"no annotation {joined_by.annotation!r}"
    return ""
