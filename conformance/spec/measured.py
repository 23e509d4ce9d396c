"""What Traffic Metrics has figures for, and what the figures are called, as the document lists them."""

from dataclasses import dataclass

from conformance.spec.groups import ApiGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredResource:
    """A resource of ``metrics.smi-spec.io``: a kind of Kubernetes object that traffic is associated with."""

    plural: str
    kind: str
    namespaced: bool = True
    groups: tuple[str, ...] = ("",)
    """API groups in which Kubernetes has the kind, or once had it; empty is its core."""


_WORKLOADS = ("apps", "extensions")

MEASURED_RESOURCES: tuple[MeasuredResource, ...] = (
    MeasuredResource(plural="daemonsets", kind="DaemonSet", groups=_WORKLOADS),
    MeasuredResource(plural="deployments", kind="Deployment", groups=_WORKLOADS),
    MeasuredResource(plural="jobs", kind="Job", groups=("batch", "extensions")),
    MeasuredResource(plural="namespaces", kind="Namespace", namespaced=False),
    MeasuredResource(plural="nodes", kind="Node", namespaced=False),
    MeasuredResource(plural="pods", kind="Pod"),
    MeasuredResource(plural="replicasets", kind="ReplicaSet", groups=_WORKLOADS),
    MeasuredResource(plural="replicationcontrollers", kind="ReplicationController"),
    MeasuredResource(plural="services", kind="Service"),
    MeasuredResource(plural="statefulsets", kind="StatefulSet", groups=_WORKLOADS),
    MeasuredResource(plural="trafficsplits", kind="TrafficSplit", groups=(ApiGroup.SPLIT.value,)),
)
"""Spec: traffic-metrics v1alpha1, "Kubernetes API": the full list. Scopes as Kubernetes has them."""

_BY_PLURAL = {one.plural: one for one in MEASURED_RESOURCES}

SUCCESS_COUNT = "success_count"
FAILURE_COUNT = "failure_count"
LATENCIES: tuple[tuple[str, int], ...] = (
    ("p50_response_latency", 50),
    ("p90_response_latency", 90),
    ("p99_response_latency", 99),
)
"""Names of the latencies, and which percentile each is."""

METRIC_NAMES: tuple[str, ...] = (*(name for name, _ in LATENCIES), SUCCESS_COUNT, FAILURE_COUNT)
"""Spec: traffic-metrics v1alpha1, "TrafficMetrics": by example."""


def measured_resource(plural: str) -> MeasuredResource | None:
    """Find the resource that is called *plural*; None where metrics have no such resource."""
    return _BY_PLURAL.get(plural)


def measured_kind(kind: str) -> MeasuredResource | None:
    """Find the resource of a kind, however its letters are written: the SDK has ``Daemonset``."""
    return next((one for one in MEASURED_RESOURCES if one.kind.lower() == kind.lower()), None)
