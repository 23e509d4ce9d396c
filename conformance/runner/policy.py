"""The SMI objects in force: what the suite has applied and not yet deleted."""

from collections.abc import Iterable, Sequence

from conformance.cluster import Cluster
from conformance.model.manifest import Manifest, ObjectRef


class PolicyBook:
    """Applies and deletes SMI objects and remembers which are in force, for the oracle and for cleaning up."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._in_force: dict[ObjectRef, Manifest] = {}

    @property
    def in_force(self) -> tuple[Manifest, ...]:
        """Every SMI object the mesh has to honour now."""
        return tuple(self._in_force.values())

    def change(self, apply: Sequence[Manifest] = (), delete: Iterable[ObjectRef] = ()) -> None:
        """Delete, then apply, each as one change.

        Raises:
            ManifestRefusedError: The cluster does not accept one of them.
        """
        gone = tuple(delete)
        if gone:
            self._cluster.delete(gone)
            for ref in gone:
                self._in_force.pop(ref, None)
        if apply:
            self._cluster.apply(apply)
            self._in_force.update({manifest.ref: manifest for manifest in apply})

    def forget(self) -> None:
        """Take note that the world has gone, and everything in it."""
        self._in_force.clear()
