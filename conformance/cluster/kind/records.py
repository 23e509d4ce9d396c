"""What is written down about the kind cluster of a run, so that it can be removed when the run was killed.

Each run has a folder: ``lock``, on which it holds a flock for as long as it lives, and ``record.json``, which is
there from before the cluster is made until after it is deleted. A cluster without a record is not ours, whatever its
name. The folders survive a restart of the machine, as kind's clusters do.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from conformance.cluster.embedded.leftovers import start_time
from conformance.cluster.locks import only_one_at, try_lock
from conformance.errors import EnvironmentBrokenError

_LOCK = "lock"
_RECORD = "record.json"


def records_root() -> Path:
    """Say below which folder all runs of this user write down their clusters."""
    return platformdirs.user_state_path("smi-conformance") / "kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One cluster and the run that makes it."""

    cluster: str
    kind: str
    """Path of the program."""
    kubeconfig: str
    keep: bool
    """The person asked to keep the cluster, so that a run that was killed leaves it too."""
    pid: int
    """Of the run."""
    started: str
    """When that process started, in clock ticks since boot; for people, since the lock decides."""


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """A run's folder, locked for as long as the run lives."""

    path: Path
    _lock: int

    def write(self, cluster: str, kind: Path, kubeconfig: Path, *, keep: bool) -> None:
        """Write down the cluster that is about to be made."""
        pid = os.getpid()
        record = Record(
            cluster=cluster,
            kind=str(kind),
            kubeconfig=str(kubeconfig),
            keep=keep,
            pid=pid,
            started=start_time(pid),
        )
        (self.path / _RECORD).write_text(json.dumps(asdict(record)), "utf-8")

    def remove(self) -> None:
        """Delete the folder with all that is in it; `release` comes after it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def release(self) -> None:
        """Let go of the folder; to be called once."""
        os.close(self._lock)


def open_folder(run_id: str, root: Path) -> RecordFolder:
    """Make a folder for a run below *root* and lock it.

    Raises:
        EnvironmentBrokenError: It cannot be made.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with only_one_at(root):
            path = Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=root))
            lock = try_lock(path / _LOCK)
    except OSError as error:
        raise EnvironmentBrokenError(
            f"the folder for records of kind clusters cannot be made: {error.strerror}",
            str(root),
            "set XDG_STATE_HOME to a folder you may write to",
        ) from error
    assert lock is not None, "nobody else knows the folder yet"
    return RecordFolder(path, lock)


@contextlib.contextmanager
def abandoned(root: Path) -> Iterator[tuple[tuple[RecordFolder, Record | None], ...]]:
    """Hold the folders of runs that are gone, each with what it says, and let go of them in the end."""
    if not root.is_dir():
        yield ()
        return
    with only_one_at(root), contextlib.ExitStack() as held:
        found = []
        for lock_path in sorted(root.glob(f"*/{_LOCK}")):
            lock = try_lock(lock_path)
            if lock is not None:
                folder = RecordFolder(lock_path.parent, lock)
                held.callback(folder.release)
                found.append((folder, _read(folder.path / _RECORD)))
        yield tuple(found)


def _read(path: Path) -> Record | None:
    """Read a record; None where the run did not get as far, or was killed while it wrote."""
    try:
        return Record(**json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
