"""The ways in which the API can be wrong, each with the name of the reference mesh's fault; that one has more."""

from collections.abc import Mapping

from conformance.tests.doubles.memory_metrics.faults import asking, documents, figures, peers
from conformance.tests.doubles.memory_metrics.steps import Steps

FAULTS: Mapping[str, Steps] = {
    **asking.FAULTS,
    **figures.FAULTS,
    **documents.FAULTS,
    **peers.FAULTS,
}
"""By the name of a fault: the steps of an API that has it."""
