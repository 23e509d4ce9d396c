"""Drives traffic for metrics, and keeps the books of it: what was asked of each call, and what both ends saw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from conformance.judge import DrivenCall
from conformance.model.expectation import Access, TruthTable
from conformance.model.measuring import Drive
from conformance.model.metrics import CallClass, CallEntry
from conformance.model.topology import Topology
from conformance.model.traffic import AddressForm, Cell, HttpRequest, TcpRequest, Witnessed
from conformance.probe.messages import CUT, DELAY_AT_HEADER, DELAY_HEADER, STATUS_HEADER
from conformance.runner.destinations import destinations

_T = TypeVar("_T")
_OK = 200
_UNANSWERED = 0
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One call that is to be made, and how the application is to answer it."""

    cell: Cell
    """As the drive has it."""
    request: Cell
    """The same with the headers that tell the application."""
    status: int
    """0 where it is to give no answer."""
    delay: timedelta
    delay_at: str
    """Key of the only workload that waits; empty where whoever receives it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """Traffic that was driven."""

    calls: tuple[DrivenCall, ...]
    begun: datetime
    ended: datetime
    """Every call was between these two."""

    def with_witnessed(self, witnessed: Mapping[str, Witnessed]) -> "Driven":
        """Give the same calls with more receipts."""
        calls = tuple(
            replace(one, witnessed=witnessed.get(one.witnessed.call.id, one.witnessed)) for one in self.calls
        )
        return replace(self, calls=calls)


def wishes_of(drives: Sequence[Drive]) -> tuple[Wish, ...]:
    """Write out every call of *drives*; those that are answered otherwise or later come first."""
    return tuple(wish for drive in drives for wish in _wishes(drive))


def entries_of(driven: Driven, table: TruthTable, topology: Topology) -> tuple[CallEntry, ...]:
    """Enter each call in the ledger.

    Args:
        driven: Sound traffic: each call ended as was planned, and as both ends agree.
        table: What the manifests mean for each cell.
        topology: Who is there.
    """
    return tuple(_entry(driven, one, table, topology) for one in driven.calls)


def _wishes(drive: Drive) -> Iterator[Wish]:
    cut = ((_UNANSWERED, drive.unanswered),)
    statuses = _spread((*cut, *drive.answers), drive.calls, _OK)
    delays = _spread(drive.delays, drive.calls, timedelta(0))
    for status, delay in zip(statuses, delays, strict=True):
        told = _telling(drive.cell, status, delay, drive.delays_at)
        yield Wish(cell=drive.cell, request=told, status=status, delay=delay, delay_at=drive.delays_at)


def _spread(pairs: Sequence[tuple[_T, int]], calls: int, otherwise: _T) -> list[_T]:
    found = [value for value, number in pairs for _ in range(number)]
    return found + [otherwise] * (calls - len(found))


def _telling(cell: Cell, status: int, delay: timedelta, delay_at: str) -> Cell:
    if not isinstance(cell.request, HttpRequest):
        return cell
    told = []
    if status != _OK:
        told.append((STATUS_HEADER, str(status) if status else CUT))
    if delay:
        told.append((DELAY_HEADER, str(delay // timedelta(milliseconds=1))))
    if delay and delay_at:
        told.append((DELAY_AT_HEADER, delay_at))
    return replace(cell, request=replace(cell.request, headers=(*cell.request.headers, *told)))


def _entry(driven: Driven, one: DrivenCall, table: TruthTable, topology: Topology) -> CallEntry:
    witnessed, target = one.witnessed, one.cell.target
    receipt = witnessed.receipts[0] if witnessed.receipts else None
    receiver = receipt.responder if receipt else destinations(target, topology)[0].key
    return CallEntry(
        source=one.cell.source,
        receiver=receiver,
        service="" if target.form is AddressForm.POD else target.name,
        counts_as=_class(one, refused=receipt is None or table[one.cell].access is Access.DENIED),
        begun=driven.begun,
        ended=driven.ended,
        fastest=one.delay if receipt and one.delay_at in {"", receiver} else timedelta(0),
        slowest=witnessed.observation.elapsed,
    )


def _class(one: DrivenCall, *, refused: bool) -> CallClass:
    if isinstance(one.cell.request, TcpRequest):
        return CallClass.UNCOUNTED
    if refused:
        return CallClass.REFUSED
    if one.status == _OK:
        return CallClass.SUCCESS
    if one.status == _UNANSWERED:
        return CallClass.UNANSWERED
    return CallClass.FAILURE if one.status >= _SERVER_ERROR else CallClass.OPEN
