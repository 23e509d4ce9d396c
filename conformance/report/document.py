"""What a report is: one run, the requirements it is read against, and the scenarios that show them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.model.result import RunResult, ScenarioResult
from conformance.model.verdict import Verdict
from conformance.spec import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What there is to know of the spec and of the suite, whether or not it was run."""

    requirements: tuple[Requirement, ...]
    shown_by: Mapping[str, tuple[str, ...]]
    """Per requirement id the ids of all scenarios that show it. A requirement without any is not covered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run, complete in itself: a reader needs nothing else to judge it."""

    run: RunResult
    catalogue: Catalogue


def verdict_counts(results: tuple[ScenarioResult, ...]) -> Mapping[Verdict, int]:
    """Count the results per verdict; every verdict is there, with 0 where it was not given."""
    counted = Counter(result.verdict for result in results)
    return {verdict: counted[verdict] for verdict in Verdict}
