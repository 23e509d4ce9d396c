"""How each version lays out each kind: from the newest layout to the one that a bundle writes."""

from collections.abc import Mapping
from typing import Any, Literal

from conformance.model.manifest import Manifest
from conformance.model.scenario import SmiObject
from conformance.spec import ApiVersion, Bundle, kind_named

HeadersShape = Literal["map", "list"]
"""How header filters are written: one map, or a list of maps with one pair each."""


def smi_manifest(one: SmiObject, bundle: Bundle, headers_shape: HeadersShape = "map") -> Manifest:
    """Write one object as *bundle* has it.

    Args:
        one: With actual namespaces, in the newest layout.
        bundle: The version to write of each group.
        headers_shape: How the installed schema wants header filters.

    Spec:
        access v1alpha1 has its fields at the root and calls the rules ``specs``; specs v1alpha1 and v1alpha2
        have theirs at the root. A TCPRoute has no fields before v1alpha3, an empty spec in v1alpha3, and from
        v1alpha4 on ports, of which none means all.
    """
    kind = kind_named(one.kind)
    assert kind is not None  # the reader lets no other kind in
    version = bundle.version_of(kind.group)
    head = {
        "apiVersion": kind.api_version(version),
        "kind": one.kind,
        "metadata": {"name": one.name, "namespace": one.namespace},
    }
    return Manifest({**head, **_body(one, version, headers_shape)})


def _body(one: SmiObject, version: ApiVersion, headers_shape: HeadersShape) -> Mapping[str, Any]:
    match one.kind:
        case "TrafficTarget":
            return _target(one.spec, version)
        case "HTTPRouteGroup":
            return _route_group(one.spec, version, headers_shape)
        case "TCPRoute":
            return _tcp_route(one.spec, version)
        case _:
            return {"spec": dict(one.spec)}


def _target(spec: Mapping[str, Any], version: ApiVersion) -> Mapping[str, Any]:
    if version is not ApiVersion.V1ALPHA1:
        return {"spec": dict(spec)}
    return {"specs" if field == "rules" else field: value for field, value in spec.items()}


def _route_group(
    spec: Mapping[str, Any], version: ApiVersion, headers_shape: HeadersShape
) -> Mapping[str, Any]:
    written = {"matches": [_match(entry, headers_shape) for entry in spec["matches"]]}
    return written if version in {ApiVersion.V1ALPHA1, ApiVersion.V1ALPHA2} else {"spec": written}


def _match(entry: Mapping[str, Any], headers_shape: HeadersShape) -> Mapping[str, Any]:
    if headers_shape == "map" or "headers" not in entry:
        return entry
    return {**entry, "headers": [{name: pattern} for name, pattern in entry["headers"].items()]}


def _tcp_route(spec: Mapping[str, Any], version: ApiVersion) -> Mapping[str, Any]:
    match version:
        case ApiVersion.V1ALPHA1 | ApiVersion.V1ALPHA2:
            return {}
        case ApiVersion.V1ALPHA3:
            return {"spec": {}}
        case _:
            return {"spec": dict(spec) or {"matches": {"ports": []}}}
