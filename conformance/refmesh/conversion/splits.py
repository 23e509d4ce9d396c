"""TrafficSplits in other versions.

Weights of v1alpha1 are quantities, later ones whole numbers. ``matches`` exists from v1alpha3 on: without it
everybody would be moved, so earlier versions show a split whose root cannot exist, which moves nobody.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Any

from conformance.refmesh.conversion.layout import Spec
from conformance.refmesh.conversion.steps import Edit, Step, elsewhere
from conformance.refmesh.reading.quantity import parse_quantity
from conformance.refmesh.reading.splits import whole_weights
from conformance.refmesh.reading.stored import mappings, whole
from conformance.spec import ApiVersion

LARGEST = 2**53 - 1
"""The largest weight that is written: beyond it, JSON readers that know only floats lose digits."""

_V1, _V2 = ApiVersion.V1ALPHA1, ApiVersion.V1ALPHA2
_WITHOUT_MATCHES = _V2


def render_split(spec: Spec, step: Step) -> Spec:
    """Tell *spec* as *step* asks, moving at most the calls that it moves."""
    told = dict(spec)
    if "backends" in spec:
        told["backends"] = _backends(mappings(spec["backends"]), step)
    if step.crosses(_WITHOUT_MATCHES) and told.pop("matches", None) is not None:
        told["service"] = elsewhere(spec.get("service"), step.of)
    return told


def _backends(backends: Sequence[Spec], step: Step) -> list[dict[str, Any]]:
    if not step.crosses(_V1):
        return [dict(one) for one in backends]
    weights: Sequence[int]
    if step.to is _V1:
        weights = [whole(one.get("weight")) or 0 for one in backends]
    else:
        weights = whole_numbers([_quantity(one.get("weight")) for one in backends])
    return [{**one, "weight": weight} for one, weight in zip(backends, weights, strict=True)]


def _quantity(written: object) -> Fraction:
    """Read a weight; what is negative or no quantity draws no traffic."""
    return max(parse_quantity(written) or Fraction(0), Fraction(0))


def whole_numbers(weights: Sequence[Fraction]) -> tuple[int, ...]:
    """Scale *weights*, 0 or more, to whole numbers of the same ratios.

    Whole weights stay as they are: 90 and 10 do not become 9 and 1. Where the ratios need numbers beyond `LARGEST`,
    they are rounded, yet none that is more than 0 becomes 0.
    """
    scaled = whole_weights(weights)
    if max(scaled, default=0) <= LARGEST:
        return scaled
    shared = gcd(*scaled)
    most = max(scaled) // shared
    return tuple(_fitted(one // shared, most) for one in scaled)


def _fitted(weight: int, most: int) -> int:
    if most <= LARGEST or not weight:
        return weight
    return max(1, weight * LARGEST // most)


def merge_split(edit: Edit) -> Spec | None:
    """Bring *edit* together with the ``matches`` that its version could not show.

    Returns:
        The split as it now is, in the version of the original; None where what is shown has to count alone.
    """
    if "matches" not in edit.original or not edit.step.crosses(_WITHOUT_MATCHES):
        return None
    if edit.shown.get("service") != edit.rendering.get("service"):
        return None
    return {**edit.original, "backends": _backends(mappings(edit.shown.get("backends")), edit.step.back)}
