"""Removes the kind clusters of runs that were killed."""

from collections.abc import Iterator
from pathlib import Path

from conformance.cluster.kind.programs import KindProgram, find_kind
from conformance.cluster.kind.records import Record, RecordFolder, abandoned, records_root
from conformance.cluster.kind.removal import remove_remains
from conformance.cluster.kind.sharing import is_used, shared_locks
from conformance.errors import ConformanceError


def sweep_kind_clusters(root: Path | None = None) -> list[str]:
    """Delete the clusters that runs made which are gone; not those that were to be kept, nor any without a record.

    Args:
        root: Where runs keep their records; by default in the user's state folder.

    Returns:
        One sentence for each cluster that was removed, or that could not be; empty when there was nothing.
    """
    where = root or records_root()
    with abandoned(where) as folders:
        return [said for folder, record in folders for said in _sweep(folder, record, where)]


def _sweep(folder: RecordFolder, record: Record | None, root: Path) -> Iterator[str]:
    if record is None:
        folder.remove()
        return
    if is_used(shared_locks(root), record.cluster):
        return  # another run found it and uses it; a later sweep has it
    try:
        yield from _sweep_recorded(folder, record)
    except ConformanceError as error:
        yield f"kind cluster {record.cluster} of a run that is gone is not removed: {error.what}"


def _sweep_recorded(folder: RecordFolder, record: Record) -> Iterator[str]:
    program = KindProgram(_kind_for(record), folder.path)
    is_there = record.cluster in program.clusters()
    if record.keep and is_there:
        return
    if is_there or program.session.members():
        remove_remains(program, record.cluster, Path(record.kubeconfig))
        yield f"removed kind cluster {record.cluster}, left behind by a run that is gone"
    folder.remove()


def _kind_for(record: Record) -> Path:
    """Take the program that made the cluster; where it is gone, the one on PATH."""
    return Path(record.kind) if Path(record.kind).is_file() else find_kind(None)
