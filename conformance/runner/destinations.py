"""Whom a call can lead to, splits and grants aside."""

from conformance.model.topology import Topology, Workload
from conformance.model.traffic import AddressForm, Target


def destinations(target: Target, topology: Topology) -> tuple[Workload, ...]:
    """List the workloads that a target can lead to."""
    if target.form is AddressForm.POD:
        return (topology.workloads[target.name],)
    return topology.behind(topology.services[target.name])
