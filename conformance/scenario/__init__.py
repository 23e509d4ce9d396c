"""Reads and checks ``scenarios/**/*.yaml`` and writes them down for one bundle of versions. Pure."""

from conformance.scenario.grants import (
    BEACON,
    BeaconBackend,
    OpenedPath,
    beacon_grant,
    beacon_split,
    control_manifests,
    open_manifests,
)
from conformance.scenario.library import load_library, load_requirements
from conformance.scenario.manifests import HeadersShape, smi_manifest
from conformance.scenario.reading import load_scenario
from conformance.scenario.render import render, unwritable, workloads_needed
from conformance.scenario.world import World, actual_key, load_manifests, load_world

__all__ = [
    "BEACON",
    "BeaconBackend",
    "HeadersShape",
    "OpenedPath",
    "World",
    "actual_key",
    "beacon_grant",
    "beacon_split",
    "control_manifests",
    "load_library",
    "load_manifests",
    "load_requirements",
    "load_scenario",
    "load_world",
    "open_manifests",
    "render",
    "smi_manifest",
    "unwritable",
    "workloads_needed",
]
