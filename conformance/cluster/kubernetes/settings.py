"""What a run on Kubernetes is told, and the names by which its objects are recognised."""

from dataclasses import dataclass

from conformance.model.enrolment import Enrolment

RUN_LABEL = "smi-conformance/run"
"""On everything a run creates; its value is the run's id. What lacks it, or has another value, is never touched."""

RUN_PREFIX = "smi-run-"
"""Begins the name of the Namespace that owns everything else a run creates."""

MESH_LABEL = ("smi-conformance/mesh", "enabled")
"""In the world's manifests: the pods of this namespace belong into the mesh. `Enrolment` says how that is said."""

PROBE_IMAGE = "smi-conformance/probe"
"""In the world's manifests: the image of the probe app, whatever its name in this cluster."""


REFERENCE_ENROLMENT = Enrolment(namespace_labels=dict([MESH_LABEL]))
"""The reference mesh takes the world's own label as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAdmin:
    """Where the proxy beside a workload tells what it is configured to do: HTTP on the pod's loopback address."""

    container: str
    port: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesSettings:
    """What `KubernetesCluster` needs to know beside a connection."""

    run_id: str
    """Part of the run's Namespace, and value of its label: letters, digits and hyphens, at most 50."""
    name: str
    """What people call the cluster: ``kind``, or a kubeconfig's context."""
    probe_image: str
    """Such as ``smi-conformance/probe:0.1.0-3f2a``; the cluster's nodes have it or can pull it."""
    pull_policy: str = "IfNotPresent"
    """``IfNotPresent``, ``Always`` or ``Never``."""
    enrolment: Enrolment = REFERENCE_ENROLMENT
    proxy: ProxyAdmin | None = None
    """None where proxies tell nothing, or there is none beside a workload."""

    @property
    def run_namespace(self) -> str:
        """Name the Namespace that owns everything else."""
        return RUN_PREFIX + self.run_id

    @property
    def selector(self) -> str:
        """Select what this run has created."""
        return f"{RUN_LABEL}={self.run_id}"
