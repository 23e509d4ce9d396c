"""Where each version keeps its fields: at the root of the object, or under ``spec``, and by which name.

`lifted` takes the fields of any version into one common layout, `lowered` puts them back. The common layout has the
field names of the latest version. It says nothing of what the fields mean.
"""

from collections.abc import Mapping
from typing import Any

from conformance.refmesh.conversion.objects import Fields
from conformance.refmesh.reading.stored import mapping
from conformance.spec import ApiVersion

Spec = Mapping[str, Any]
"""The fields of an object in the common layout."""

_V1, _V2 = ApiVersion.V1ALPHA1, ApiVersion.V1ALPHA2

_ROOTED: Mapping[str, frozenset[ApiVersion]] = {
    "TrafficTarget": frozenset({_V1}),
    "HTTPRouteGroup": frozenset({_V1, _V2}),
    "TCPRoute": frozenset({_V1, _V2}),
}
"""The versions of each kind that have no ``spec``.

Spec: access.smi-spec.io/v1alpha2 and specs.smi-spec.io/v1alpha3 moved the fields under ``spec``.
"""

_RENAMED = {"specs": "rules"}
"""Names of v1alpha1 TrafficTargets, and what later versions call the same."""


def lifted(kind: str, version: ApiVersion, fields: Fields) -> Spec:
    """Take *fields* of *kind* in *version* into the common layout."""
    if version not in _ROOTED.get(kind, ()):
        return mapping(fields.get("spec"))
    return {_RENAMED.get(name, name): value for name, value in fields.items()}


def lowered(kind: str, version: ApiVersion, spec: Spec) -> Fields:
    """Put *spec* back into the layout that *kind* has in *version*."""
    if version not in _ROOTED.get(kind, ()):
        return {"spec": spec}
    if kind != "TrafficTarget":
        return spec
    old = {new: name for name, new in _RENAMED.items()}
    return {old.get(name, name): value for name, value in spec.items()}
