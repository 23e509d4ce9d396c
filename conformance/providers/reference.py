"""The reference mesh as a provider: Envoy beside every meshed pod, steered by our own control plane.

It reads the cluster's objects through the cluster's watch and hands them to `refmesh`, which knows no cluster.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from conformance.cluster import Change, EmbeddedCluster, Sandbox, Sidecar
from conformance.model.manifest import ObjectRef
from conformance.model.scenario import ConvergenceSettings, Feature, MetricsSettings
from conformance.model.topology import Service
from conformance.providers.protocol import HeadersShape, kinds_of
from conformance.providers.reference_metrics import PERIOD, WINDOW, ReferenceMetrics
from conformance.refmesh import ControlPlane, envoy_version
from conformance.spec import ApiGroup, ApiVersion, Level

MESH_LABEL = "smi-conformance/mesh"
"""Label of namespaces whose pods get a sidecar, when its value is ``enabled``."""

VALIDATOR = "validate.smi-reference-mesh.svc"
"""Name under which the mesh is asked about SMI objects before they are stored."""

_BIN = Fraction(6, 5)
"""What Envoy's own bins make of a time: they are 10 percent wide. A little more, for a timer that is early."""


class ReferenceMesh:
    """The reference mesh on an embedded cluster. Also its injector: it prepares the sidecars of meshed pods."""

    name = "reference"
    features = frozenset(Feature)
    levels = frozenset(Level)
    headers_shape: HeadersShape = "map"
    webhooks = frozenset({VALIDATOR})
    convergence = ConvergenceSettings(deadline=timedelta(seconds=2), window=timedelta(milliseconds=20))
    """Changes arrive within some 25 ms; two seconds is a generous guess for a machine under load."""

    looked_for_metrics = "the reference mesh always has them"
    metrics = MetricsSettings(window=WINDOW, lag=timedelta(seconds=0.25), stretch=3 * PERIOD, resolution=_BIN)
    """A window begins with the sample before it, so it may be longer by the time between two; by more under load."""

    def __init__(self, cluster: EmbeddedCluster, faults: Iterable[str] = ()) -> None:
        self._cluster = cluster
        self._faults = tuple(faults)
        self._plane = ControlPlane(cluster.scratch, _Interception(cluster))
        self._objects: dict[ObjectRef, Mapping[str, Any]] = {}
        self._lock = threading.Lock()
        self._metrics = ReferenceMetrics(
            cluster, lambda: tuple(self._objects.values()), self._plane.metrics_stages
        )

    def served(self) -> Mapping[ApiGroup, tuple[ApiVersion, ...]]:
        """Serve every version of every group that stores objects, and metrics."""
        stored = {group: tuple(ApiVersion) for group in (ApiGroup.ACCESS, ApiGroup.SPECS, ApiGroup.SPLIT)}
        return {**stored, ApiGroup.METRICS: (ApiVersion.V1ALPHA1,)}

    def kinds(self) -> Mapping[str, tuple[ApiVersion, ...]]:
        """Serve every kind."""
        return kinds_of(self.served())

    def host(self, service: Service) -> str:
        """Take calls to the Service's own name."""
        return service.fqdn

    def check_joined(self, namespaces: Iterable[str]) -> None:
        """Do nothing: the embedded cluster starts no pod of such a namespace without its sidecar."""

    def check_running(self) -> None:
        """Do nothing: the control plane lives in this very process."""

    def start(self) -> None:
        """Start the control plane and take in the pods that start from now on.

        Raises:
            EnvoyMissingError: There is no Envoy, or it does not run here.
            UsageError: A fault of that name does not exist.
        """
        self._plane.set_faults(self._faults)
        self._plane.start()
        self._cluster.join(self)
        self._cluster.validate(_Validator(self._plane))
        self._cluster.watch(self._take)
        self._metrics.start()

    def set_faults(self, names: Iterable[str]) -> None:
        """Become another wrong mesh, or none. When this returns, the sidecars are it as well.

        Raises:
            UsageError: A fault of that name does not exist.
        """
        self._plane.set_faults(tuple(names))
        self._plane.await_current(self.convergence.deadline)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name the proxy and its version."""
        return (("proxy", f"Envoy {envoy_version()}"),)

    def close(self) -> None:
        """Stop the control plane; the sidecars end with their pods."""
        self._metrics.close()
        self._plane.close()

    def inject(self, sandbox: Sandbox) -> Sidecar | None:
        """Prepare an Envoy for a pod in a namespace that carries the mesh's label."""
        if not self._is_enrolled(sandbox.pod.namespace):
            return None
        launch = self._plane.sidecar(sandbox.pod.body, sandbox.app_address, sandbox.directory)
        return Sidecar(
            argv=launch.argv,
            environment=launch.environment,
            log_name=launch.log.name,
            is_ready=launch.is_ready,
        )

    def removed(self, pod: ObjectRef) -> None:
        """Forget a pod that is gone."""
        self._plane.forget(f"{pod.namespace}/{pod.name}")

    def _is_enrolled(self, namespace: str) -> bool:
        found = self._objects.get(ObjectRef("Namespace", "", namespace))
        labels = found["metadata"].get("labels", {}) if found else {}
        return bool(labels.get(MESH_LABEL) == "enabled")

    def _take(self, change: Change) -> None:
        with self._lock:
            for manifest in change.stored:
                self._objects[manifest.ref] = manifest.body
            for ref in change.deleted:
                self._objects.pop(ref, None)
            self._metrics.forget()
            self._plane.replace(self._objects.values())


class _Validator:
    """The control plane, in the place of a validating webhook."""

    name = VALIDATOR

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def why_denied(self, body: Mapping[str, Any]) -> str:
        return self._plane.why_denied(body)


class _Interception:
    """The embedded cluster's stand-in for iptables, in the words of the reference mesh."""

    def __init__(self, cluster: EmbeddedCluster) -> None:
        self._cluster = cluster

    def listen_address(self, caller_address: str, target_address: str) -> str:
        return self._cluster.intercepted_address(caller_address, target_address)
