"""Says in words why a pod, or a Deployment, is not ready."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from conformance.cluster.embedded.pods import PodRunner
from conformance.cluster.protocol import PodStatus
from conformance.errors import ConformanceError, EnvironmentBrokenError, NotReadyError
from conformance.model.manifest import Manifest


def unready_reason(pod: Manifest) -> str:
    """Say why *pod* is not ready; empty when it is."""
    conditions = pod.body["status"]["conditions"]
    if not conditions:
        return "it has not started yet"
    return str(conditions[0].get("message", ""))


def first_failure(runners: Iterable[Iterable[PodRunner]]) -> ConformanceError | None:
    """Find a pod that waiting cannot help, since this machine lacks what it needs."""
    failures = (runner.failure for group in runners for runner in group)
    return next((one for one in failures if isinstance(one, EnvironmentBrokenError)), None)


def not_ready(workload: str, pods: Sequence[PodStatus], deadline: timedelta) -> NotReadyError:
    """Describe what keeps a Deployment (key) from being ready."""
    where = f"local cluster, Deployment {workload}"
    waited = f"within {deadline.total_seconds():g} s"
    own = [pod for pod in pods if pod.workload == workload and not pod.ready]
    if not own:
        return NotReadyError(
            f"{workload} has no pods that could become ready {waited}", where, "apply the Deployment first"
        )
    return NotReadyError(
        f"{own[0].ref} did not become ready {waited}: {own[0].reason}",
        where,
        "read the end of the log above; where it says nothing, allow more time",
    )
