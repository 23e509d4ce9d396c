"""The question about counts: are they the calls of the window that is said?"""

from collections.abc import Iterator
from fractions import Fraction

from conformance.judge.metrics.answers import nothing_of
from conformance.judge.metrics.case import Case, Remark
from conformance.model.metrics import Figures, TrafficMetrics
from conformance.model.verdict import Verdict
from conformance.spec import FAILURE_COUNT, SUCCESS_COUNT

SAID_BY_WINDOW = "timestamp and window say which span the figures cover"


def counts(case: Case) -> Iterator[Remark]:
    """Successes, failures, and both together are those of the calls that lie in each object's window."""
    for item in case.items:
        expected = case.figures(item)
        if expected is None:
            continue
        if doubtful := doubt_about(case, item):
            yield lacking(case, item, expected) or doubtful
            continue
        yield from _counted(case, item, expected)


def doubt(case: Case) -> Remark | None:
    """Say whether an answer reaches back to other traffic; None where it does not."""
    return next((found for item in case.items if (found := doubt_about(case, item))), None)


def lacking(case: Case, item: TrafficMetrics, expected: Figures, when: str = "") -> Remark | None:
    """Say what is missing from figures whose window reaches back: what the books have of it has to be there."""
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    has_all = (
        success is not None
        and failure is not None
        and success >= expected.success.low
        and failure >= expected.failure.low
        and success + failure >= expected.total.low
    )
    if has_all:
        return None
    least = f"success {spell(expected.success.low)}, failure {spell(expected.failure.low)}"
    told = f"{counts_of(case, item)} in a window of {_length(item)}{when and f', {when}'}"
    return Remark(f"at least {least}, together {spell(expected.total.low)}", told, SAID_BY_WINDOW)


def counts_of(case: Case, item: TrafficMetrics) -> str:
    """Tell in words what an object counts."""
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    return f"{case.name_of(item)}: success {spell(success)}, failure {spell(failure)}"


def wanted(expected: Figures) -> str:
    """Tell in words what is to be counted."""
    return f"success {expected.success}, failure {expected.failure}, together {expected.total}"


def is_counted(item: TrafficMetrics, expected: Figures) -> bool:
    """Say whether an object counts what is to be counted."""
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    return (
        success is not None
        and failure is not None
        and success in expected.success
        and failure in expected.failure
        and success + failure in expected.total
    )


def _length(item: TrafficMetrics) -> str:
    return f"{item.window.total_seconds() if item.window else 0:g} s"


def _counted(case: Case, item: TrafficMetrics, expected: Figures) -> Iterator[Remark]:
    words = counts_of(case, item)
    if not is_counted(item, expected):
        yield Remark(wanted(expected), words, expected.because)
    elif expected.missed:
        yield _outside(words, expected.missed)


def left_out(case: Case) -> Iterator[Remark]:
    """Say which objects may leave out some of what was driven."""
    for item in case.items or (nothing_of(case.resource),):
        missed = case.rules.of_object(case.resource, case.span(item)).missed
        if missed:
            yield _outside(case.name_of(item), missed)


def _outside(words: str, missed: int) -> Remark:
    return Remark(
        "a window that has all that was driven",
        f"{words}; {missed} calls lie outside of its window, or at its edge",
        "what a window leaves out cannot be compared",
        Verdict.INCONCLUSIVE,
    )


def doubt_about(case: Case, item: TrafficMetrics) -> Remark | None:
    """Say whether one object of an answer reaches back to other traffic; None where it does not."""
    return reaching_back(case, item) if case.times.reaches_back(case.span(item)) else None


def reaching_back(case: Case, item: TrafficMetrics) -> Remark:
    """Say that an object reaches back to other traffic."""
    return Remark(
        f"a window of at most {case.times.settings.window.total_seconds():g} s, as the provider's settings say",
        f"{case.name_of(item)}: {_length(item)}, which reaches back to other traffic",
        "set `metrics.window` in the provider's profile to the mesh's own",
        Verdict.INCONCLUSIVE,
    )


def spell(value: Fraction | None) -> str:
    """Write a figure for people."""
    return "missing" if value is None else f"{float(value):g}"
