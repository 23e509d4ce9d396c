"""A real Kubernetes cluster behind the `Cluster` protocol, for one run."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Self

from kubernetes.client import ApiClient

from conformance.cluster.kubernetes import pods
from conformance.cluster.kubernetes.channel import ExecChannel
from conformance.cluster.kubernetes.credentials import Credentials
from conformance.cluster.kubernetes.discovery import Discovery
from conformance.cluster.kubernetes.evidence import Evidence
from conformance.cluster.kubernetes.kinds import NAMESPACE
from conformance.cluster.kubernetes.objects import Objects
from conformance.cluster.kubernetes.ownership import Ownership, sweep
from conformance.cluster.kubernetes.readiness import Readiness
from conformance.cluster.kubernetes.rendering import meshed_namespaces, rendered
from conformance.cluster.kubernetes.rest import Rest
from conformance.cluster.kubernetes.settings import RUN_LABEL, KubernetesSettings
from conformance.cluster.protocol import Channel, PodStatus
from conformance.errors import ProbeError
from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.manifest import Manifest, ObjectRef


class KubernetesCluster:
    """A `Cluster` on an API server. It is open from construction until `close`; safe to use from several threads."""

    def __init__(self, api: ApiClient, settings: KubernetesSettings) -> None:
        """Sweep what killed runs left behind, and create the run's own Namespace.

        Args:
            api: As `connect` gives it; it stays open after `close`.
            settings: The run's.

        Raises:
            UsageError: A run of this id is there.
            EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
        """
        self._settings = settings
        self._rest = Rest(api)
        sweep(api)
        self._discovery = Discovery(self._rest)
        self._objects = Objects(self._rest, self._discovery, run_id=settings.run_id, cluster=settings.name)
        self._credentials = Credentials(self._rest, self._is_ours)
        self._readiness = Readiness(self._rest, self._objects, settings)
        self._meshed: frozenset[str] = frozenset()
        self._ownership: Ownership | None = Ownership(self._rest, settings)
        self._owner = self._ownership.owner

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings.name

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Create or replace objects one after the other, validating strictly.

        Namespaces and pods are enrolled in the mesh as the settings say, and everything carries the run's label.

        Raises:
            ManifestRefusedError: One of them is not accepted, or there is an object of its name that is not this
                run's; those before it are stored.
            EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
        """
        if self._ownership is not None:
            self._ownership.check()
        self._meshed |= meshed_namespaces(manifests)
        self._readiness.expect(manifests)
        for manifest in manifests:
            self._objects.apply(rendered(manifest, self._settings, self._owner, self._meshed))

    def delete(self, refs: Iterable[ObjectRef]) -> None:
        """Delete objects; what is already gone is no error. A Namespace goes by and by.

        Raises:
            NotOursError: One of them is not this run's; those before it are deleted.
            EnvironmentBrokenError: The API server cannot be asked, or the account lacks a right.
        """
        self._objects.delete(refs)

    def read(self, ref: ObjectRef) -> Manifest | None:
        """Read one object back, an SMI object in the newest version served; None when it is not there."""
        return self._objects.read(ref)

    def list(self, kind: str, namespace: str = "") -> tuple[Manifest, ...]:
        """List the objects of a kind, anybody's, in one namespace or in all."""
        return self._objects.list(kind, namespace)

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Say for each SMI kind which versions it is served in, oldest first, as the server says now."""
        return self._discovery.served()

    def call_api(self, request: ApiRequest) -> ApiAnswer:
        """Send one request, and give what is answered, refusals included; only a silent server is asked again.

        Raises:
            EnvironmentBrokenError: The API server gave no answer, or the account is not one of this run's.
        """
        rest = self._credentials.rest_as(request.account) if request.account else self._rest
        return rest.ask(request)

    def pods(self, namespace: str = "") -> tuple[PodStatus, ...]:
        """List the pods that exist now; one that is being deleted is not ready."""
        return tuple(pods.status_of(pod) for pod in self._objects.list("Pod", namespace))

    def await_ready(self, workloads: Iterable[str], deadline: timedelta) -> None:
        """Wait until every pod of these Deployments (keys) is ready.

        Raises:
            NotReadyError: One is not ready by the deadline; the message carries the last reason, the last events
                and the end of the log.
        """
        self._readiness.wait(workloads, deadline)

    def channel(self, workload: str) -> Channel:
        """Open a stream to the probe app of a ready pod of this Deployment (key).

        Raises:
            ProbeError: No such pod, or it is not ready, or the API server leads nobody into it.
        """
        namespace = workload.partition("/")[0]
        for pod in self.pods(namespace):
            if pod.workload == workload and pod.ready:
                return ExecChannel(self._rest, pod.ref, workload)
        raise ProbeError(
            f"no pod of {workload} is ready",
            f"cluster {self.name}, Deployment {workload}",
            "apply the Deployment and wait until it is ready before you ask for a channel",
        )

    def collect_evidence(self, namespaces: Iterable[str], directory: Path) -> None:
        """Write objects, pods' states, events, logs and proxies' configuration, one folder per namespace.

        Raises:
            OSError: The directory cannot be written.
        """
        Evidence(self._rest, self._objects, self._settings.proxy, directory).collect(namespaces)

    def close(self) -> None:
        """Delete what this run created and wait until it is gone. Safe to call twice.

        Raises:
            EnvironmentBrokenError: It is not gone in time, or the API server cannot be asked; the next run will
                see to it then.
        """
        self._credentials.close()
        ownership, self._ownership = self._ownership, None
        if ownership is not None:
            ownership.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _is_ours(self, namespace: str) -> bool:
        found = self._objects.read(ObjectRef(NAMESPACE.kind, "", namespace))
        labels = found.body["metadata"].get("labels", {}) if found else {}
        return bool(labels.get(RUN_LABEL) == self._settings.run_id)
