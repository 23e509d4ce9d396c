"""Expected against observed: outcomes of calls, verdicts on cells and on shares. All statistics live here.
Pure.
"""

from conformance.judge.access import ResponderRule, judge_access
from conformance.judge.controls import ControlSet, Proof
from conformance.judge.metrics import (
    DrivenCall,
    MetricsRules,
    Times,
    judge_readings,
    judge_traffic,
    resources_beyond,
)
from conformance.judge.outcomes import classify
from conformance.judge.refusals import judge_refusal
from conformance.judge.settings import SplitSettings
from conformance.judge.shares import ShareTest
from conformance.judge.tally import Sample
from conformance.judge.verdicts import judgement_of, worst

__all__ = [
    "ControlSet",
    "DrivenCall",
    "MetricsRules",
    "Proof",
    "ResponderRule",
    "Sample",
    "ShareTest",
    "SplitSettings",
    "Times",
    "classify",
    "judge_access",
    "judge_readings",
    "judge_refusal",
    "judge_traffic",
    "judgement_of",
    "resources_beyond",
    "worst",
]
