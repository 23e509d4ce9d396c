"""What a run answers to the shell.

Zero is reached in one way only: everything selected was judged, something passed, and nothing is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from conformance.model.verdict import Verdict


class ExitCode(IntEnum):
    """What a run answers to the shell; each value's sentence stands in `MEANINGS`."""

    CONFORMS = 0
    MESH_FAILED = 1
    INTERRUPTED = 2
    NO_ANSWER = 3
    USAGE = 4
    NOTHING_JUDGED = 5


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.CONFORMS: "everything that was judged passed",
    ExitCode.MESH_FAILED: "the mesh contradicts the spec",
    ExitCode.INTERRUPTED: "the run was interrupted; what was judged until then is in the report",
    ExitCode.NO_ANSWER: "an answer or the report is missing: that says nothing about the mesh",
    ExitCode.USAGE: "the run was asked for in a way that cannot be",
    ExitCode.NOTHING_JUDGED: "nothing was judged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended."""

    counts: Mapping[Verdict, int]
    selected: int
    """How many scenario-versions were to be judged."""
    interrupted: bool = False
    """A person or the system stopped it."""
    misused: bool = False
    """A scenario cannot be read, or something was asked for that does not exist."""
    broken: bool = False
    """The environment broke, or the report could not be written."""
    other_failures: int = 0
    """Tests in the same run that are no scenarios, and failed."""


def decide(ending: Ending) -> ExitCode:
    """Choose the exit code; what makes the others meaningless comes first."""
    counts = ending.counts
    unanswered = counts[Verdict.ERRORED] + counts[Verdict.INCONCLUSIVE]
    reasons = (
        (ExitCode.USAGE, ending.misused),
        (ExitCode.INTERRUPTED, ending.interrupted),
        (ExitCode.NO_ANSWER, ending.broken),
        (ExitCode.MESH_FAILED, counts[Verdict.FAILED] > 0 or ending.other_failures > 0),
        (ExitCode.NO_ANSWER, unanswered > 0 or sum(counts.values()) < ending.selected),
        (ExitCode.NOTHING_JUDGED, counts[Verdict.PASSED] == 0),
    )
    return next((code for code, applies in reasons if applies), ExitCode.CONFORMS)
