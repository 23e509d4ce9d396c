"""Makes an installed mesh wrong in named ways, and right again, while it runs."""

import logging
import secrets
import time
from collections.abc import Iterable
from datetime import timedelta

from kubernetes.client import ApiClient

from conformance.errors import ConformanceError, NotReadyError, UsageError
from conformance.kubemesh import names
from conformance.kubemesh.conditions import holds
from conformance.kubemesh.rest import Rest
from conformance.refmesh.faults import Fault, fault_named

logger = logging.getLogger(__name__)

_PODS = f"{names.NAMESPACE_PATH}/pods"
_PAUSE = 0.02  # seconds between two looks


def faults_data(faults: Iterable[str]) -> dict[str, str]:
    """Write what stands in the ConfigMap.

    Raises:
        UsageError: A fault of that name does not exist, or not in a cluster.
    """
    listed = [_in_cluster(fault_named(one)).name for one in faults]
    return {names.FAULTS_KEY: "\n".join(listed), names.SERIAL_KEY: secrets.token_hex(8)}


def _in_cluster(fault: Fault) -> Fault:
    if fault.admission:
        raise UsageError(
            f"the fault {fault.name!r} needs a mesh that validates SMI objects",
            "the reference mesh in a cluster, which has no validating webhook",
            "use --smi-cluster=local for this fault",
        )
    return fault


def set_faults(api: ApiClient, faults: Iterable[str], patience: timedelta = timedelta(seconds=30)) -> None:
    """Make the mesh wrong in these ways and in no others. When this returns, the sidecars are it as well.

    Raises:
        UsageError: A fault of that name does not exist; then nothing changes.
        NotReadyError: A replica of the control plane has not acted on it in time.
        EnvironmentBrokenError: The API server refuses, or does not answer.
    """
    rest = Rest(api)
    data = faults_data(faults)
    rest.patch(names.CONFIG_MAP_PATH, {"data": data})
    deadline = time.monotonic() + patience.total_seconds()
    while behind := _behind(rest, data[names.SERIAL_KEY]):
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"not every replica of the control plane has acted on the faults: {', '.join(behind)}",
                f"ConfigMap {names.NAMESPACE}/{names.CONFIG_MAP}",
                "see the status of the mesh and the logs of its control plane",
            )
        time.sleep(_PAUSE)


def say_acted(rest: Rest, replica: str, serial: str) -> None:
    """Note on the ConfigMap that a replica has acted on a change of the faults; what goes wrong is logged."""
    try:
        rest.patch(names.CONFIG_MAP_PATH, {"metadata": {"annotations": {f"{names.ACTED}/{replica}": serial}}})
    except ConformanceError as problem:
        logger.warning("cannot say that faults are acted on: %s", problem.what)


def _behind(rest: Rest, serial: str) -> list[str]:
    """List the replicas of control plane and metrics server that have not acted on a change; those that are not ready
    do nothing.
    """
    noted = rest.get(names.CONFIG_MAP_PATH)["metadata"].get("annotations") or {}
    pods = rest.get(_PODS, labelSelector=f"app in ({names.CONTROL_PLANE},{names.METRICS})").get("items") or ()
    replicas = [one["metadata"]["name"] for one in pods if holds(one, "Ready")]
    return (
        [one for one in replicas if noted.get(f"{names.ACTED}/{one}") != serial]
        if replicas
        else ["none runs"]
    )
