"""Named ways in which a mesh can be wrong, as changes to the pipeline from outside."""

from conformance.refmesh.faults.fault import FAULTS, Fault, fault_named

__all__ = ["FAULTS", "Fault", "fault_named"]
