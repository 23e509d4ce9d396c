"""How an error of the network reads as the ending of a call, and which errors are not the network's."""

import errno
from datetime import timedelta

from conformance.model.traffic import Ending, Observation
from conformance.probe.resolver import NameUnknownError

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


class OutOfMeansError(Exception):
    """This machine cannot send (no free port, no file descriptor): that must not pass for a mesh's doing."""


def observe_failure(call_id: str, error: Exception, elapsed: float) -> Observation:
    """Say how a call ended that got no response because of *error*.

    Args:
        call_id: The call's id.
        error: What was raised while the name was resolved or the connection opened.
        elapsed: Since the call began. Unit: seconds.

    Raises:
        OutOfMeansError: It is this machine's own trouble.
    """
    if isinstance(error, OSError) and error.errno in _OURS:
        raise OutOfMeansError(f"call {call_id!r} could not be sent: {error}") from error
    return Observation(
        call_id=call_id,
        ending=_ending_of(error),
        elapsed=timedelta(seconds=elapsed),
        detail=str(error),
    )


def _ending_of(error: Exception) -> Ending:
    match error:
        case NameUnknownError():
            return Ending.NAME_UNKNOWN
        case TimeoutError():
            return Ending.TIMED_OUT
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return Ending.RESET
        case _:  # refused, and what routers say: no route, unreachable
            return Ending.REFUSED
