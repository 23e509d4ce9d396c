"""The SMI objects in force: what the suite has applied and not yet deleted."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from conformance.cluster import Cluster
from conformance.errors import ObjectRefusedError
from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.refusal import ObjectRefusal


class PolicyBook:
    """Applies and deletes SMI objects and remembers which are in force, for the oracle and for cleaning up.

    Args:
        cluster: Where they go.
        webhooks: Names of the mesh's own admission webhooks. What another webhook denies says nothing about it.
    """

    def __init__(self, cluster: Cluster, webhooks: Collection[str] = ()) -> None:
        self._cluster = cluster
        self._webhooks = frozenset(webhooks)
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

    def try_change(
        self,
        apply: Sequence[Manifest],
        delete: Iterable[ObjectRef],
        refusable: Collection[ObjectRef],
        may_refuse: Mapping[ObjectRef, str],
    ) -> tuple[ObjectRefusal, ...]:
        """Delete, then apply; what the mesh refuses of *refusable* is left out, and all else applied.

        Args:
            apply: What to apply.
            delete: What to delete before.
            refusable: The objects that are under test; a refusal of any other is an error.
            may_refuse: Why the text leaves it to implementations to refuse some of these.

        Returns:
            What the mesh's API refused, in the order in which it did.

        Raises:
            ManifestRefusedError: The cluster does not accept one of them, for a reason that is not the mesh's.
        """
        refused: dict[ObjectRef, ObjectRefusal] = {}
        self.change(delete=delete)
        while True:
            rest = [one for one in apply if one.ref not in refused]
            try:
                self.change(apply=rest)
            except ObjectRefusedError as error:
                manifest = next((one for one in rest if str(one.ref) == error.subject), None)
                if manifest is None or manifest.ref not in refusable or not self._is_the_mesh(error.webhook):
                    raise
                refused[manifest.ref] = ObjectRefusal(
                    ref=manifest.ref,
                    api_version=manifest.api_version,
                    webhook=error.webhook,
                    words=error.what,
                    tolerated=may_refuse.get(manifest.ref, ""),
                )
            else:
                return tuple(refused.values())

    def forget(self) -> None:
        """Take note that the world has gone, and everything in it."""
        self._in_force.clear()

    def _is_the_mesh(self, webhook: str) -> bool:
        return not webhook or webhook in self._webhooks
