"""Translates a world and a policy into what each sidecar is told. Pure: no clock, no sockets, no files."""

from conformance.refmesh.translate.mesh import Fabric, lay_over, translate, weave
from conformance.refmesh.translate.settings import AUTHORITIES, CERTIFICATE, MeshSettings, Redirection

__all__ = [
    "AUTHORITIES",
    "CERTIFICATE",
    "Fabric",
    "MeshSettings",
    "Redirection",
    "lay_over",
    "translate",
    "weave",
]
