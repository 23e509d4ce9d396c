"""How a verdict reads in pytest's own terms: an exception out of the item, a report, a word in the terminal.

Allure tells failed from broken by the exception's class: an `AssertionError` is the mesh's fault, anything
else is not.
"""

import pytest

from conformance.model.result import ScenarioResult
from conformance.model.verdict import Verdict


class MeshFailedError(AssertionError):
    """The mesh contradicts the spec; the message is what a person reads."""


class NoAnswerError(Exception):
    """Nothing can be said about the mesh; the message is what a person reads."""


def raise_verdict(result: ScenarioResult, text: str) -> None:
    """Leave an item in the way its verdict asks for.

    Raises:
        MeshFailedError: FAILED.
        NoAnswerError: INCONCLUSIVE or ERRORED.
        pytest.skip.Exception: UNSUPPORTED.
    """
    match result.verdict:
        case Verdict.PASSED:
            return
        case Verdict.FAILED:
            raise MeshFailedError(text)
        case Verdict.UNSUPPORTED:
            pytest.skip(result.headline)
        case Verdict.INCONCLUSIVE | Verdict.ERRORED:
            raise NoAnswerError(text)


def status_of(verdict: Verdict) -> tuple[str, str, str]:
    """Say category, letter and word of a verdict, as ``pytest_report_teststatus`` gives them."""
    match verdict:
        case Verdict.PASSED:
            return "passed", ".", "PASSED"
        case Verdict.FAILED:
            return "failed", "F", "FAILED"
        case Verdict.UNSUPPORTED:
            return "skipped", "s", "UNSUPPORTED"
        case Verdict.INCONCLUSIVE:
            return "inconclusive", "?", "INCONCLUSIVE"
        case Verdict.ERRORED:
            return "errored", "!", "ERRORED"
