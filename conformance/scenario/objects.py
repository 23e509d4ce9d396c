"""The SMI objects of a scenario: from the short form people write to the newest layout, without a version."""

from collections.abc import Mapping
from typing import Any

from conformance.model.manifest import ObjectRef
from conformance.model.scenario import SmiObject
from conformance.scenario.document import Document, Step, suggestion

HERE = "here"
"""The symbolic namespace that stands for none written."""

WRITTEN_KINDS = ("TrafficTarget", "HTTPRouteGroup", "TCPRoute", "TrafficSplit", "IdentityBinding")
"""The kinds a scenario can write."""

RESERVED_PREFIXES = ("open-", "control-", "beacon")
"""How the names of the suite's own objects begin; they live beside the scenario's."""


def read_object(document: Document, steps: tuple[Step, ...], item: Mapping[str, Any]) -> SmiObject:
    """Read one item of ``apply``.

    Raises:
        ScenarioError: It has no kind, or a name that the suite keeps for itself.
    """
    kind = _kind(document, steps, item)
    name, namespace = item[kind], item.get("namespace", HERE)
    _refuse_reserved(document, (*steps, kind), name)
    return SmiObject(
        kind=kind,
        name=name,
        namespace=namespace,
        spec=_spec(document, steps, kind, item),
        line=document.line(*steps),
    )


def read_ref(document: Document, steps: tuple[Step, ...], text: str) -> ObjectRef:
    """Read one item of ``delete``, such as ``TrafficTarget there/shop``.

    Raises:
        ScenarioError: A kind that scenarios do not write.
    """
    kind, _, key = text.partition(" ")
    if kind not in WRITTEN_KINDS:
        raise document.mistake(
            steps, f"there is no SMI kind {kind!r} to delete", suggestion(kind, WRITTEN_KINDS, "kinds")
        )
    namespace, _, name = qualified(key).partition("/")
    return ObjectRef(kind, namespace, name)


def qualified(key: str) -> str:
    """Put ``here`` before a name that has no namespace."""
    return key if "/" in key else f"{HERE}/{key}"


def _kind(document: Document, steps: tuple[Step, ...], item: Mapping[str, Any]) -> str:
    for kind in WRITTEN_KINDS:
        if kind in item:
            return kind  # the schema lets no second one in
    first = next(iter(item), "")
    raise document.mistake(
        (*steps, first) if first else steps,
        f"{first!r} is no kind of SMI object that a scenario can write",
        suggestion(first, WRITTEN_KINDS, "kinds"),
    )


def _refuse_reserved(document: Document, steps: tuple[Step, ...], name: str) -> None:
    for prefix in RESERVED_PREFIXES:
        if name.startswith(prefix):
            raise document.mistake(
                steps,
                f"the name {name!r} begins with {prefix!r}, as the suite's own objects do",
                "give it another name",
            )


def _spec(
    document: Document, steps: tuple[Step, ...], kind: str, item: Mapping[str, Any]
) -> Mapping[str, Any]:
    match kind:
        case "TrafficTarget":
            return _target(document, steps, item)
        case "HTTPRouteGroup":
            return {"matches": item["matches"]}
        case "TCPRoute":
            return {"matches": {"ports": item["ports"]}} if "ports" in item else {}
        case "TrafficSplit":
            return _split(item)
        case _:
            return {"schemes": item["schemes"]}


def _target(document: Document, steps: tuple[Step, ...], item: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: dict[str, Any] = {"destination": _subject(item["destination"])}
    if "port" in item:
        spec["destination"]["port"] = item["port"]
    if "rules" in item:
        spec["rules"] = [
            _rule(document, (*steps, "rules", position), rule) for position, rule in enumerate(item["rules"])
        ]
    if "sources" in item:
        spec["sources"] = [_subject(one) for one in item["sources"]]
    return spec


def _subject(written: str | Mapping[str, str | None]) -> dict[str, Any]:
    if not isinstance(written, str):
        named = {"kind": written["kind"], "name": written["name"]}
        namespace = written.get("namespace", HERE)
        return named if namespace is None else {**named, "namespace": namespace}
    namespace, _, name = qualified(written).partition("/")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def _rule(document: Document, steps: tuple[Step, ...], rule: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds = [one for one in ("HTTPRouteGroup", "TCPRoute") if one in rule]
    if len(kinds) != 1:
        raise document.mistake(
            steps,
            "names no single route",
            "write {HTTPRouteGroup: routes} or {TCPRoute: routes}, one per rule",
        )
    (kind,) = kinds
    extra = {"matches": rule["matches"]} if "matches" in rule else {}
    return {"kind": kind, "name": rule[kind], **extra}


def _split(item: Mapping[str, Any]) -> Mapping[str, Any]:
    written = item["backends"]
    if isinstance(written, Mapping):
        written = [{"service": service, "weight": weight} for service, weight in written.items()]
    spec: dict[str, Any] = {"service": item["service"]}
    if "matches" in item:
        spec["matches"] = [{"kind": "HTTPRouteGroup", "name": name} for name in item["matches"]]
    return {**spec, "backends": written}
