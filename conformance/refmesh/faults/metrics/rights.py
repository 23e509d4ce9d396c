"""APIs that show figures to those who have no right to see them."""

from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages
from conformance.refmesh.metrics.api import Action


def _under_parent(action: Action) -> Action:
    return replace(action, resource=action.resource.partition("/")[0])


def _anywhere(action: Action) -> Action | None:
    return None if action.namespace else action


FAULTS = (
    Fault(
        name="metrics-open-to-all",
        says="Everybody may read all figures, whatever RBAC says.",
        metrics=MetricsStages(may=lambda _: None),
    ),
    Fault(
        name="metrics-edges-under-parent",
        says="Whoever may read an object may read its edges: pods/edges is no right of its own.",
        metrics=MetricsStages(may=_under_parent),
    ),
    Fault(
        name="metrics-open-in-namespaces",
        says="Rights are asked for only where figures of the whole cluster are wanted.",
        metrics=MetricsStages(may=_anywhere),
    ),
)
