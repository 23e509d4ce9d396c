"""Brings the reference mesh into a cluster, and takes it out again."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.client import ApiClient

from conformance.errors import NotReadyError, UsageError
from conformance.kubemesh import names
from conformance.kubemesh.authority import shared_authority
from conformance.kubemesh.conditions import holds
from conformance.kubemesh.faulting import faults_data
from conformance.kubemesh.manifests import (
    MeshInstall,
    control_plane,
    crds,
    injector,
    metrics_server,
    path_of,
)
from conformance.kubemesh.metering.settings import window_data
from conformance.kubemesh.rest import Body, Rest
from conformance.kubemesh.trust import METRICS_API, is_our_metrics
from conformance.refmesh.certificates import Authority

Tell = Callable[[str], object]
"""Hears what is going on, a sentence at a time."""

_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{names.NAMESPACE}/deployments"
_PODS = f"{names.NAMESPACE_PATH}/pods"
_PATIENCE = 180.0  # seconds until the control plane has to run; a guess, pulling the image takes longest
_LEAVING = 120.0  # seconds until everything has to be gone
_PAUSE = 0.2  # seconds between two looks
_NAMED = 5  # objects that a message names


def install(api: ApiClient, wanted: MeshInstall, tell: Tell) -> None:
    """Install the mesh, or make an installation what *wanted* says; nothing changes where it is that already.

    CRDs that somebody else has installed are used as they are.

    Raises:
        UsageError: A fault of that name does not exist, or the mesh's namespace is somebody else's.
        NotReadyError: The control plane does not come to run; the message says what its pods say.
        EnvironmentBrokenError: The API server refuses something, or does not answer.
    """
    rest = Rest(api)
    data = faults_data(wanted.faults) | window_data(wanted.window)
    _check_namespace(rest)
    for one in control_plane(wanted):
        if one["kind"] == "Service":  # what the Deployment needs to start has to be there before
            rest.apply(names.CONFIG_MAP_PATH, _config_map(data))
            authority = shared_authority(rest)
            _install_crds(rest, wanted, authority, tell)
        rest.apply(path_of(one), one)
    tell(f"waiting for the control plane, {wanted.replicas} of {wanted.image}")
    await_deployment(rest, names.CONTROL_PLANE)
    webhook = injector(authority.pem)
    rest.apply(path_of(webhook), webhook)
    _install_metrics(rest, wanted, authority, tell)
    tell(f"pods of namespaces labelled {'='.join(names.MESH_LABEL)} join the mesh from now on")


def uninstall(api: ApiClient, tell: Tell, *, with_objects: bool = False) -> None:
    """Remove the mesh and all that its installation made. What is gone already is no error.

    Pods that have a sidecar keep it, and its last policy, until they are deleted.

    Args:
        api: The cluster.
        tell: Hears what is going on.
        with_objects: Remove the SMI objects as well that people have written: with CRDs of ours they all go.

    Raises:
        UsageError: There are such objects, and they were not given up; then nothing is removed.
        NotReadyError: Something does not go.
        EnvironmentBrokenError: The API server refuses something, or does not answer.
    """
    rest = Rest(api)
    if not with_objects:
        _check_nothing_is_lost(rest)
    # First: while its server goes, an API that does not answer would keep every namespace from being deleted.
    if _is_ours(rest.find(METRICS_API)):
        _remove(rest, METRICS_API)
    rest.delete(path_of(injector("")))
    # The control plane has to be there for its CRDs to go: their objects may have to be converted.
    for one in crds(""):
        if _is_ours(rest.find(path_of(one))):
            tell(f"removing CRD {one['metadata']['name']} and its objects")
            _remove(rest, path_of(one))
    nothing = MeshInstall(image="")
    written = [*control_plane(nothing), *metrics_server(nothing, "")]
    # What is in the mesh's own namespace goes with it.
    elsewhere = [one for one in written if one["metadata"].get("namespace") != names.NAMESPACE]
    for one in reversed(elsewhere):
        if _is_ours(rest.find(path_of(one))):
            _remove(rest, path_of(one))
    tell("the reference mesh is not installed any more")


def _check_nothing_is_lost(rest: Rest) -> None:
    """See that no SMI object goes with a CRD of ours."""
    ours = [one for one in crds("") if _is_ours(rest.find(path_of(one)))]
    found = [name for one in ours for name in _objects_of(rest, one)]
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise UsageError(
            f"SMI objects would go with the CRDs of this installation: {', '.join(found[:_NAMED])}{more}",
            "the whole cluster; nothing was removed",
            "delete them first, or say --with-objects to remove them as well",
        )


def _objects_of(rest: Rest, crd: Body) -> list[str]:
    spec = crd["spec"]
    stored = next(one["name"] for one in spec["versions"] if one["storage"])
    path = f"/apis/{spec['group']}/{stored}/{spec['names']['plural']}"
    metadata = [one["metadata"] for one in (rest.find(path) or {}).get("items") or ()]
    return [f"{spec['names']['kind']} {one.get('namespace', '')}/{one['name']}" for one in metadata]


def _install_metrics(rest: Rest, wanted: MeshInstall, authority: Authority, tell: Tell) -> None:
    *server, api_service = metrics_server(wanted, authority.pem)
    for one in server:
        rest.apply(path_of(one), one)
    tell("waiting for the metrics server")
    await_deployment(rest, names.METRICS)
    found = rest.find(METRICS_API)
    if found and not is_our_metrics(found):
        tell(f"APIService {found['metadata']['name']} is there already and stays as it is: it is not ours")
        return
    if found:  # a port that the server has chosen stays
        api_service["spec"]["service"]["port"] = found["spec"]["service"].get("port")
    rest.apply(METRICS_API, api_service)
    _await(lambda: holds(rest.get(METRICS_API), "Available"), f"{METRICS_API} is available", _PATIENCE)


def await_deployment(rest: Rest, name: str) -> None:
    """Wait until every replica of a part of the mesh runs as its Deployment says.

    Raises:
        NotReadyError: They do not in time.
    """
    deadline = time.monotonic() + _PATIENCE
    while not _is_rolled_out(rest.get(f"{_DEPLOYMENTS}/{name}")):
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"the Deployment {name} of the reference mesh does not run",
                f"Deployment {names.NAMESPACE}/{name}: {_pod_reasons(rest, name)}",
                "see that the image can be pulled, or load it into the cluster's nodes",
            )
        time.sleep(_PAUSE)


def _check_namespace(rest: Rest) -> None:
    found = rest.find(names.NAMESPACE_PATH)
    if found and _is_ours(found) and "deletionTimestamp" in found["metadata"]:
        _await(lambda: rest.find(names.NAMESPACE_PATH) is None, "the former installation is gone", _LEAVING)
    elif found and not _is_ours(found):
        raise UsageError(
            "the namespace is there, but no installation of ours made it",
            names.NAMESPACE,
            "remove or rename it, and install again",
        )


def _is_ours(found: Body | None) -> bool:
    key, value = names.OWNER_LABEL
    return bool(found and (found["metadata"].get("labels") or {}).get(key) == value)


def _config_map(data: Mapping[str, str]) -> Body:
    metadata = {"name": names.CONFIG_MAP, "namespace": names.NAMESPACE, "labels": dict((names.OWNER_LABEL,))}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def _install_crds(rest: Rest, wanted: MeshInstall, authority: Authority, tell: Tell) -> None:
    if not wanted.crds:
        return
    for one in crds(authority.pem):
        found = rest.find(path_of(one))
        if found and not _is_ours(found):
            tell(f"CRD {one['metadata']['name']} is there already and stays as it is")
            continue
        rest.apply(path_of(one), one)
        _await_established(rest, path_of(one))


def _await_established(rest: Rest, path: str) -> None:
    _await(lambda: holds(rest.get(path), "Established"), f"{path} is served", _PATIENCE)


def _is_rolled_out(deployment: Body) -> bool:
    status, replicas = deployment.get("status") or {}, deployment["spec"]["replicas"]
    is_seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    counts = {status.get(one, 0) for one in ("replicas", "updatedReplicas", "readyReplicas")}
    return is_seen and counts == {replicas}


def _remove(rest: Rest, path: str) -> None:
    if rest.delete(path):
        _await(lambda: rest.find(path) is None, f"{path} is gone", _LEAVING)


def _await(holds: Callable[[], bool], what: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"after {patience:.0f} s still not so: {what}", "the cluster", "see the events of the cluster"
            )
        time.sleep(_PAUSE)


def _pod_reasons(rest: Rest, app: str) -> str:
    pods = rest.get(_PODS, labelSelector=f"app={app}").get("items") or ()
    return "; ".join(f"{one['metadata']['name']} {_reason(one)}" for one in pods) or "no pods"


def _reason(pod: Mapping[str, Any]) -> str:
    status = pod.get("status") or {}
    states = [one.get("state") or {} for one in status.get("containerStatuses") or ()]
    told = [
        f"{one['waiting'].get('reason')}: {one['waiting'].get('message')}"
        for one in states
        if "waiting" in one
    ]
    return ", ".join(told) or str(status.get("phase"))
