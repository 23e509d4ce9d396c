"""Waits until Deployments are ready, and says what keeps one from it."""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from conformance.cluster.kubernetes import pods
from conformance.cluster.kubernetes.kinds import DEPLOYMENT
from conformance.cluster.kubernetes.logs import event_lines, log_end
from conformance.cluster.kubernetes.objects import Objects
from conformance.cluster.kubernetes.rest import Rest
from conformance.cluster.kubernetes.settings import KubernetesSettings
from conformance.cluster.kubernetes.watching import followed
from conformance.errors import NotReadyError
from conformance.model.manifest import Manifest, ObjectRef

_LOG_SIZE = 1500
"""How much of the end of a log stands in a message. Unit: characters."""
_PAUSE = 0.3
"""Between two looks at pods. Unit: s."""
_EVENTS = 5
"""How many of the last events stand in a message."""


class Readiness:
    """Waits for the Deployments of one run."""

    def __init__(self, rest: Rest, objects: Objects, settings: KubernetesSettings) -> None:
        self._rest = rest
        self._objects = objects
        self._settings = settings
        self._others: set[str] = set()

    def expect(self, manifests: Iterable[Manifest]) -> None:
        """Hear what was applied: pods that something else than a Deployment makes are waited for one by one."""
        self._others |= {key for one in manifests for key in pods.made_by(one)}

    def wait(self, workloads: Iterable[str], deadline: timedelta) -> None:
        """Wait until every pod of these Deployments (keys) is ready.

        Raises:
            NotReadyError: One is not ready by the deadline.
            EnvironmentBrokenError: The API server cannot be asked.
        """
        end = time.monotonic() + deadline.total_seconds()
        asked = frozenset(workloads)
        others = asked & self._others
        if waiting_pods := self._wait_for_others(others, end):
            raise self._not_ready(waiting_pods[0], {}, deadline)
        wanted = asked - others
        if not wanted:
            return
        path = DEPLOYMENT.path(DEPLOYMENT.api_version)
        waiting: list[str] = []
        seen: Mapping[str, Mapping[str, Any]] = {}
        for seen in followed(self._rest, path, self._settings.selector, deadline):
            waiting = [key for key in wanted if key not in seen or not pods.is_complete(seen[key])]
            if not waiting:
                waiting = self._wait_for_pods(wanted, end)
                break
        if waiting:
            raise self._not_ready(min(waiting), seen, deadline)

    def _wait_for_others(self, workloads: frozenset[str], end: float) -> list[str]:
        while waiting := sorted(workloads - self._with_ready_pods(workloads)):
            if time.monotonic() > end:
                return waiting
            time.sleep(_PAUSE)
        return []

    def _wait_for_pods(self, workloads: frozenset[str], end: float) -> list[str]:
        """Wait for the pods themselves: after the restart of a node, a Deployment's status lags behind theirs.

        Returns:
            Keys of the Deployments that have an unready pod when time is over.
        """
        while waiting := self._with_unready_pods(workloads):
            if time.monotonic() > end:
                return waiting
            time.sleep(_PAUSE)
        return []

    def _with_ready_pods(self, workloads: frozenset[str]) -> frozenset[str]:
        namespaces = {key.partition("/")[0] for key in workloads}
        found = (pod for one in namespaces for pod in self._objects.list("Pod", one))
        return frozenset(pods.workload_of(one) for one in found if not pods.unready_reason(one))

    def _with_unready_pods(self, workloads: frozenset[str]) -> list[str]:
        namespaces = {key.partition("/")[0] for key in workloads}
        found = (pod for one in namespaces for pod in self._objects.list("Pod", one))
        keys = {pods.workload_of(one) for one in found if pods.counts(one) and pods.unready_reason(one)}
        return sorted(keys & workloads)

    def _not_ready(
        self, workload: str, seen: Mapping[str, Mapping[str, Any]], deadline: timedelta
    ) -> NotReadyError:
        where = f"cluster {self._settings.name}, workload {workload}"
        waited = f"within {deadline.total_seconds():g} s"
        if workload not in seen and workload not in self._others:
            return NotReadyError(f"there is no Deployment {workload}", where, "apply it first")
        namespace, _, name = workload.partition("/")
        found = (pod for pod in self._objects.list("Pod", namespace) if pods.workload_of(pod) == workload)
        pod = next((one for one in found if pods.unready_reason(one)), None)
        if pod is None:
            said = pods.troubles_of(seen.get(workload, {})) or "the cluster has made no pod of it"
            said += self._last_events(namespace, name)
            return NotReadyError(f"{workload} has no pod that became ready {waited}: {said}", where, _HINT)
        said = pods.unready_reason(pod) + self._last_events(namespace, pod.name) + self._log_ends(pod)
        return NotReadyError(f"{pod.ref} did not become ready {waited}: {said}", where, _HINT)

    def _last_events(self, namespace: str, name: str) -> str:
        events = self._objects.list("Event", namespace)
        about = [one for one in events if str(one.body["involvedObject"].get("name", "")).startswith(name)]
        lines = event_lines(about)[-_EVENTS:]
        return "".join(f"\n  event: {line}" for line in lines)

    def _log_ends(self, pod: Manifest) -> str:
        return "".join(self._log_end(pod.ref, container) for container in pods.troubled_containers(pod))

    def _log_end(self, pod: ObjectRef, container: str) -> str:
        end = log_end(self._rest, pod, container, _LOG_SIZE).strip()
        is_told = not end or "is waiting to start" in end
        return "" if is_told else f"\n  end of the log of {container}: {end}"


_HINT = "read the reasons above; where they say nothing, allow more time"
