"""Valid SMI objects of every kind and version, generated from the schemas of the CRDs."""

from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

from conformance import places
from conformance.cluster.embedded.schema import problems
from conformance.spec import KINDS, ApiVersion, Kind

_NAMES = st.sampled_from(["one", "two", "three.four", "client-a"])
_WORDS: dict[str, st.SearchStrategy[str]] = {
    "pathRegex": st.sampled_from(["", ".*", "/a$", "/b(", "[^\\s\\S]"]),
    "namespace": st.sampled_from(["here", "there"]),
    "kind": st.sampled_from(["ServiceAccount", "ServiceAccount", "IdentityBinding", "Group"]),
    "group": st.sampled_from(["", "access.smi-spec.io"]),
}
_QUANTITIES = st.one_of(
    st.integers(-3, 10**6),
    st.from_regex(r"[+-]?[0-9]{1,3}(\.[0-9]{1,3})?([numkMGTPE]|[KMGTPE]i|e[+-]?[0-9]{1,3})?", fullmatch=True),
)


def _crds() -> dict[str, dict[str, Any]]:
    folder = places.fixtures_root() / "crds"
    found = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.glob("*.yaml"))]
    return {one["spec"]["names"]["kind"]: one for one in found}


CRDS = _crds()
"""The definitions by kind, as JSON."""

VERSIONS = [(kind, version) for kind in KINDS for version in kind.versions]
"""Every kind in every version it has."""


def schema_of(kind: Kind, version: ApiVersion) -> dict[str, Any]:
    """Find the schema of *kind* in *version*."""
    versions = CRDS[kind.name]["spec"]["versions"]
    return next(one["schema"]["openAPIV3Schema"] for one in versions if one["name"] == version.value)


@cache
def bodies(kind: Kind, version: ApiVersion) -> st.SearchStrategy[dict[str, Any]]:
    """Generate valid objects of *kind* in *version*."""
    head = {"apiVersion": kind.api_version(version), "kind": kind.name}
    schema = schema_of(kind, version)
    fields = _values("", schema).filter(lambda value: not list(problems(value, schema)))
    return st.builds(lambda metadata, told: {**head, "metadata": metadata, **told}, _metadata(), fields)


def _metadata() -> st.SearchStrategy[dict[str, Any]]:
    pairs = st.dictionaries(_NAMES, _NAMES, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {"name": _NAMES, "namespace": _WORDS["namespace"], "uid": st.just("f00d")},
        optional={"labels": pairs, "annotations": pairs},
    )


def _values(name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generate values of the field *name*."""
    if schema.get("x-kubernetes-int-or-string"):
        return _QUANTITIES
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _BY_TYPE[schema["type"]](name, schema)


def _lists(_: str, schema: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(_values("", schema["items"]), min_size=schema.get("minItems", 0), max_size=3)


def _integers(_: str, schema: dict[str, Any]) -> st.SearchStrategy[int]:
    return st.integers(schema.get("minimum", -1), schema.get("maximum", 2**40))


def _objects(_: str, schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "additionalProperties" in schema:
        return st.dictionaries(_NAMES, _NAMES, min_size=schema.get("minProperties", 0), max_size=2)
    fields = {name: _values(name, below) for name, below in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: one for name, one in fields.items() if name in required},
        optional={name: one for name, one in fields.items() if name not in required},
    )


_BY_TYPE = {
    "array": _lists,
    "integer": _integers,
    "object": _objects,
    "string": lambda name, _: _WORDS.get(name, _NAMES),
}
