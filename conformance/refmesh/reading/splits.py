"""Reads TrafficSplits, each version as it says itself.

v1alpha1 writes weights as quantities, later ones as numbers; ``matches`` exists from v1alpha3 on.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from conformance.refmesh.policy import Backend, HttpMatch, SplitRule
from conformance.refmesh.reading.http_routes import RouteGroup
from conformance.refmesh.reading.quantity import parse_quantity
from conformance.refmesh.reading.stored import Key, Stored, mappings, text
from conformance.spec import ApiVersion

_SUFFIXES = ("", ".svc", ".svc.cluster.local")


def read_split(split: Stored, groups: Mapping[Key, RouteGroup]) -> SplitRule | None:
    """Read one split; None when its root is no Service of its own namespace."""
    root = _service(split.spec.get("service"), split.namespace)
    if not root:
        return None
    return SplitRule(
        namespace=split.namespace,
        root=root,
        backends=_backends(split),
        matches=_matches(split, groups),
        origin=str(split),
    )


def _service(name: object, namespace: str) -> str:
    """Give the bare name of a Service of *namespace*; empty for a dotted name that leads elsewhere."""
    bare, _, rest = text(name).partition(".")
    own = {f"{namespace}{suffix}" for suffix in _SUFFIXES}
    return bare if not rest or rest.removesuffix(".") in own else ""


def _backends(split: Stored) -> tuple[Backend, ...]:
    written = mappings(split.spec.get("backends"))
    weights = whole_weights([_weight(one, split.version) for one in written])
    names = [_service(one.get("service"), split.namespace) for one in written]
    return tuple(
        Backend(service=name, weight=weight) for name, weight in zip(names, weights, strict=True) if name
    )


def _weight(backend: Mapping[str, Any], version: ApiVersion) -> Fraction:
    """Read a weight; one that is negative, or no number in its version, draws no traffic."""
    weight = backend.get("weight")
    if version is not ApiVersion.V1ALPHA1 and isinstance(weight, str):
        return Fraction(0)
    return max(parse_quantity(weight) or Fraction(0), Fraction(0))


def whole_weights(weights: Sequence[Fraction]) -> tuple[int, ...]:
    """Scale weights by the smallest factor that makes them all whole; none is rounded."""
    factor = lcm(*(weight.denominator for weight in weights))
    return tuple(int(weight * factor) for weight in weights)


def _matches(split: Stored, groups: Mapping[Key, RouteGroup]) -> tuple[HttpMatch, ...] | None:
    """Merge the groups that are referred to; None without any reference.

    A reference that leads nowhere selects nothing. It must not select everything, or everybody would be
    moved.
    """
    if split.version.ordinal < ApiVersion.V1ALPHA3.ordinal:
        return None
    references = mappings(split.spec.get("matches"))
    if not references:
        return None
    named = [text(one.get("name")) for one in references if one.get("kind") == "HTTPRouteGroup"]
    merged = [groups.get((split.namespace, name), {}) for name in named]
    return tuple(match for group in merged for entry in group.values() for match in entry)
