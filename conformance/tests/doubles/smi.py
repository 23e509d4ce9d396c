"""Builders of SMI objects for tests of the oracle: valid by default, one argument deviates."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.model.manifest import Manifest

Object = Mapping[str, Any]
_ROOT_ACCESS, _ROOT_SPECS = {"v1alpha1"}, {"v1alpha1", "v1alpha2"}


def a_target(
    name: str = "grant",
    *,
    sources: Sequence[str | Object] = ("client-a",),
    destination: str | Object = "shop",
    rules: Sequence[Object] | None = None,
    version: str = "v1alpha3",
    namespace: str = "here",
    port: int | None = None,
) -> Manifest:
    """Grant every route of the group ``routes`` to client-a at shop."""
    subject = dict(_subject(destination))
    if port is not None:
        subject["port"] = port
    fields = {
        "destination": subject,
        "specs" if version in _ROOT_ACCESS else "rules": list(rules if rules is not None else [http_rule()]),
        "sources": [_subject(one) for one in sources],
    }
    body = fields if version in _ROOT_ACCESS else {"spec": fields}
    return _manifest("access", version, "TrafficTarget", name, namespace, body)


def account(name: str, namespace: str | None = "here", kind: str = "ServiceAccount") -> Object:
    """Refer to an identity; without a namespace, as some manifests do."""
    return {"kind": kind, "name": name} | ({} if namespace is None else {"namespace": namespace})


def _subject(one: str | Object) -> Object:
    return account(one) if isinstance(one, str) else one


def http_rule(name: str = "routes", matches: Sequence[str] | None = None) -> Object:
    """Refer to a route group, or to some of its entries."""
    rule: dict[str, Any] = {"kind": "HTTPRouteGroup", "name": name}
    return rule if matches is None else rule | {"matches": list(matches)}


def tcp_rule(name: str = "ports") -> Object:
    """Refer to a TCPRoute."""
    return {"kind": "TCPRoute", "name": name}


def a_group(
    name: str = "routes", *entries: Object, version: str = "v1alpha4", namespace: str = "here"
) -> Manifest:
    """Describe every request, unless entries are given."""
    matches = list(entries) or [an_entry()]
    body = {"matches": matches} if version in _ROOT_SPECS else {"spec": {"matches": matches}}
    return _manifest("specs", version, "HTTPRouteGroup", name, namespace, body)


def an_entry(
    name: str = "everything",
    path: str | None = ".*",
    methods: Sequence[str] | None = ("*",),
    headers: Any = None,
) -> Object:
    """Describe every request; None leaves a field out."""
    fields = {"name": name, "pathRegex": path, "methods": methods and list(methods), "headers": headers}
    return {key: value for key, value in fields.items() if value is not None}


def a_tcp_route(
    name: str = "ports", *ports: int, version: str = "v1alpha4", namespace: str = "here"
) -> Manifest:
    """Describe raw TCP on *ports*, or on all."""
    body = {"spec": {"matches": {"ports": list(ports)}}} if version == "v1alpha4" else {}
    return _manifest("specs", version, "TCPRoute", name, namespace, body)


def a_binding(name: str, *, namespace: str = "here", **schemes: Any) -> Manifest:
    """Bind an identity by schemes as the text spells them, such as ``serviceAccount="client-a"``."""
    body = {"spec": {"schemes": schemes}}
    return _manifest("access", "v1alpha4", "IdentityBinding", name, namespace, body)


def a_split(
    weights: Mapping[str, Any] | Sequence[tuple[str, Any]],
    *,
    root: str = "website",
    name: str = "rollout",
    matches: Sequence[str | Object] | None = None,
    version: str = "v1alpha4",
    namespace: str = "here",
) -> Manifest:
    """Divide calls to the website."""
    pairs = weights.items() if isinstance(weights, Mapping) else weights
    spec: dict[str, Any] = {
        "service": root,
        "backends": [{"service": service, "weight": weight} for service, weight in pairs],
    }
    if matches is not None:
        spec["matches"] = [http_rule(one) if isinstance(one, str) else one for one in matches]
    return _manifest("split", version, "TrafficSplit", name, namespace, {"spec": spec})


def _manifest(group: str, version: str, kind: str, name: str, namespace: str, body: Object) -> Manifest:
    head = {
        "apiVersion": f"{group}.smi-spec.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    }
    return Manifest({**head, **body})
