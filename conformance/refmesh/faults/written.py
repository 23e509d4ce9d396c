"""How faults take hold of SMI objects as they are written, in whatever version that is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.refmesh.faults.fault import Body, Objects, ObjectStage

ObjectKey = tuple[str, str, str]
"""Kind, namespace and name."""

SMI_KINDS = ("TrafficTarget", "IdentityBinding", "HTTPRouteGroup", "TCPRoute", "UDPRoute", "TrafficSplit")
ROUTE_KINDS = ("HTTPRouteGroup", "TCPRoute", "UDPRoute")

_FLAT = {
    ("TrafficTarget", "v1alpha1"),
    ("HTTPRouteGroup", "v1alpha1"),
    ("HTTPRouteGroup", "v1alpha2"),
}


def kind_of(body: Body) -> str:
    """Give an SMI object's kind; empty for any other object."""
    is_smi = ".smi-spec.io/" in str(body.get("apiVersion"))
    return str(body.get("kind")) if is_smi else ""


def namespace_of(body: Body) -> str:
    """Give an object's namespace; empty where it has none."""
    return str(body["metadata"].get("namespace", ""))


def key_of(body: Body) -> ObjectKey:
    """Say which SMI object this is."""
    return kind_of(body), namespace_of(body), str(body["metadata"]["name"])


def field(body: Body, name: str) -> Any:
    """Read a field by the name that the newest version has for it; None when it is absent."""
    holder = body if _is_flat(body) else body.get("spec") or {}
    return holder.get(_spelt(body, name))


def with_field(body: Body, name: str, value: object) -> Body:
    """Give a copy of *body* with another value for a field, named as the newest version names it."""
    entry = {_spelt(body, name): value}
    if _is_flat(body):
        return {**body, **entry}
    return {**body, "spec": {**(body.get("spec") or {}), **entry}}


def text_of(body: Body) -> Mapping[str, Any]:
    """Give what people write, without what the API server adds."""
    return {key: value for key, value in body.items() if key not in {"metadata", "status"}}


def named_account(subject: Mapping[str, Any], body: Body) -> tuple[str, str]:
    """Say which account a subject of an object names: namespace, by default the object's own, and name."""
    return subject.get("namespace") or namespace_of(body), str(subject.get("name"))


def renamed(body: Body, name: str) -> Body:
    """Give a copy of *body* under another name."""
    return {**body, "metadata": {**body["metadata"], "name": name}}


def moved(body: Body, namespace: str) -> Body:
    """Give a copy of *body* in another namespace."""
    return {**body, "metadata": {**body["metadata"], "namespace": namespace}}


def _version(body: Body) -> str:
    return str(body["apiVersion"]).partition("/")[2]


def _is_flat(body: Body) -> bool:
    return (str(body["kind"]), _version(body)) in _FLAT


def _spelt(body: Body, name: str) -> str:
    return "specs" if name == "rules" and _is_flat(body) else name


def is_route_rule(rule: Mapping[str, Any], kind: str) -> bool:
    """Say whether a target's rule refers to a route of *kind*."""
    return rule.get("kind") == kind


def each(kind: str, change: Callable[[Body], Body]) -> Callable[[], ObjectStage]:
    """Make an object stage that changes every SMI object of *kind* and remembers nothing."""

    def stage(objects: Objects) -> Objects:
        return [change(one) if kind_of(one) == kind else one for one in objects]

    return lambda: stage


def forgetful(stage: ObjectStage) -> Callable[[], ObjectStage]:
    """Offer *stage*, which remembers nothing, where one that may remember is asked for."""
    return lambda: stage


def each_rule(
    change: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any]]],
) -> Callable[[], ObjectStage]:
    """Make an object stage that puts what *change* gives in the place of every rule of every target."""

    def target(body: Body) -> Body:
        rules = field(body, "rules") or []
        return with_field(body, "rules", [new for rule in rules for new in change(rule)])

    return each("TrafficTarget", target)


def everything_group(namespace: str, name: str, entries: Iterable[str]) -> Body:
    """Write an HTTPRouteGroup whose entries, named *entries*, each fit every request."""
    matches = [{"name": entry, "pathRegex": ".*", "methods": ["*"]} for entry in entries]
    return {
        "apiVersion": "specs.smi-spec.io/v1alpha4",
        "kind": "HTTPRouteGroup",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"matches": matches},
    }
