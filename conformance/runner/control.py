"""Opens every path that was refused, or silent, and shows that calls get through: else silence is no evidence.

It comes after the last step, so nothing it does can touch what was measured. A path is source, target and port. For a
source without a proxy nothing can be granted; it has to reach a place outside the mesh, and somebody else the port.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain

from conformance.judge import classify
from conformance.model.expectation import Access
from conformance.model.topology import AppProtocol, Topology, Workload
from conformance.model.traffic import (
    Cell,
    HttpRequest,
    Outcome,
    Request,
    Target,
    TcpRequest,
    Witnessed,
)
from conformance.runner.beacon import SOURCE
from conformance.runner.destinations import destinations
from conformance.runner.measure import Asked, AskedAccess, AskedSplit
from conformance.runner.metering import AskedMetrics
from conformance.runner.stage import Stage
from conformance.runner.waiting import await_agreement
from conformance.scenario import control_manifests
from conformance.spec import Bundle

OUTSIDER = "outside/outsider"
_REQUEST = HttpRequest(path="/control")

Path = tuple[str, str, int]
"""Source key, target name, port."""


def unproven_paths(asked: Iterable[Asked], witnessed: Iterable[Witnessed]) -> tuple[Cell, ...]:
    """Name one cell for each path that was to be silent, or was, and on which no call was let through so far."""
    proven = {path_of(one.cell) for one in witnessed if classify(one) is Outcome.ALLOWED}
    found: dict[Path, Cell] = {}
    for cell in chain.from_iterable(map(_silenced, asked)):
        if path_of(cell) not in proven:
            found.setdefault(path_of(cell), cell)
    return tuple(found.values())


def path_of(cell: Cell) -> Path:
    """Say which path a cell takes; a control on it speaks for every request."""
    return cell.source, cell.target.name, cell.target.port


def _silenced(asked: Asked) -> Iterable[Cell]:
    match asked:
        case AskedAccess(table=table) | AskedMetrics(table=table):
            yield from (cell for cell, expected in table.items() if expected.access is Access.DENIED)
        case AskedSplit(test=test, cell=cell) if test.is_silent:
            yield cell


def show_control(stage: Stage, refused: Sequence[Cell], bundle: Bundle) -> tuple[Witnessed, ...]:
    """Grant everything on the paths of *refused*, wait until that works, and ask each path again.

    Returns:
        The one asking that counts, with a call for everybody behind a path; how the wait ended shows in it.
    """
    topology = stage.world.topology
    cells = tuple(dict.fromkeys(each for cell in refused for each in _control_cells(stage, cell)))
    opened = [path for cell in cells for path in _grants(cell, topology)]
    stage.policy.change(apply=control_manifests(opened, bundle))
    settings = stage.provider.convergence
    turns = turns_of(cells, topology)
    await_agreement(
        lambda: _closed(_ask(stage, cells, turns, tasting=True)),
        window=timedelta(0),
        deadline=settings.deadline,
        clock=stage.clock,
    )
    return _ask(stage, cells, turns)


def turns_of(cells: Iterable[Cell], topology: Topology) -> int:
    """Say how often to ask so that everybody behind a Service is met, though calls may go round unevenly."""
    most = max((len(destinations(cell.target, topology)) for cell in cells), default=1)
    return 2 * most if most > 1 else 1


def _ask(stage: Stage, cells: Sequence[Cell], turns: int, *, tasting: bool = False) -> tuple[Witnessed, ...]:
    settings = stage.provider.convergence
    timeout = settings.waiting_call if tasting else settings.measured_call
    return stage.caller.ask(cells, stage.world.receivers, repeat=turns, timeout=timeout, tasting=tasting)


def _closed(witnessed: Sequence[Witnessed]) -> str:
    closed = [str(one.cell) for one in witnessed if classify(one) is not Outcome.ALLOWED]
    return f"the control {closed[0]} does not get through" if closed else ""


def _control_cells(stage: Stage, refused: Cell) -> tuple[Cell, ...]:
    topology = stage.world.topology
    request = _request_for(refused.target, topology)
    if topology.workloads[refused.source].meshed:
        return (Cell(source=refused.source, target=refused.target, request=request),)
    outside = Target(name=stage.world.key(OUTSIDER), port=8080)
    return (
        Cell(source=refused.source, target=outside, request=_REQUEST),
        Cell(source=stage.world.key(SOURCE), target=refused.target, request=request),
    )


def _request_for(target: Target, topology: Topology) -> Request:
    for workload in destinations(target, topology):
        for port in workload.ports:
            if port.number == target.port and port.protocol is AppProtocol.TCP:
                return TcpRequest()
    return _REQUEST


def _grants(cell: Cell, topology: Topology) -> Iterable[tuple[Workload, Workload, bool]]:
    source = topology.workloads[cell.source]
    for destination in destinations(cell.target, topology):
        if source.meshed and destination.meshed:
            yield source, destination, isinstance(cell.request, TcpRequest)
