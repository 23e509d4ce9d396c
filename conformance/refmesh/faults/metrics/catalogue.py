"""Every fault of the metrics API."""

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics import (
    aggregates,
    counts,
    discovery,
    edges,
    lists,
    rights,
    shape,
    splits,
)

FAULTS: tuple[Fault, ...] = (
    *discovery.FAULTS,
    *shape.FAULTS,
    *counts.FAULTS,
    *aggregates.FAULTS,
    *lists.FAULTS,
    *edges.FAULTS,
    *splits.FAULTS,
    *rights.FAULTS,
)
"""In the order in which a reader meets them: from what is served to who may see it."""
