"""How an installed HTTPRouteGroup wants header filters written, read from its definition. Pure."""

from collections.abc import Mapping
from typing import Any

from conformance.providers.protocol import HeadersShape
from conformance.spec import ApiVersion

_SHAPES: Mapping[str, HeadersShape] = {"array": "list", "object": "map"}


def installed_headers_shape(definition: Mapping[str, Any], version: ApiVersion) -> HeadersShape | None:
    """Say how *version* of an installed HTTPRouteGroup wants ``headers``.

    Args:
        definition: The CustomResourceDefinition ``httproutegroups.specs.smi-spec.io`` as it is stored.
        version: The version that is written.

    Returns:
        None where the definition leaves it open or does not have the version.

    Spec:
        specs.smi-spec.io keeps ``matches`` at the root up to v1alpha2 and below ``spec`` from v1alpha3 on.
    """
    for one in definition.get("spec", {}).get("versions", ()):
        if one.get("name") == version.value:
            schema = one.get("schema", {}).get("openAPIV3Schema", {})
            return _SHAPES.get(str(_at(schema, _path(version)).get("type")))
    return None


def _path(version: ApiVersion) -> tuple[str, ...]:
    root = () if version.ordinal < ApiVersion.V1ALPHA3.ordinal else ("properties", "spec")
    return (*root, "properties", "matches", "items", "properties", "headers")


def _at(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for step in path:
        found = schema.get(step)
        if not isinstance(found, Mapping):
            return {}
        schema = found
    return schema
