"""How an object was written: an annotation on every rendering of it in another version.

```json
{"version": "v1alpha2", "fields": {"spec": {...}}, "digest": "sha256:..."}
```

``fields`` is everything besides ``apiVersion``, ``kind`` and ``metadata``, word for word. ``digest`` is of the
rendering that it was put on, so that an edit of that rendering shows. A memory may have been written by anybody who
may write the object: it can be malformed, and then it is none.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.refmesh.conversion.objects import Fields, SmiObject
from conformance.refmesh.reading.stored import mapping, text
from conformance.spec import ApiVersion

WRITTEN_AS = "smi-conformance/written-as"
"""The annotation."""

_DEEPEST = 16
"""Levels of a memory that are read; no SMI object has more than nine. Deeper ones would end in a RecursionError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a rendering remembers."""

    version: ApiVersion
    fields: Fields
    digest: str


def remembering(rendering: SmiObject, original: SmiObject) -> SmiObject:
    """Put on *rendering* how the *original* was written."""
    memory = {
        "version": original.version.value,
        "fields": original.fields,
        "digest": digest_of(rendering.fields),
    }
    annotations = {**mapping(rendering.metadata.get("annotations")), WRITTEN_AS: _canonical(memory)}
    return replace(rendering, metadata={**rendering.metadata, "annotations": annotations})


def without_memory(one: SmiObject) -> SmiObject:
    """Take the annotation off, and with it the map of annotations if nothing else is in it."""
    annotations = mapping(one.metadata.get("annotations"))
    if WRITTEN_AS not in annotations:
        return one
    others = {name: value for name, value in annotations.items() if name != WRITTEN_AS}
    rest = {name: value for name, value in one.metadata.items() if name != "annotations"}
    return replace(one, metadata={**rest, "annotations": others} if others else rest)


def memory_of(one: SmiObject) -> Memory | None:
    """Read what *one* remembers; None where it has no memory of another version of its kind."""
    try:
        known = mapping(json.loads(_annotation(one)))
        version, fields = ApiVersion(known.get("version")), known.get("fields")
        plain = _is_shallow(fields) and bool(_canonical(fields))
    except (ValueError, RecursionError):
        return None
    if version is one.version or version not in one.kind.versions:
        return None
    if not plain or not isinstance(fields, Mapping):
        return None
    return Memory(version=version, fields=fields, digest=text(known.get("digest")))


def _is_shallow(value: object, levels: int = _DEEPEST) -> bool:
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(child, levels - 1) for child in children)


def digest_of(fields: Fields) -> str:
    """Say *fields* in short, whatever the order of their keys."""
    return "sha256:" + hashlib.sha256(_canonical(fields).encode()).hexdigest()


def _annotation(one: SmiObject) -> str:
    return text(mapping(one.metadata.get("annotations")).get(WRITTEN_AS))


def _canonical(value: Any) -> str:
    """Write JSON; a number that only Python takes for JSON is a ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
