"""One change to the objects in the making: a working copy, and what it comes to when it is done."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from conformance.cluster.protocol import Change
from conformance.model.manifest import Manifest, ObjectRef

Objects = Mapping[ObjectRef, Manifest]
"""All objects at one moment, in the order they were first made. Never mutated."""

_GIVEN_BY_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


@dataclass(slots=True)
class Draft:
    """A working copy of all objects. Nothing is seen outside before the store takes it over."""

    before: Objects
    revision: int
    """The resourceVersion of whatever is written now."""
    objects: dict[ObjectRef, Manifest] = field(init=False)

    def __post_init__(self) -> None:
        self.objects = dict(self.before)

    def put(self, body: Mapping[str, Any]) -> None:
        """Store *body* under its name; an object that says the same already stays as it is."""
        ref = Manifest(body).ref
        old = self.objects.get(ref)
        stamped = self._stamped(body, old)
        if old is None or _without_revision(stamped) != _without_revision(old.body):
            self.objects[ref] = Manifest(stamped)

    def remove(self, ref: ObjectRef) -> None:
        """Drop an object; with a Namespace goes what is in it."""
        self.objects.pop(ref, None)
        if ref.kind == "Namespace":
            for inside in [one for one in self.objects if one.namespace == ref.name]:
                del self.objects[inside]

    def of_kind(self, kind: str, namespace: str = "") -> Iterator[Manifest]:
        """Walk the objects of *kind*, in one namespace or in all; the draft may change meanwhile."""
        return of_kind(dict(self.objects), kind, namespace)

    def change(self) -> Change:
        """Say what this draft does to what was there before."""
        stored = tuple(one for ref, one in self.objects.items() if self.before.get(ref) is not one)
        deleted = tuple(ref for ref in self.before if ref not in self.objects)
        return Change(stored=stored, deleted=deleted)

    def _stamped(self, body: Mapping[str, Any], old: Manifest | None) -> dict[str, Any]:
        before: Mapping[str, Any] = old.body if old else {}
        metadata = {key: value for key, value in body["metadata"].items() if key not in _GIVEN_BY_SERVER}
        given = before.get("metadata") or {
            "uid": str(uuid.uuid4()),
            "generation": 0,
            "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        metadata |= {key: given[key] for key in ("uid", "creationTimestamp")}
        same = old is not None and _desired(body) == _desired(before)
        metadata["generation"] = given["generation"] + (0 if same else 1)
        metadata["resourceVersion"] = str(self.revision)
        stamped = {**body, "metadata": metadata}
        if "status" in before and "status" not in stamped:
            stamped["status"] = before["status"]
        return stamped


def of_kind(objects: Objects, kind: str, namespace: str = "") -> Iterator[Manifest]:
    """Walk the objects of *kind*, in one namespace or in all."""
    for ref, one in objects.items():
        if ref.kind == kind and (not namespace or ref.namespace == namespace):
            yield one


def _desired(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in {"metadata", "status"}}


def _without_revision(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in body["metadata"].items() if key != "resourceVersion"}
    return {**body, "metadata": metadata}
