"""SMI objects taken apart: what conversion leaves alone, and what it tells in other words."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from conformance.errors import ManifestRefusedError
from conformance.refmesh.reading.stored import mapping, text
from conformance.spec import ApiVersion, Kind, kind_named, parse_api_version

Fields = Mapping[str, Any]
"""Everything of an object besides ``apiVersion``, ``kind`` and ``metadata``, in the layout of its version."""

_HEAD = frozenset({"apiVersion", "kind", "metadata"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmiObject:
    """One SMI object, in one version."""

    kind: Kind
    version: ApiVersion
    metadata: Mapping[str, Any]
    fields: Fields

    @property
    def namespace(self) -> str:
        """Where the object is; empty where it does not say."""
        return text(self.metadata.get("namespace"))

    def body(self) -> dict[str, Any]:
        """Put the object together again, as JSON that shares nothing with what it was taken from."""
        head = {
            "apiVersion": self.kind.api_version(self.version),
            "kind": self.kind.name,
            "metadata": self.metadata,
        }
        return deepcopy({**head, **self.fields})

    def told_as(self, version: ApiVersion, fields: Fields) -> "SmiObject":
        """Give the same object with *fields* in *version*."""
        return replace(self, version=version, fields=fields)


def taken_apart(body: Mapping[str, Any]) -> SmiObject:
    """Read *body* as an SMI object.

    Raises:
        ManifestRefusedError: It is of no kind of SMI, or in a version that its kind does not have.
    """
    api_version, name = text(body.get("apiVersion")), text(body.get("kind"))
    kind, parsed = kind_named(name), parse_api_version(api_version)
    if kind is None or parsed is None or kind.group is not parsed[0] or parsed[1] not in kind.versions:
        raise ManifestRefusedError(
            f"SMI has no kind {name!r} in {api_version!r}",
            _where(body),
            "convert only objects of the kinds and versions that conformance.spec lists",
        )
    fields = {key: value for key, value in body.items() if key not in _HEAD}
    return SmiObject(kind=kind, version=parsed[1], metadata=mapping(body.get("metadata")), fields=fields)


def demand_version(one: SmiObject, version: ApiVersion) -> None:
    """Make sure that the kind of *one* has *version*.

    Raises:
        ManifestRefusedError: It does not.
    """
    if version in one.kind.versions:
        return
    known = ", ".join(each.value for each in one.kind.versions)
    raise ManifestRefusedError(
        f"SMI has no {one.kind.name} in {version.value}",
        f"{one.kind.name} {one.namespace}/{one.metadata.get('name', '')}",
        f"ask for one of the versions of this kind: {known}",
    )


def _where(body: Mapping[str, Any]) -> str:
    metadata = mapping(body.get("metadata"))
    return f"{body.get('kind')} {metadata.get('namespace', '')}/{metadata.get('name', '')}"
