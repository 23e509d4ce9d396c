"""Every fault, by name."""

from collections.abc import Mapping
from difflib import get_close_matches

from conformance.errors import UsageError
from conformance.refmesh.faults import (
    admission,
    behind_splits,
    conditions,
    edits,
    enforcement,
    exemptions,
    first_request,
    grants,
    latecomers,
    lifecycle,
    neighbours,
    parties,
    ports,
    references,
    resembling,
    returning,
    split_choices,
    split_ways,
    split_weights,
    splits,
    successors,
    unreadable,
    wholesale,
)
from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics import (
    aggregates,
    conventions,
    counts,
    discovery,
    edges,
    latencies,
    lists,
    mistaken,
    peers,
    proxies,
    refusals,
    remembering,
    rights,
    shape,
    windows,
)
from conformance.refmesh.faults.metrics import splits as split_figures

_ALL: tuple[Fault, ...] = (
    *wholesale.FAULTS,
    *parties.FAULTS,
    *resembling.FAULTS,
    *references.FAULTS,
    *conditions.FAULTS,
    *unreadable.FAULTS,
    *ports.FAULTS,
    *grants.FAULTS,
    *enforcement.FAULTS,
    *exemptions.FAULTS,
    *first_request.FAULTS,
    *lifecycle.FAULTS,
    *edits.FAULTS,
    *successors.FAULTS,
    *latecomers.FAULTS,
    *returning.FAULTS,
    *neighbours.FAULTS,
    *splits.FAULTS,
    *split_weights.FAULTS,
    *split_choices.FAULTS,
    *split_ways.FAULTS,
    *behind_splits.FAULTS,
    *admission.FAULTS,
    *discovery.FAULTS,
    *refusals.FAULTS,
    *rights.FAULTS,
    *conventions.FAULTS,
    *shape.FAULTS,
    *windows.FAULTS,
    *latencies.FAULTS,
    *counts.FAULTS,
    *proxies.FAULTS,
    *remembering.FAULTS,
    *aggregates.FAULTS,
    *lists.FAULTS,
    *mistaken.FAULTS,
    *edges.FAULTS,
    *peers.FAULTS,
    *split_figures.FAULTS,
)

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _ALL}
"""Every fault, by name, in the order in which a reader meets them: from coarse to fine, access before
splits.
"""


def fault_named(name: str) -> Fault:
    """Find a fault.

    Raises:
        UsageError: There is none of that name; the message names the nearest.
    """
    if name in FAULTS:
        return FAULTS[name]
    near = get_close_matches(name, FAULTS, n=3) or sorted(FAULTS)
    raise UsageError(
        f"the reference mesh has no fault {name!r}", "the list of faults", f"one of: {', '.join(near)}"
    )
