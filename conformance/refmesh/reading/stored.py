"""SMI objects as they are stored, and careful looks at JSON that no schema may have checked.

Published schemas disagree, so every field may be absent or of another type. What cannot be read grants
nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.spec import ApiVersion, kind_named, parse_api_version

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One SMI object in the version it is written in."""

    kind: str
    version: ApiVersion
    namespace: str
    name: str
    body: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """What objects of the same kind are told apart by."""
        return self.namespace, self.name

    @property
    def spec(self) -> Mapping[str, Any]:
        """What stands under ``spec``."""
        return mapping(self.body.get("spec"))

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def stored_objects(objects: Iterable[Mapping[str, Any]]) -> tuple[Stored, ...]:
    """Pick the SMI objects out of *objects*, in the order of their kinds and keys.

    An object of a version that its kind never had is passed over.
    """
    found = [stored for one in objects if (stored := _stored(one)) is not None]
    return tuple(sorted(found, key=lambda stored: (stored.kind, stored.key)))


def _stored(body: Mapping[str, Any]) -> Stored | None:
    kind = kind_named(text(body.get("kind")))
    parsed = parse_api_version(text(body.get("apiVersion")))
    if kind is None or parsed is None:
        return None
    group, version = parsed
    if group is not kind.group or version not in kind.versions:
        return None
    metadata = mapping(body.get("metadata"))
    namespace, name = text(metadata.get("namespace")), text(metadata.get("name"))
    return Stored(kind=kind.name, version=version, namespace=namespace, name=name, body=body)


def mapping(value: object) -> Mapping[str, Any]:
    """Take *value* as a JSON object; empty when it is none."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> tuple[Any, ...]:
    """Take *value* as a JSON array; empty when it is none."""
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """Take *value* as a JSON array of objects, without what is no object."""
    return tuple(one for one in sequence(value) if isinstance(one, Mapping))


def text(value: object) -> str:
    """Take *value* as a string; empty when it is none."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """Take *value* as a whole number, which JSON may write as 8080.0; None when it is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
