"""The sample workloads as they run now, and their replacement when a mesh will not forget."""

import itertools
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

from conformance.cluster import Cluster
from conformance.errors import NotReadyError
from conformance.model.manifest import ObjectRef
from conformance.model.topology import Topology
from conformance.providers.protocol import Provider
from conformance.runner.waiting import Clock, await_agreement
from conformance.scenario import World, actual_key

_LOOKING_PAUSE = timedelta(milliseconds=50)
"""Between two looks at pods that go. A guess: short against what a pod takes to start."""


class LiveWorld:
    """One generation of the world after the other, each under names of its own.

    Workloads start when a scenario first needs them and stay for the next.
    """

    def __init__(
        self, cluster: Cluster, provider: Provider, world: World, run_id: str, ready_deadline: timedelta
    ) -> None:
        self._cluster = cluster
        self._provider = provider
        self._world = world
        self._run_id = run_id
        self._ready_deadline = ready_deadline
        self._generations = itertools.count(1)
        self._running: set[str] = set()
        self.namespaces: Mapping[str, str] = {}
        self._name_generation()

    @property
    def topology(self) -> Topology:
        """Who runs now, under actual keys."""
        return self._topology

    @property
    def receivers(self) -> tuple[str, ...]:
        """Keys of all running workloads that listen anywhere."""
        return tuple(key for key, one in self.topology.workloads.items() if one.ports)

    @property
    def meshed_namespaces(self) -> tuple[str, ...]:
        """Actual names of the namespaces whose pods belong into the mesh."""
        return tuple({one.namespace for one in self.topology.workloads.values() if one.meshed})

    @property
    def call_prefix(self) -> str:
        """Begins the id of every call to this generation, so that no receipt of another one can count."""
        return self._suffix

    def key(self, symbolic: str) -> str:
        """Give the actual key of ``here/name``."""
        return actual_key(symbolic, self.namespaces)

    def ensure(self, workloads: Collection[str]) -> None:
        """See to it that these workloads (actual keys) run and are ready.

        Raises:
            NotReadyError: One did not become ready, or did not join the mesh.
            ManifestRefusedError: The cluster does not take the world's manifests.
        """
        missing = set(workloads) - self._running
        if missing:
            wanted = self._running | missing
            self._cluster.apply(self._world.manifests(self.namespaces, wanted))
            self._running = wanted
            self._topology = self._found()
        self._cluster.await_ready(workloads, self._ready_deadline)
        if missing:
            self._provider.check_joined(self.meshed_namespaces)

    def replace_pods(self, workloads: Collection[str], clock: Clock) -> None:
        """Have new pods take the place of those of these workloads (actual keys), siblings included.

        What makes them is deleted and, when the last of them is gone, applied again, so that no old pod answers.

        Raises:
            NotReadyError: One did not go, or its successor did not become ready or did not join the mesh.
        """
        makers = {self.topology.workloads[key].maker for key in workloads}
        old = {one.ref for one in self._cluster.pods() if one.workload in workloads}
        self._running -= set(workloads)  # so that they come back whatever happens meanwhile
        self._cluster.delete(makers)

        def still_there() -> str:
            clock.sleep(_LOOKING_PAUSE)
            return ", ".join(sorted(str(one.ref) for one in self._cluster.pods() if one.ref in old))

        wait = await_agreement(still_there, window=timedelta(0), deadline=self._ready_deadline, clock=clock)
        if not wait.held:
            raise NotReadyError(
                f"{wait.missing} did not go within {self._ready_deadline.total_seconds():g} s",
                f"cluster {self._cluster.name}",
                "see in the pod's events and finalizers what keeps it",
            )
        self.ensure(workloads)

    def renew(self) -> None:
        """Throw everything away, so that whatever the mesh remembers concerns nobody any more."""
        self.remove()
        self._name_generation()

    def remove(self) -> None:
        """Delete all namespaces of the current generation."""
        self._cluster.delete(ObjectRef("Namespace", "", name) for name in self.namespaces.values())
        self._running = set()

    def _name_generation(self) -> None:
        self._suffix = f"{self._run_id}-{next(self._generations)}"
        self.namespaces = {symbol: f"{symbol}-{self._suffix}" for symbol in self._world.namespaces}
        self._topology = self._found()

    def _found(self) -> Topology:
        """Say who runs, with the names by which the provider has Services called."""
        declared = self._world.topology(self.namespaces, frozenset(self._running))
        services = (
            replace(one, mesh_host=self._provider.host(one)) if one.meshed else one
            for one in declared.services.values()
        )
        return replace(declared, services={one.key: one for one in services})
