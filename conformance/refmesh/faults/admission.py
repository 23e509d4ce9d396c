"""Meshes whose API refuses objects that keep to the spec."""

from conformance.refmesh.faults.fault import Body, Fault
from conformance.refmesh.faults.written import field, kind_of


def _one_source_only(body: Body) -> str:
    several = kind_of(body) == "TrafficTarget" and len(field(body, "sources") or ()) > 1
    return "spec.sources: one source is supported" if several else ""


def _two_backends_only(body: Body) -> str:
    several = kind_of(body) == "TrafficSplit" and len(field(body, "backends") or ()) > 2  # noqa: PLR2004
    return "spec.backends: two backends are supported" if several else ""


FAULTS = (
    Fault(
        name="refuses-several-sources",
        says="A target with more than one source is refused when it is applied.",
        admission=_one_source_only,
    ),
    Fault(
        name="refuses-three-backends",
        says="A split with more than two backends is refused when it is applied.",
        admission=_two_backends_only,
    ),
)
