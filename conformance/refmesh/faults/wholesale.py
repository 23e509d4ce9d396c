"""Meshes that are wrong altogether: the first that any suite has to tell from a right one."""

from collections.abc import Iterable
from dataclasses import replace

from conformance.refmesh.faults.enforcement import unguarded, with_open_doors
from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import each_sidecar
from conformance.refmesh.faults.understood import each_grant
from conformance.refmesh.policy import Grant
from conformance.refmesh.world import MeshWorld


def _everybody(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, lambda one: with_open_doors(unguarded(one)))


def _nobody(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del grant, world
    return ()


def _any_route(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    return (replace(grant, http=None, raw_tcp=True),)


FAULTS = (
    Fault(
        name="allows-everything",
        says="Every call is let through, whoever sends it and whatever the targets say.",
        snapshots=_everybody,
    ),
    Fault(
        name="denies-everything",
        says="Every call is refused, also those that a target grants.",
        policy=each_grant(_nobody),
    ),
    Fault(
        name="ignores-routes",
        says="Only sources and ports are enforced: a listed source may send any request, HTTP or not.",
        policy=each_grant(_any_route),
    ),
)
