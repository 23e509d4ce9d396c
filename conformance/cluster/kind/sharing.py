"""Several runs on one kind cluster: nobody makes it twice, and nobody deletes it under the others.

Two files per cluster are locked: *making* by who makes or deletes it, *using* by everybody as long as they use it.
The kernel lets go of what a killed run held.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


def shared_locks(root: Path) -> Path:
    """Say where the locks of clusters lie that several runs may name, given where their records lie."""
    return root / "locks"


@contextlib.contextmanager
def making(folder: Path, cluster: str) -> Iterator[None]:
    """Be the only one who looks whether a cluster is there, makes it or deletes it."""
    lock = _open(folder, cluster, "making")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


class Use:
    """One run's use of a cluster, from construction until `end`."""

    def __init__(self, folder: Path, cluster: str) -> None:
        self._lock = _open(folder, cluster, "using")
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def await_others(self, tell: Callable[[], None]) -> None:
        """Wait until nobody else uses the cluster; *tell* is called if that is not now."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell()
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def end(self) -> None:
        """Let go of it; to be called once."""
        os.close(self._lock)


def is_used(folder: Path, cluster: str) -> bool:
    """Say whether a run uses a cluster now."""
    if not (folder / f"{cluster}.using").exists():
        return False
    lock = _open(folder, cluster, "using")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _open(folder: Path, cluster: str, what: str) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / f"{cluster}.{what}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
