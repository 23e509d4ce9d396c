"""Where runs keep what they start, and how what a killed run left behind is found and removed.

Each run has a folder: ``lock``, on which it holds a flock for as long as it lives; ``processes``, one line
per process (``pid start-time name``); and a folder per pod. A folder whose lock is free belongs to a run that
is gone.
"""

import contextlib
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.cluster.locks import only_one_at, try_lock
from conformance.errors import EnvironmentBrokenError, UsageError

_LOCK = "lock"
_LONGEST_PATH = 70
"""Of a socket path's 107 characters 37 are left for the suffix, a pod's folder and a file in it."""
_LONGEST_WAIT = 5000
"""How long a killed process may take to be gone. Unit: ms. A guess; the kernel needs a few."""


def state_root() -> Path:
    """Find or make the folder below which all runs of this user keep their state.

    Raises:
        EnvironmentBrokenError: It cannot be made, or belongs to somebody else.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    root = (
        Path(given, "smi-conformance")
        if given
        else Path(tempfile.gettempdir(), f"smi-conformance-{os.getuid()}")
    )
    try:
        root.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EnvironmentBrokenError(
            f"the folder for the state of runs cannot be made: {error.strerror}",
            str(root),
            "set XDG_RUNTIME_DIR or TMPDIR to a folder you may write to",
        ) from error
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise EnvironmentBrokenError(
            "the folder for the state of runs belongs to somebody else",
            str(root),
            "remove it, or set XDG_RUNTIME_DIR to a folder of your own",
        )
    return root


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """A run's own folder, locked for as long as the run lives."""

    path: Path
    _lock: int

    @property
    def record(self) -> Path:
        """Where every process that is started is written down."""
        return self.path / "processes"

    def remove(self) -> None:
        """Delete it with all that is in it, and let go of the lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def make_run_directory(run_id: str, root: Path) -> RunDirectory:
    """Make a folder for a run below *root* and lock it.

    Raises:
        UsageError: The paths of sockets below it would be too long for the kernel.
    """
    if len(str(root)) + len(run_id) > _LONGEST_PATH:
        raise UsageError(
            f"sockets below a folder of {len(str(root))} characters get paths that the kernel does not take",
            str(root),
            f"set XDG_RUNTIME_DIR to a path of at most {_LONGEST_PATH - len(run_id)} characters",
        )
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one_at(root):
        path = Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=root))
        lock = try_lock(path / _LOCK)
    assert lock is not None, "nobody else knows the folder yet"
    return RunDirectory(path, lock)


def sweep_leftovers(root: Path | None = None) -> list[str]:
    """End the processes and delete the folders of runs that are gone.

    A process is ended only if both its pid and its start time are those that were written down.

    Args:
        root: Where to look; by default where runs keep their state.

    Returns:
        One sentence for each thing that was removed; empty when there was nothing.
    """
    where = root or state_root()
    if not where.is_dir():
        return []
    with only_one_at(where):
        runs = sorted(path.parent for path in where.glob(f"*/{_LOCK}"))
        return [said for run in runs for said in _sweep(run)]


def _sweep(run: Path) -> Iterator[str]:
    lock = try_lock(run / _LOCK)
    if lock is None:
        return
    yield from _end_recorded(run)
    shutil.rmtree(run, ignore_errors=True)
    os.close(lock)
    yield f"removed the folder of a run that is gone: {run}"


def start_time(pid: int) -> str:
    """Say when a process started, in clock ticks since boot; empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return ""
    # The program's name stands in parentheses and may hold blanks; the start is field 22, the 20th after it.
    return text.rpartition(")")[2].split()[19]


def _end_recorded(run: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        for line in (run / "processes").read_text("utf-8").splitlines():
            pid, started, name = line.split(maxsplit=2)
            if started == start_time(int(pid)) and _end(int(pid), started):
                yield f"ended {name} (pid {pid}), left behind by a run that is gone"


def _end(pid: int, started: str) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if start_time(pid) != started:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        return bool(gone.poll(_LONGEST_WAIT))
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
