"""The expected truth table, cell by cell."""

from collections.abc import Sequence

from conformance.errors import ScenarioError
from conformance.model.expectation import Access, Expected, TruthTable
from conformance.model.manifest import Manifest
from conformance.model.topology import Topology
from conformance.model.traffic import AddressForm, Cell
from conformance.oracle.access import decide
from conformance.oracle.division import Asked, Division, divide
from conformance.oracle.grants import End
from conformance.oracle.places import hosts_of, pod_end, service_of, workload_of
from conformance.oracle.policy import Policy
from conformance.oracle.reading import read_policy
from conformance.oracle.threeway import agreed


def expected_table(
    manifests: Sequence[Manifest], topology: Topology, cells: Sequence[Cell], *, access: bool = True
) -> TruthTable:
    """Say for each cell what the manifests mean.

    Args:
        manifests: Every SMI object in force, in any versions, with real namespaces.
        topology: The world they speak about.
        cells: What is asked.
        access: Whether the provider serves the access API; where it does not, nothing is refused.

    Returns:
        One expectation per cell, in the order of *cells*. Where a call may arrive at several workloads and
        they differ, the answer is open: `expected_for_responder` judges each answer by who gave it. A port
        on which nobody listens is open too, since its silence is no refusal.

    Raises:
        ScenarioError: A cell names a workload or a Service that the world does not have.
    """
    policy = read_policy(manifests)
    return {cell: _expected(policy, topology, cell, access=access) for cell in cells}


def expected_for_responder(  # noqa: PLR0913  # the call, who received it and where, and what decides
    manifests: Sequence[Manifest],
    topology: Topology,
    cell: Cell,
    responder: str,
    port: int | None = None,
    *,
    access: bool = True,
) -> Expected:
    """Say whether *responder*, a workload's key, may receive and answer *cell*.

    It may not where it is not behind the target, or a split gives it nothing, or at another port than its
    Service maps to: "Mapping between `port` and `targetPort` occurs on each backend service individually."

    Args:
        manifests: Every SMI object in force.
        topology: The world they speak about.
        cell: What was asked.
        responder: Who received it.
        port: Where its application received it; None where that is not known.
        access: Whether the provider serves the access API.

    Raises:
        ScenarioError: The cell names a workload or a Service that the world does not have.
    """
    policy = read_policy(manifests)
    division = division_of(policy, topology, cell)
    ends = [one for one in division.ends if one.workload.key == responder]
    end = next((one for one in ends if port in {None, one.port}), None)
    if end is not None:
        return expected_at(policy, topology, cell, end, access=access)
    right = " or ".join(str(one.port) for one in ends)
    because = (
        f"{cell.target} leads to port {right} of {responder} and not to {port}: {division.because}"
        if ends
        else f"{responder} has no part in {cell.target}: {division.because}"
    )
    return Expected(access=Access.DENIED, because=because)


def division_of(policy: Policy, topology: Topology, cell: Cell) -> Division:
    """Find who may receive *cell*, access aside."""
    source, target = workload_of(topology, cell.source), cell.target
    if target.form is AddressForm.POD:
        pod = workload_of(topology, target.name)
        return Division(
            ends=pod_end(topology, pod, target.port), because=f"{pod.key} is called by its address"
        )
    service = service_of(topology, target.name)
    if target.form is AddressForm.SHORT and source.namespace != service.namespace:
        raise ScenarioError(
            f"the bare name {service.name!r} means another Service in namespace {source.namespace!r}",
            str(cell),
            "call by the Service's full name, or from a workload of its namespace",
        )
    asked = Asked(
        source=source,
        service=service,
        port=target.port,
        request=cell.request,
        hosts=hosts_of(topology, source, target),
    )
    return divide(policy, topology, asked)


def _expected(policy: Policy, topology: Topology, cell: Cell, *, access: bool) -> Expected:
    division = division_of(policy, topology, cell)
    if not division.ends:
        return Expected(access=Access.OPEN, because=f"nobody listens on {cell.target}")
    found = [expected_at(policy, topology, cell, end, access=access) for end in division.ends]
    answer = agreed(one.access for one in found)
    if answer is Access.ALLOWED and division.may_fail:
        return Expected(access=Access.OPEN, because=division.because)
    if answer is Access.ALLOWED and cell.target.form is AddressForm.POD and division.ends[0].workload.meshed:
        # A refusal holds for every form of address; that a grant does is said of Services only.
        because = f"{found[0].because}; whether that holds for a pod's own address is not settled"
        return Expected(access=Access.OPEN, because=because)
    if len({one.access for one in found}) == 1:
        return found[0]
    words = "; ".join(
        f"{end.workload.key} {one.access.value}" for end, one in zip(division.ends, found, strict=True)
    )
    return Expected(access=answer, because=f"it depends on who is reached: {words}")


def expected_at(policy: Policy, topology: Topology, cell: Cell, end: End, *, access: bool) -> Expected:
    """Say whether *cell* may arrive at *end*."""
    if not access:
        return Expected(access=Access.ALLOWED, because="the provider does not serve the access API")
    source = workload_of(topology, cell.source)
    return decide(policy, source, end, cell.request, hosts_of(topology, source, cell.target))
