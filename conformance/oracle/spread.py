"""How often each workload is expected to answer."""

from collections.abc import Sequence

from conformance.model.expectation import Access, Spread
from conformance.model.manifest import Manifest
from conformance.model.scenario import SplitProbe
from conformance.model.topology import Topology
from conformance.model.traffic import Cell, Target
from conformance.oracle.division import Division
from conformance.oracle.reading import read_policy
from conformance.oracle.table import division_of, expected_at


def expected_spread(
    manifests: Sequence[Manifest], topology: Topology, probe: SplitProbe, *, access: bool = True
) -> Spread:
    """Say how the calls of *probe* are to be shared out.

    Args:
        manifests: Every SMI object in force, in any versions, with real namespaces.
        topology: The world they speak about; its workloads are taken to be ready.
        probe: What is asked, with real keys.
        access: Whether the provider serves the access API; where it does not, nothing is refused.

    Returns:
        Shares where a split gives them and every backend may be reached; otherwise who may answer. Nobody
        may where *among* is empty.

    Raises:
        ScenarioError: The probe names a workload or a Service that the world does not have.
    """
    policy = read_policy(manifests)
    target = Target(name=probe.service, port=probe.port, form=probe.form)
    cell = Cell(source=probe.source, target=target, request=probe.request)
    division = division_of(policy, topology, cell)
    granted = {
        end.workload.key: expected_at(policy, topology, cell, end, access=access) for end in division.ends
    }
    refused = {key: one.because for key, one in granted.items() if one.access is Access.DENIED}
    unsure = {key: one.because for key, one in granted.items() if one.access is Access.OPEN}
    if not (refused or unsure):
        return _whole(division)
    return _restricted(division, refused, unsure)


def _whole(division: Division) -> Spread:
    return Spread(
        shares=division.shares,
        behind=division.behind,
        among=frozenset(end.workload.key for end in division.ends),
        because=division.because,
        required=division.required,
        may_fail=division.may_fail,
    )


def _restricted(division: Division, refused: dict[str, str], unsure: dict[str, str]) -> Spread:
    """Leave out who may not be reached; whether its share fails or moves is open, and so is who is then seen.

    Without a split, those who may be reached have to be seen all the same.
    """
    among = frozenset(end.workload.key for end in division.ends) - refused.keys()
    certain = among - unsure.keys() if division.shares is None else frozenset()
    required = certain if division.required is None else certain & division.required
    reasons = "; ".join(sorted({*refused.values(), *unsure.values()}))
    return Spread(
        shares=None,
        among=among,
        because=f"{division.because}; {reasons}",
        required=required,
        may_fail=True,
    )
