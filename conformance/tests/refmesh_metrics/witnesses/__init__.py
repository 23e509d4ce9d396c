"""For each fault of the metrics API a question that tells it from the clean one."""

from conformance.tests.refmesh_metrics.witnesses import figures, items, lists, peers, refusals

WITNESSES = {
    **refusals.WITNESSES,
    **items.WITNESSES,
    **figures.WITNESSES,
    **lists.WITNESSES,
    **peers.WITNESSES,
}
"""By fault: a question, the right answer to it, and the wrong one."""
