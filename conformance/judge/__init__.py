"""Expected against observed: outcomes of calls, verdicts on cells and on shares. All statistics live here.
Pure.
"""

from conformance.judge.access import ResponderRule, judge_access
from conformance.judge.controls import ControlSet, Proof
from conformance.judge.outcomes import classify
from conformance.judge.refusals import judge_refusal
from conformance.judge.settings import SplitSettings
from conformance.judge.shares import ShareTest
from conformance.judge.tally import Sample
from conformance.judge.verdicts import judgement_of, worst

__all__ = [
    "ControlSet",
    "Proof",
    "ResponderRule",
    "Sample",
    "ShareTest",
    "SplitSettings",
    "classify",
    "judge_access",
    "judge_refusal",
    "judgement_of",
    "worst",
]
