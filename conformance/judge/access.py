"""Compares a truth table with what was witnessed, cell by cell."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from conformance.judge.controls import ControlSet
from conformance.judge.outcomes import classify, described
from conformance.judge.verdicts import judgement_of, worst
from conformance.model.expectation import Access, Expected, TruthTable
from conformance.model.traffic import Cell, Outcome, Witnessed
from conformance.model.verdict import Finding, Judgement, Verdict

ResponderRule = Callable[[Cell, str, int], Expected]
"""Says whether a workload, by key, may receive a cell at one of its ports."""


def judge_access(
    table: TruthTable,
    witnessed: Sequence[Witnessed],
    controls: ControlSet,
    by_responder: ResponderRule | None = None,
) -> Judgement:
    """Judge all repeats of each cell together.

    Args:
        table: What the manifests mean.
        witnessed: Every call of the step, with what both ends saw.
        controls: What the whole scenario showed about paths and workloads.
        by_responder: Asked about each workload that received a call; where a target stands for several
            workloads that differ, it tells a right answer from a wrong one. Without it only the table counts.

    Returns:
        One finding per cell of *table*, in its order, then one per cell that has no expectation.
    """
    seen: dict[Cell, list[Witnessed]] = {}
    for one in witnessed:
        seen.setdefault(one.cell, []).append(one)
    findings = [
        _finding(cell, expected, seen.get(cell, []), controls, by_responder)
        for cell, expected in table.items()
    ]
    strangers = [_stranger(cell) for cell in seen if cell not in table]
    return judgement_of([*findings, *strangers])


def _finding(
    cell: Cell,
    expected: Expected,
    calls: Sequence[Witnessed],
    controls: ControlSet,
    by_responder: ResponderRule | None,
) -> Finding:
    because = expected.because
    if not calls:
        verdict, note = Verdict.ERRORED, "no call of this cell was witnessed"
    elif trespass := _trespass(calls, by_responder):
        verdict, note, because = Verdict.FAILED, "", trespass.because
    else:
        verdict, note = _compared(cell, expected, calls, controls, by_responder)
    observed = "; ".join(part for part in (_summary(calls), note) if part)
    return Finding(
        verdict=verdict,
        subject=str(cell),
        expected=_WANTED[expected.access],
        observed=observed,
        because=because,
    )


_WANTED = {
    Access.ALLOWED: "every call is answered by the application",
    Access.DENIED: "no call reaches an application",
    Access.OPEN: "either; the text leaves it open",
}


def _trespass(calls: Sequence[Witnessed], by_responder: ResponderRule | None) -> Expected | None:
    """Find the rule against somebody who received a call that he may not receive."""
    if by_responder is None:
        return None
    rulings = [
        by_responder(one.cell, receipt.responder, receipt.port) for one in calls for receipt in one.receipts
    ]
    return next((one for one in rulings if one.access is Access.DENIED), None)


def _compared(
    cell: Cell,
    expected: Expected,
    calls: Sequence[Witnessed],
    controls: ControlSet,
    by_responder: ResponderRule | None,
) -> tuple[Verdict, str]:
    match expected.access:
        case Access.DENIED:
            return _worst_of(_refusal(one, controls.missing_for(cell)) for one in calls)
        case Access.ALLOWED:
            if not controls.touches_the_mesh(cell):
                return _worst_of(_beside_the_mesh(one) for one in calls)
            return _worst_of(_grant(one, alive=controls.ends_are_alive(cell)) for one in calls)
        case Access.OPEN:
            return _record(calls, by_responder)


_Answer = tuple[Verdict, str]


def _worst_of(answers: Iterable[_Answer]) -> _Answer:
    found = list(answers)
    verdict = worst(one for one, _ in found)
    return verdict, next(note for one, note in found if one is verdict)


def _refusal(one: Witnessed, missing: str) -> _Answer:
    """A receipt is proof of delivery, whatever the caller saw; silence is proof only with a control."""
    if one.receipts:
        return Verdict.FAILED, ""
    outcome = classify(one)
    if outcome is not Outcome.DENIED:
        return _odd(outcome)
    if missing:
        return Verdict.INCONCLUSIVE, f"the refusal has no control: {missing}"
    return Verdict.PASSED, ""


def _grant(one: Witnessed, *, alive: bool) -> _Answer:
    outcome = classify(one)
    if outcome is Outcome.ALLOWED:
        return Verdict.PASSED, ""
    if outcome in {Outcome.UNREACHABLE, Outcome.UNKNOWN}:
        return _odd(outcome)
    if alive:
        return Verdict.FAILED, "both ends answered past the mesh"
    return (
        Verdict.ERRORED,
        "one of the two ends was not shown to be alive, so this says nothing about the mesh",
    )


def _beside_the_mesh(one: Witnessed) -> _Answer:
    """A call between two workloads outside the mesh shows their network; where it fails, that is at fault."""
    verdict, note = _grant(one, alive=False)
    return (
        (verdict, note) if verdict is Verdict.PASSED else (Verdict.ERRORED, "both ends are outside the mesh")
    )


def _record(calls: Sequence[Witnessed], by_responder: ResponderRule | None) -> _Answer:
    outcomes = [classify(one) for one in calls]
    odd = [_odd(outcome) for outcome in outcomes if outcome not in {Outcome.ALLOWED, Outcome.DENIED}]
    if odd:
        return _worst_of(odd)
    if len(set(outcomes)) == 1 or _each_is_right(calls, by_responder):
        return Verdict.PASSED, "recorded, not judged"
    return Verdict.INCONCLUSIVE, "one and the same request was both let through and refused"


def _each_is_right(calls: Sequence[Witnessed], by_responder: ResponderRule | None) -> bool:
    """Say whether a mixture is explained: of several workloads behind the target, only the right ones
    answered.
    """
    if by_responder is None:
        return False
    holders = {(one.cell, receipt.responder, receipt.port) for one in calls for receipt in one.receipts}
    return all(by_responder(*holder).access is Access.ALLOWED for holder in holders)


def _odd(outcome: Outcome) -> _Answer:
    match outcome:
        case Outcome.UNREACHABLE:
            return Verdict.ERRORED, "the name does not resolve, so nothing was tried"
        case Outcome.DELIVERED:
            return Verdict.INCONCLUSIVE, "a call reached the application, its answer not the caller"
        case _:
            return Verdict.INCONCLUSIVE, "caller and application contradict each other"


def _summary(calls: Sequence[Witnessed]) -> str:
    counted = Counter(described(one) for one in calls)
    return ", ".join(f"{count} of {len(calls)} {words}" for words, count in sorted(counted.items()))


def _stranger(cell: Cell) -> Finding:
    return Finding(
        verdict=Verdict.ERRORED,
        subject=str(cell),
        expected="an expectation for every call",
        observed="calls were witnessed that the truth table does not have",
        because="the traffic plan and the truth table were made from different lists; make both from one",
    )
