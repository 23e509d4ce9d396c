"""The way from Kubernetes objects to snapshots, with the places where faults may change it."""

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.refmesh.faults import Fault, MetricsStages, fault_named
from conformance.refmesh.faults.fault import Objects, ObjectStage, Situation
from conformance.refmesh.interception import Interception
from conformance.refmesh.policy import Policy
from conformance.refmesh.reading import read_policy, read_world
from conformance.refmesh.snapshot import Snapshot
from conformance.refmesh.translate import Fabric, MeshSettings, lay_over, weave
from conformance.refmesh.world import MeshWorld


class Pipeline:
    """Turns the objects of each moment into snapshots.

    Keeps what the world alone decides until the world changes, and what faults remember. Not thread-safe:
    whoever calls it holds a lock.
    """

    def __init__(self, interception: Interception, settings: MeshSettings) -> None:
        self._interception = interception
        self._settings = settings
        self._faults: tuple[Fault, ...] = ()
        self._stages: tuple[ObjectStage, ...] = ()
        self._woven: tuple[MeshWorld, Fabric] = (MeshWorld(), Fabric())

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults in force, in the order in which they act."""
        return tuple(fault.name for fault in self._faults)

    def set_faults(self, names: Iterable[str]) -> None:
        """Be wrong in these ways from the next run on, and in no others; what earlier faults remembered is
        gone.

        Raises:
            UsageError: A name is not known; then nothing changes.
        """
        faults = tuple(fault_named(name) for name in names)
        self._stages = tuple(fault.objects() for fault in faults if fault.objects)
        self._faults = faults

    @property
    def metrics_stages(self) -> tuple[MetricsStages, ...]:
        """What the faults in force do to Traffic Metrics."""
        return tuple(fault.metrics for fault in self._faults if fault.metrics)

    def why_denied(self, body: Mapping[str, Any]) -> str:
        """Say why an SMI object must not be stored; empty when it may, as without faults it always may."""
        denials = (fault.admission(body) for fault in self._faults if fault.admission)
        return next(filter(None, denials), "")

    def run(self, objects: Iterable[Mapping[str, Any]]) -> Mapping[str, Snapshot]:
        """Say what every sidecar has to be told.

        Args:
            objects: All Pods, Services and SMI objects there are; other kinds are passed over.

        Returns:
            One snapshot per pod with a sidecar, by ``namespace/pod``. Resources that did not change are equal
            to those of the run before.
        """
        seen = self._read_objects(tuple(objects))
        world = read_world(seen)
        policy = self._change_policy(read_policy(seen, self._settings.trust_domain), world)
        snapshots = lay_over(world, policy, self._fabric(world), self._settings)
        situation = Situation(world=world, policy=policy, settings=self._settings)
        for fault in self._faults:
            if fault.snapshots:
                snapshots = fault.snapshots(snapshots, situation)
        return snapshots

    def _read_objects(self, objects: Objects) -> Objects:
        for stage in self._stages:
            objects = stage(objects)
        return objects

    def _change_policy(self, policy: Policy, world: MeshWorld) -> Policy:
        for fault in self._faults:
            if fault.policy:
                policy = fault.policy(policy, world)
        return policy

    def _fabric(self, world: MeshWorld) -> Fabric:
        if self._woven[0] != world:
            self._woven = world, weave(world, self._interception, self._settings)
        return self._woven[1]
