"""Metrics APIs that ask for other rights than the text has."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages
from conformance.refmesh.metrics.api import Action


def _as_parent(action: Action) -> Action:
    return replace(action, resource=action.resource.removesuffix("/edges"))


def _cluster_only(action: Action) -> Action | None:
    return None if action.namespace else action


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="metrics-open-to-all",
        says="Whoever is known may read all metrics, whatever RBAC says.",
        metrics=MetricsStages(may=lambda _: None),
    ),
    Fault(
        name="metrics-edges-under-parent",
        says="Whoever may read an object may read its edges, and nobody else.",
        metrics=MetricsStages(may=_as_parent),
    ),
    Fault(
        name="metrics-open-in-namespaces",
        says="Rights are asked for only where figures of the whole cluster are wanted.",
        metrics=MetricsStages(may=_cluster_only),
    ),
)
