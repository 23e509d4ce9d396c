"""Turns the world's manifests into what a real cluster gets: pure.

The world says who is there and which ports they serve. What a pod needs on Kubernetes besides (an image that the
cluster has, the probe app's environment, a place for its socket, a probe of readiness, no privileges) is the same
for every pod and is added here, as is the label by which a run knows its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cluster.kubernetes.kinds import NAMESPACE
from conformance.cluster.kubernetes.settings import MESH_LABEL, PROBE_IMAGE, RUN_LABEL, KubernetesSettings
from conformance.model.manifest import Manifest

PROBE_CONTAINER = "probe"
SOCKET_DIRECTORY = "/run/smi"
SOCKET = f"{SOCKET_DIRECTORY}/probe.sock"

_VOLUME = "smi-channel"
_POD_NAME: Mapping[str, Any] = {
    "name": "SMI_POD",
    "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
}
"""Environment variable with the pod's own name; stands before those that refer to it, as Kubernetes wants it."""
_PROBE_USER = 10001
_GRACE = 2
"""How long a pod may take to end. Unit: s. The probe app ends at once, and nobody calls a world that is thrown away;
a namespace controller that finds pods waits for half of this before it looks again."""

# `test` is all that the socket needs: the app makes it when every port is served. It runs once a second until
# then, and seldom afterwards, because starting a process in twenty pods every second is work for a small machine.
_SOCKET_TEST = {"exec": {"command": ["test", "-S", SOCKET]}}
_STARTED = {**_SOCKET_TEST, "periodSeconds": 1, "failureThreshold": 60, "timeoutSeconds": 5}
_READY = {**_SOCKET_TEST, "periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 5}

# On the container, not on the pod: a mesh's init container needs what is taken away here.
_SECURITY = {
    "runAsUser": _PROBE_USER,
    "runAsGroup": _PROBE_USER,
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
_REQUESTS = {"requests": {"cpu": "10m", "memory": "48Mi"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The Namespace that owns what a run creates."""

    name: str
    uid: str

    def reference(self) -> dict[str, str]:
        """Write an entry of ``ownerReferences``."""
        return {"apiVersion": "v1", "kind": NAMESPACE.kind, "name": self.name, "uid": self.uid}


def meshed_namespaces(manifests: Iterable[Manifest]) -> frozenset[str]:
    """Name the Namespaces among *manifests* whose pods belong into the mesh."""
    return frozenset(one.name for one in manifests if one.kind == NAMESPACE.kind and _is_meshed(one))


def rendered(
    manifest: Manifest, settings: KubernetesSettings, owner: Owner, meshed: frozenset[str]
) -> Manifest:
    """Give what the cluster gets for one manifest of the world, or for one SMI object.

    Args:
        manifest: As it is written down.
        settings: The run's.
        owner: Of what lies in no namespace; the rest goes with its namespace.
        meshed: Namespaces whose pods belong into the mesh.
    """
    body = _labelled(manifest.body, {RUN_LABEL: settings.run_id})
    match manifest.kind:
        case NAMESPACE.kind:
            body = _namespace(body, settings, owner)
        case "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController":
            body = _workload(body, settings, is_meshed=manifest.namespace in meshed)
    return Manifest(body)


def _namespace(body: Mapping[str, Any], settings: KubernetesSettings, owner: Owner) -> dict[str, Any]:
    metadata = {**body["metadata"], "ownerReferences": [owner.reference()]}
    key, value = MESH_LABEL
    labels = dict(metadata["labels"])
    if labels.get(key) != value:
        return {**body, "metadata": metadata}
    del labels[key]
    enrolment = settings.enrolment
    metadata["labels"] = {**labels, **enrolment.namespace_labels}
    return _annotated({**body, "metadata": metadata}, enrolment.namespace_annotations)


def _workload(body: Mapping[str, Any], settings: KubernetesSettings, *, is_meshed: bool) -> dict[str, Any]:
    metadata = body["metadata"]
    template = _labelled(body["spec"]["template"], {RUN_LABEL: settings.run_id})
    if is_meshed:
        template = _labelled(template, settings.enrolment.pod_labels)
        template = _annotated(template, settings.enrolment.pod_annotations)
    # Each pod of a StatefulSet is a workload of its own: its name stays.
    name = f"$({_POD_NAME['name']})" if body["kind"] == "StatefulSet" else metadata["name"]
    template["spec"] = _pod(template["spec"], settings, f"{metadata['namespace']}/{name}")
    return {**body, "spec": {**body["spec"], "template": template}}


def _pod(spec: Mapping[str, Any], settings: KubernetesSettings, workload: str) -> dict[str, Any]:
    # The account's token stays mounted: some meshes identify a pod by it.
    return {
        **spec,
        "containers": [_container(one, settings, workload) for one in spec["containers"]],
        "volumes": [*spec.get("volumes", ()), {"name": _VOLUME, "emptyDir": {}}],
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE,
    }


def _container(
    container: Mapping[str, Any], settings: KubernetesSettings, workload: str
) -> Mapping[str, Any]:
    if container.get("image") != PROBE_IMAGE:
        return container
    environment = {"SMI_WORKLOAD": workload, "SMI_BIND": "0.0.0.0", "SMI_SOCKET": SOCKET}  # noqa: S104  a pod's own
    return {
        **container,
        "image": settings.probe_image,
        "imagePullPolicy": settings.pull_policy,
        "command": ["python", "-m", "conformance.probe.app"],
        "env": [
            *([_POD_NAME] if _POD_NAME["name"] in workload else []),
            *({"name": name, "value": value} for name, value in environment.items()),
        ],
        "volumeMounts": [{"name": _VOLUME, "mountPath": SOCKET_DIRECTORY}],
        "securityContext": _SECURITY,
        "resources": _REQUESTS,
        "startupProbe": _STARTED,
        "readinessProbe": _READY,
    }


def _is_meshed(namespace: Manifest) -> bool:
    key, value = MESH_LABEL
    return bool(namespace.body["metadata"].get("labels", {}).get(key) == value)


def _labelled(body: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    return _with(body, "labels", labels)


def _annotated(body: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    return _with(body, "annotations", annotations) if annotations else dict(body)


def _with(body: Mapping[str, Any], field: str, pairs: Mapping[str, str]) -> dict[str, Any]:
    metadata = body.get("metadata", {})
    return {**body, "metadata": {**metadata, field: {**metadata.get(field, {}), **pairs}}}
