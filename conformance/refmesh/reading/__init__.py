"""Reads Kubernetes objects, as plain JSON, into the mesh's own nouns. Pure."""

from conformance.refmesh.reading.policy import read_policy
from conformance.refmesh.reading.world import APP_ADDRESS, SIDECAR, read_world

__all__ = ["APP_ADDRESS", "SIDECAR", "read_policy", "read_world"]
