"""What Traffic Metrics has figures for, and what the figures are called, as the document lists them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredResource:
    """A resource of ``metrics.smi-spec.io``: a kind of Kubernetes object that traffic is associated with."""

    plural: str
    kind: str
    namespaced: bool = True


MEASURED_RESOURCES: tuple[MeasuredResource, ...] = (
    MeasuredResource(plural="daemonsets", kind="DaemonSet"),
    MeasuredResource(plural="deployments", kind="Deployment"),
    MeasuredResource(plural="jobs", kind="Job"),
    MeasuredResource(plural="namespaces", kind="Namespace", namespaced=False),
    MeasuredResource(plural="nodes", kind="Node", namespaced=False),
    MeasuredResource(plural="pods", kind="Pod"),
    MeasuredResource(plural="replicasets", kind="ReplicaSet"),
    MeasuredResource(plural="replicationcontrollers", kind="ReplicationController"),
    MeasuredResource(plural="services", kind="Service"),
    MeasuredResource(plural="statefulsets", kind="StatefulSet"),
    MeasuredResource(plural="trafficsplits", kind="TrafficSplit"),
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
