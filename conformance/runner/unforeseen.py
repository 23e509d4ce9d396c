"""Gives errors that nobody translated what a person needs: what happened, where, and what to do."""

import errno
import traceback

from conformance.errors import ConformanceError, EnvironmentBrokenError, InternalError

TRACEBACK = "traceback.txt"
"""Beside the evidence of a scenario at which the suite itself stumbled."""

_RUN_OUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Disk, open files, memory: no scenario can get past these, so that they end the run. Other errors may pass."""


def explained(error: Exception) -> ConformanceError:
    """Give *error* itself where it tells all that; else one that does."""
    if isinstance(error, ConformanceError):
        return error
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{frame.filename}:{frame.lineno} in {frame.name}"
    if isinstance(error, OSError) and error.errno in _RUN_OUT:
        return EnvironmentBrokenError(
            brief(error),
            where,
            f"see whether disk, memory or open files ran out; {TRACEBACK} beside the evidence has the way there",
        )
    return InternalError(
        f"a bug of the suite, which says nothing about the mesh: {brief(error)}",
        where,
        f"report it to the suite's authors, with {TRACEBACK} from this run's evidence",
    )


def brief(error: Exception) -> str:
    """Name an error in one line."""
    return error.what if isinstance(error, ConformanceError) else f"{type(error).__name__}: {error}"
