"""How verdicts add up."""

from conformance.judge import judgement_of, worst
from conformance.model.verdict import Verdict


def test_nothing_judged_is_an_error_and_never_a_pass():
    """Of no verdicts the worst is errored, and the finding says what to do."""
    assert worst([]) is Verdict.ERRORED
    judgement = judgement_of([])
    assert judgement.verdict is Verdict.ERRORED
    assert "give it a probe" in judgement.findings[0].because


def test_failure_is_never_hidden_and_trouble_never_softened():
    """Failed beats errored beats inconclusive beats unsupported beats passed, in any order."""
    ladder = [
        Verdict.PASSED,
        Verdict.UNSUPPORTED,
        Verdict.INCONCLUSIVE,
        Verdict.ERRORED,
        Verdict.FAILED,
    ]
    for number, verdict in enumerate(ladder, start=1):
        assert worst(ladder[:number]) is verdict
        assert worst(reversed(ladder[:number])) is verdict
