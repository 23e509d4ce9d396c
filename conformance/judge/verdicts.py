"""How verdicts add up."""

from collections.abc import Iterable

from conformance.model.verdict import Finding, Judgement, Verdict

_BEST_FIRST = (
    Verdict.PASSED,
    Verdict.UNSUPPORTED,
    Verdict.INCONCLUSIVE,
    Verdict.ERRORED,
    Verdict.FAILED,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the one that decides: failed, then errored, inconclusive, unsupported, passed.

    A failure rests on sound evidence of its own, so trouble elsewhere must not hide it. Trouble in turn
    outweighs doubt, since it says that part of the question was never put. Of no verdicts at all the result
    is errored: nothing was judged, and nothing may read as a pass by default.
    """
    return max(verdicts, key=_BEST_FIRST.index, default=Verdict.ERRORED)


def judgement_of(findings: Iterable[Finding]) -> Judgement:
    """Sum findings up; without any, say that nothing was judged."""
    found = tuple(findings) or (_nothing(),)
    return Judgement(verdict=worst(one.verdict for one in found), findings=found)


def _nothing() -> Finding:
    return Finding(
        verdict=Verdict.ERRORED,
        subject="the step as a whole",
        expected="at least one thing to compare",
        observed="nothing was judged: the step has no cell and no split",
        because="a step without evidence cannot pass; give it a probe",
    )
