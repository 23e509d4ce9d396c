"""Named ways in which a mesh can be wrong, as changes to the pipeline from outside.

The clean path knows nothing of them. Each module holds the faults of one subject.
"""

from conformance.refmesh.faults.catalogue import FAULTS, fault_named
from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages, WrongApi

__all__ = ["FAULTS", "Fault", "MetricsStages", "WrongApi", "fault_named"]
