"""Questions about counts: are they the calls of the window that is said, at once and until it has passed?"""

from collections.abc import Iterator
from fractions import Fraction

from conformance.judge.metrics.answers import nothing_of
from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.parsing import read_body, read_object
from conformance.model.metrics import Answered, Figures, TrafficMetrics
from conformance.model.verdict import Verdict
from conformance.spec import FAILURE_COUNT, SUCCESS_COUNT

_SAID_BY_WINDOW = "timestamp and window say which span the figures cover"
_NOT_FOUND = 404
_REFUSING = 400


def counts(case: Case) -> Iterator[Remark]:
    """Successes, failures, and both together are those of the calls that lie in each object's window."""
    for item in case.items:
        expected = case.figures(item)
        if expected is None:
            continue
        if doubtful := doubt_about(case, item):
            yield _lacking(case, item, expected) or doubtful
            continue
        yield from _counted(case, item, expected)


def doubt(case: Case) -> Remark | None:
    """Say whether an answer reaches back to other traffic; None where it does not."""
    return next((found for item in case.items if (found := doubt_about(case, item))), None)


def trail(case: Case) -> Iterator[Remark]:
    """Each of several readings counts what its own window covers, until the traffic has left it."""
    later = [one for name, one in case.once.others.items() if name.startswith("later")]
    found = []
    for answered in (case.once.main, *later):
        item = _found_in(case, answered)
        expected = case.rules.of_object(case.resource, case.span(item, answered))
        found.append(expected)
        yield from _trailed(case, item, answered, expected)
    if not any(expected.total.low for expected in found) or all(expected.calls for expected in found):
        yield Remark(
            "readings before and after the traffic leaves the window",
            "it was in the window of all of them, or of none",
            "what does not change shows no window",
            Verdict.INCONCLUSIVE,
        )


def _found_in(case: Case, answered: Answered) -> TrafficMetrics:
    """Read one reading of a trail; an object that has become idle may be absent."""
    is_absent = answered.answer.status == _NOT_FOUND
    return nothing_of(case.resource) if is_absent else read_object(read_body(answered.answer.body))


def _trailed(case: Case, item: TrafficMetrics, answered: Answered, expected: Figures) -> Iterator[Remark]:
    status = answered.answer.status
    age = (
        f"{(answered.answered_at - case.once.main.answered_at).total_seconds():.1f} s after the first reading"
    )
    if status >= _REFUSING:
        if status != _NOT_FOUND or expected.total.low:
            yield Remark(_wanted(expected), f"status {status}, {age}")
    elif case.times.reaches_back(case.span(item, answered)):
        yield _lacking(case, item, expected, age) or _reaching_back(case, item)
    elif not _is_counted(item, expected):
        yield Remark(_wanted(expected), f"{_counts_of(case, item)}, {age}", _SAID_BY_WINDOW)


def _lacking(case: Case, item: TrafficMetrics, expected: Figures, when: str = "") -> Remark | None:
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
    told = f"{_counts_of(case, item)} in a window of {_length(item)}{when and f', {when}'}"
    return Remark(f"at least {least}, together {spell(expected.total.low)}", told, _SAID_BY_WINDOW)


def _counts_of(case: Case, item: TrafficMetrics) -> str:
    success, failure = item.value(SUCCESS_COUNT), item.value(FAILURE_COUNT)
    return f"{case.name_of(item)}: success {spell(success)}, failure {spell(failure)}"


def _wanted(expected: Figures) -> str:
    return f"success {expected.success}, failure {expected.failure}, together {expected.total}"


def _is_counted(item: TrafficMetrics, expected: Figures) -> bool:
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
    words = _counts_of(case, item)
    if not _is_counted(item, expected):
        yield Remark(_wanted(expected), words, expected.because)
    elif expected.missed:
        yield Remark(
            "a window that has all that was driven",
            f"{words}; {expected.missed} calls lie outside of its window, or at its edge",
            "what a window leaves out cannot be compared",
            Verdict.INCONCLUSIVE,
        )


def doubt_about(case: Case, item: TrafficMetrics) -> Remark | None:
    """Say whether one object of an answer reaches back to other traffic; None where it does not."""
    return _reaching_back(case, item) if case.times.reaches_back(case.span(item)) else None


def _reaching_back(case: Case, item: TrafficMetrics) -> Remark:
    return Remark(
        f"a window of at most {case.times.settings.window.total_seconds():g} s, as the provider's settings say",
        f"{case.name_of(item)}: {_length(item)}, which reaches back to other traffic",
        "set `metrics.window` in the provider's profile to the mesh's own",
        Verdict.INCONCLUSIVE,
    )


def spell(value: Fraction | None) -> str:
    """Write a figure for people."""
    return "missing" if value is None else f"{float(value):g}"
