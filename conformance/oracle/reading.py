"""Reads SMI objects of every version into one `Policy`.

Each object is read as its own version says: a field in another version's place does not exist. A field of
the wrong type is read as absent where absence is the stricter reading, and makes its entry broken where it
is not.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from conformance.model.manifest import Manifest
from conformance.model.quantities import parse_quantity
from conformance.oracle.policy import (
    Backend,
    Binding,
    HttpMatch,
    Policy,
    RouteGroup,
    Rule,
    Split,
    Subject,
    Target,
    TcpRoute,
)
from conformance.spec import ApiVersion, kind_named, parse_api_version

_V1, _V2, _V3, _V4 = ApiVersion


def read_policy(manifests: Sequence[Manifest]) -> Policy:
    """Read all SMI objects among *manifests*; of two with one name, the later one is in force."""
    found = {manifest.ref: manifest for manifest in manifests}
    ordered = [found[ref] for ref in sorted(found)]

    def of(kind: str) -> list[tuple[Manifest, ApiVersion]]:
        return [(one, version) for one in ordered if one.kind == kind and (version := _version(one))]

    groups = [_group(one, version) for one, version in of("HTTPRouteGroup")]
    routes = [_tcp_route(one, version) for one, version in of("TCPRoute")]
    bindings = [_binding(one) for one, _ in of("IdentityBinding")]
    return Policy(
        targets=tuple(_target(one, version) for one, version in of("TrafficTarget")),
        groups={(one.ref.namespace, one.ref.name): one for one in groups},
        tcp_routes={(one.ref.namespace, one.ref.name): one for one in routes},
        bindings={(one.ref.namespace, one.ref.name): one for one in bindings},
        splits=tuple(_split(one, version) for one, version in of("TrafficSplit")),
    )


def _version(manifest: Manifest) -> ApiVersion | None:
    """Find the version, if the object is of an SMI kind in a version that has it."""
    parsed, kind = parse_api_version(manifest.api_version), kind_named(manifest.kind)
    if parsed is None or kind is None or kind.group is not parsed[0] or parsed[1] not in kind.versions:
        return None
    return parsed[1]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _spec(manifest: Manifest) -> Mapping[str, Any]:
    return _mapping(manifest.body.get("spec"))


def _target(manifest: Manifest, version: ApiVersion) -> Target:
    root = manifest.body if version is _V1 else _spec(manifest)
    destination = root.get("destination")
    port = _mapping(destination).get("port") if version in {_V1, _V2} else None
    return Target(
        ref=manifest.ref,
        version=version,
        destination=_subject(destination) if isinstance(destination, Mapping) else None,
        port=int(port) if port is not None else None,
        rules=_rules(root.get("specs" if version is _V1 else "rules")),
        sources=tuple(_subject(one) for one in _items(root.get("sources"))),
    )


def _subject(body: Mapping[str, Any]) -> Subject:
    namespace = body.get("namespace") or None
    return Subject(kind=str(body.get("kind", "")), name=str(body.get("name", "")), namespace=namespace)


def _rules(value: Any) -> tuple[Rule, ...]:
    return tuple(
        Rule(kind=str(one.get("kind", "")), name=str(one.get("name", "")), matches=_names(one.get("matches")))
        for one in _items(value)
    )


def _names(value: Any) -> tuple[str, ...] | None:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else None


def _group(manifest: Manifest, version: ApiVersion) -> RouteGroup:
    root = manifest.body if version in {_V1, _V2} else _spec(manifest)
    return RouteGroup(
        ref=manifest.ref, matches=tuple(_http_match(one, version) for one in _items(root.get("matches")))
    )


def _http_match(body: Mapping[str, Any], version: ApiVersion) -> HttpMatch:
    path, methods = body.get("pathRegex"), _names(body.get("methods"))
    headers = () if version is _V1 else _headers(body.get("headers"))
    patterns = [*([] if path is None else [path]), *(pattern for _, pattern in headers or ())]
    return HttpMatch(
        name=str(body.get("name", "")),
        path=None if path is None else str(path),
        methods=methods,
        headers=headers or (),
        broken=headers is None or not all(_compiles(pattern) for pattern in patterns),
        incomplete=methods == () or (version is _V1 and (path is None or methods is None)),
    )


def _headers(value: Any) -> tuple[tuple[str, str], ...] | None:
    """Read both shapes, a map and a list of maps; None when it is neither."""
    if value is None:
        return ()
    maps = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, Mapping) for one in maps):
        return None
    return tuple((str(name).lower(), pattern) for one in maps for name, pattern in one.items())


def _compiles(pattern: Any) -> bool:
    try:
        re.compile(pattern)
    except (re.error, TypeError):
        return False
    return True


def _tcp_route(manifest: Manifest, version: ApiVersion) -> TcpRoute:
    ports = _mapping(_spec(manifest).get("matches")).get("ports") if version is _V4 else None
    return TcpRoute(ref=manifest.ref, ports=frozenset(ports or ()))


def _binding(manifest: Manifest) -> Binding:
    schemes = _mapping(_spec(manifest).get("schemes"))
    selector = schemes.get("podLabelSelector")
    return Binding(
        ref=manifest.ref,
        account=schemes.get("serviceAccount") or None,
        labels=None if selector is None else _mapping(_mapping(selector).get("matchLabels")),
        spiffe=_names(schemes.get("spiffeIdentities")) or (),
    )


def _split(manifest: Manifest, version: ApiVersion) -> Split:
    spec = _spec(manifest)
    listed = spec.get("matches") if version in {_V3, _V4} else None
    return Split(
        ref=manifest.ref,
        root=str(spec.get("service", "")),
        backends=tuple(
            Backend(service=str(one.get("service", "")), weight=_weight(one.get("weight"), version))
            for one in _items(spec.get("backends"))
        ),
        matches=None if listed is None else _rules(listed),
    )


def _weight(value: Any, version: ApiVersion) -> Fraction | None:
    """Read a weight: from v1alpha2 on "a weight is a whole number"; before that it is a quantity."""
    if isinstance(value, bool) or value is None:
        return None
    if version is _V1:
        return parse_quantity(str(value))
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return Fraction(int(value))
    return None
