"""Whether the traffic behind figures is sound: no figure is evidence unless both ends prove its calls."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from conformance.judge.controls import ControlSet
from conformance.judge.outcomes import described
from conformance.model.expectation import Access, TruthTable
from conformance.model.traffic import Cell, Ending, TcpRequest, Witnessed
from conformance.model.verdict import Finding, Verdict

_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenCall:
    """One call that was driven, and how the application was to answer it."""

    cell: Cell
    witnessed: Witnessed
    status: int
    """0 where it gives no answer."""
    delay: timedelta
    delay_at: str = ""
    """Key of the only workload that waits; empty where whoever receives it does."""


def judge_traffic(
    calls: Sequence[DrivenCall], table: TruthTable, controls: ControlSet
) -> tuple[Finding, ...]:
    """Find what was not as it was driven; a mesh that loses calls is no mesh whose figures are wrong.

    Returns:
        One finding for each kind of call of which some went astray, inconclusive or errored; none where all is sound.
    """
    return tuple(_findings(calls, table, controls))


def _findings(calls: Sequence[DrivenCall], table: TruthTable, controls: ControlSet) -> Iterator[Finding]:
    for cell in dict.fromkeys(one.cell for one in calls):
        mine = [one for one in calls if one.cell == cell]
        expected = table[cell]
        if expected.access is Access.DENIED:
            yield from _refused(cell, mine, expected.because, controls)
            continue
        lost = [one for one in mine if not _is_as_driven(one)]
        if lost and not (expected.access is Access.OPEN and all(_is_refused(one) for one in mine)):
            yield _lost(cell, lost, len(mine), alive=controls.ends_are_alive(cell))


def _refused(
    cell: Cell, calls: Sequence[DrivenCall], because: str, controls: ControlSet
) -> Iterator[Finding]:
    through = [one for one in calls if not _is_refused(one)]
    missing = controls.missing_for(cell)
    if through:
        yield _doubt(cell, "calls that are refused", _summary(through, len(calls)), because)
    elif missing:
        yield _doubt(cell, "a refusal with its control", missing, because)


def _lost(cell: Cell, lost: Sequence[DrivenCall], number: int, *, alive: bool) -> Finding:
    found = _doubt(
        cell,
        "traffic that both ends saw as it was driven",
        f"{len(lost)} of {number} calls were lost or changed: {_summary(lost, number)}",
        "figures say nothing where the traffic behind them is not known",
    )
    if alive:
        return found
    return Finding(
        verdict=Verdict.ERRORED,
        subject=found.subject,
        expected=found.expected,
        observed=f"{found.observed}; one of the two ends was not shown to be alive",
        because=found.because,
    )


def _doubt(cell: Cell, expected: str, observed: str, because: str) -> Finding:
    return Finding(
        verdict=Verdict.INCONCLUSIVE,
        subject=f"traffic {cell}",
        expected=expected,
        observed=observed,
        because=because,
    )


def _is_as_driven(one: DrivenCall) -> bool:
    seen, receipts = one.witnessed.observation, one.witnessed.receipts
    if not one.status:
        return len(receipts) == 1 and seen.responder is None and seen.status != _OK
    is_answered = seen.ending is Ending.ANSWERED and seen.echoed_id == one.witnessed.call.id
    is_right = isinstance(one.cell.request, TcpRequest) or seen.status == one.status
    return is_answered and is_right and len(receipts) == 1 and receipts[0].responder == seen.responder


def _is_refused(one: DrivenCall) -> bool:
    seen = one.witnessed.observation
    return not one.witnessed.receipts and seen.responder is None and seen.ending is not Ending.NAME_UNKNOWN


def _summary(calls: Sequence[DrivenCall], number: int) -> str:
    counted = Counter(described(one.witnessed) for one in calls)
    return ", ".join(f"{count} of {number} {words}" for words, count in sorted(counted.items()))
