"""What a fault is: a sentence, and the stages of the pipeline that it changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.refmesh.faults.metrics.wrong_api import MetricsStages
from conformance.refmesh.policy import Policy
from conformance.refmesh.snapshot import Snapshot
from conformance.refmesh.translate import MeshSettings
from conformance.refmesh.world import MeshWorld

Body = Mapping[str, Any]
"""One Kubernetes object as JSON; never changed in place."""
Objects = Sequence[Body]
Snapshots = Mapping[str, Snapshot]
"""One snapshot per sidecar, by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a fault may look at when it changes snapshots."""

    world: MeshWorld
    policy: Policy
    settings: MeshSettings


ObjectStage = Callable[[Objects], Objects]
"""Changes what the mesh reads."""
PolicyStage = Callable[[Policy, MeshWorld], Policy]
"""Changes what the mesh understood."""
SnapshotStage = Callable[[Snapshots, Situation], Snapshots]
"""Changes what sidecars are told."""


AdmissionStage = Callable[[Body], str]
"""Says why an SMI object must not be stored; empty when it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to be wrong."""

    name: str
    """A slug with hyphens."""
    says: str
    """What is wrong, in one sentence that a vendor understands."""
    objects: Callable[[], ObjectStage] | None = None
    """Makes an object stage, anew each time the fault is set, so that the stage may remember earlier
    calls.
    """
    policy: PolicyStage | None = None
    snapshots: SnapshotStage | None = None
    metrics: MetricsStages | None = None
    """What it answers to those who ask for Traffic Metrics."""
    admission: AdmissionStage | None = None
    """What it has an API server refuse; only where the mesh is asked, which is on the embedded cluster."""
