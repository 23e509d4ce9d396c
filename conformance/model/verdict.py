"""Verdicts and what they rest on."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What the evidence for one requirement says about one provider.

    No member is a default: a verdict nobody reached must not read as a pass.
    """

    PASSED = "passed"
    """Every observation agrees with the requirement."""
    FAILED = "failed"
    """At least one observation contradicts it."""
    UNSUPPORTED = "unsupported"
    """The provider does not claim the feature; nothing was sent."""
    INCONCLUSIVE = "inconclusive"
    """Observed too little, or too noisily, to say either."""
    ERRORED = "errored"
    """The suite or the environment broke; says nothing about the mesh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was compared, with what was found. A step has many."""

    verdict: Verdict
    subject: str
    """What was compared: a cell, or a backend's share."""
    expected: str
    observed: str
    because: str
    """The rule that decided what is expected, naming the manifest."""
    statistics: str = ""
    """For shares: the test, its α, β (or power) and the n it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on one step, or on a whole scenario, with all its findings."""

    verdict: Verdict
    findings: tuple[Finding, ...]
