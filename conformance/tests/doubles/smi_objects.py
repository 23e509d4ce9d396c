"""SMI objects as people write them, in any version. Valid by default; one argument deviates."""

from collections.abc import Mapping, Sequence
from typing import Any

VERSIONS = ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")

Body = dict[str, Any]


def an_account(name: str, namespace: str | None = "here", kind: str = "ServiceAccount") -> Body:
    """Write a subject of a TrafficTarget."""
    subject = {"kind": kind, "name": name}
    return subject if namespace is None else {**subject, "namespace": namespace}


def a_rule(name: str = "routes", kind: str = "HTTPRouteGroup", matches: Sequence[str] | None = None) -> Body:
    """Write a rule of a TrafficTarget."""
    rule = {"kind": kind, "name": name}
    return rule if matches is None else {**rule, "matches": list(matches)}


def a_target(
    version: str = "v1alpha4",
    *,
    name: str = "shop",
    namespace: str = "here",
    destination: Body | None = None,
    sources: Sequence[Body] | None = None,
    rules: Sequence[Body] | None = None,
    port: object = None,
) -> Body:
    """Write a TrafficTarget that lets client-a use the group ``routes`` of shop, in the layout of
    *version*.
    """
    to = dict(destination or an_account("shop", namespace))
    if port is not None:
        to["port"] = port
    fields = {
        "destination": to,
        "sources": [an_account("client-a")] if sources is None else list(sources),
        "specs" if version == "v1alpha1" else "rules": [a_rule()] if rules is None else list(rules),
    }
    body = _object("access", version, "TrafficTarget", namespace, name)
    return {**body, **fields} if version == "v1alpha1" else {**body, "spec": fields}


def an_entry(name: str = "metrics", **fields: object) -> Body:
    """Write an entry of an HTTPRouteGroup: ``GET /metrics`` unless *fields* say otherwise."""
    return {"name": name, **(fields or {"pathRegex": "/metrics", "methods": ["GET"]})}


def a_group(version: str = "v1alpha4", *entries: Body, name: str = "routes", namespace: str = "here") -> Body:
    """Write an HTTPRouteGroup in the layout of *version*."""
    body = _object("specs", version, "HTTPRouteGroup", namespace, name)
    fields = {"matches": list(entries or [an_entry()])}
    return {**body, **fields} if version in VERSIONS[:2] else {**body, "spec": fields}


def a_port_route(
    version: str = "v1alpha4", *, ports: Sequence[object] = (), name: str = "ports", kind: str = "TCPRoute"
) -> Body:
    """Write a TCPRoute or UDPRoute in ``here``; only v1alpha4 can say *ports*."""
    body = _object("specs", version, kind, "here", name)
    specs = {"v1alpha3": {}, "v1alpha4": {"matches": {"ports": list(ports)}}}
    return {**body, "spec": specs[version]} if version in specs else body


def a_binding(name: str = "callers", namespace: str = "here", **schemes: object) -> Body:
    """Write an IdentityBinding."""
    return {**_object("access", "v1alpha4", "IdentityBinding", namespace, name), "spec": {"schemes": schemes}}


def a_split(
    version: str = "v1alpha4",
    backends: Mapping[str, object] | Sequence[tuple[str, object]] = (("website-v1", 1), ("website-v2", 1)),
    *,
    root: str = "website",
    namespace: str = "here",
    matches: Sequence[Body] | None = None,
) -> Body:
    """Write a TrafficSplit named as its root."""
    pairs = backends.items() if isinstance(backends, Mapping) else backends
    spec: Body = {
        "service": root,
        "backends": [{"service": service, "weight": weight} for service, weight in pairs],
    }
    if matches is not None:
        spec["matches"] = list(matches)
    return {**_object("split", version, "TrafficSplit", namespace, root), "spec": spec}


def _object(group: str, version: str, kind: str, namespace: str, name: str) -> Body:
    return {
        "apiVersion": f"{group}.smi-spec.io/{version}",
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
    }
