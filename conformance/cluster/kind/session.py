"""The processes that one call of ``kind`` consists of: itself, and each ``docker`` that it calls.

They are in a session of their own, so that Ctrl-C reaches none of them and none is lost when ``kind`` is gone.
"""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from conformance.cluster.embedded.leftovers import start_time

_SESSION_FIELD = 3
"""Place of the session's id behind the program's name in ``/proc/<pid>/stat``."""


class Session:
    """What a file says of the session's first process: its id and when it started."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def members(self) -> tuple[int, ...]:
        """List the processes of the session that run still."""
        leader, started = self._leader()
        # A session's id is not given to a new process as long as one process of the session lives. So either
        # nobody has that id or the first process itself, or else the session is over and the id somebody else's.
        if leader == 0 or start_time(leader) not in {started, ""}:
            return ()
        return tuple(int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_in(path, leader))

    def end_first(self) -> None:
        """End the first process and let the others finish what they are at."""
        leader, _ = self._leader()
        _end(one for one in self.members() if one == leader)

    def end(self) -> None:
        """End all of them."""
        _end(self.members())

    def _leader(self) -> tuple[int, str]:
        try:
            pid, started = self.path.read_text("utf-8").split()
        except (FileNotFoundError, ValueError):
            return 0, ""
        return int(pid), started


def _is_in(process: Path, session: int) -> bool:
    try:
        fields = (process / "stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] != "Z" and int(fields[_SESSION_FIELD]) == session


def _end(processes: Iterable[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
