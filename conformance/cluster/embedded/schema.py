"""Checks JSON values against structural schemas, and says what is wrong in an API server's words.

Knows the part of OpenAPI v3 that CustomResourceDefinitions use. It knows no kinds and no clusters.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
"""A structural schema, as it stands below ``openAPIV3Schema``."""

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def problems(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """List what is wrong with *value*, each in one line such as ``spec.service: Required value``.

    Args:
        value: JSON, as YAML or JSON readers give it.
        schema: The structural schema of it.
        path: Where the value stands, such as ``spec.backends[0]``; empty for a whole object.
    """
    wrong_type = _type_problem(value, schema, path)
    if wrong_type:
        yield wrong_type
        return
    yield from _value_problems(value, schema, path)
    if isinstance(value, Mapping):
        yield from _object_problems(value, schema, path)
    elif isinstance(value, list):
        yield from _list_problems(value, schema, path)


def unknown_fields(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """List the paths of fields that *schema* does not have."""
    for key, child, below in _children(value, schema):
        here = _join(path, key)
        if below is None:
            yield here
        else:
            yield from unknown_fields(child, below, here)


def pruned(value: Any, schema: Schema) -> Any:
    """Copy *value* without the fields that *schema* does not have, with the schema's defaults filled in."""
    if isinstance(value, list):
        return [pruned(item, schema.get("items", {})) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {key: pruned(child, below) for key, child, below in _children(value, schema) if below is not None}
    defaults = {
        name: below["default"] for name, below in schema.get("properties", {}).items() if "default" in below
    }
    return {**defaults, **kept}


def _children(value: Any, schema: Schema) -> Iterator[tuple[str | int, Any, Schema | None]]:
    """Walk one level down; a field without schema comes with None.

    What stands in place of another type has no fields to speak of: its type is what is wrong with it.
    """
    if _type_problem(value, schema, ""):
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield index, item, schema.get("items", {})
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield key, child, _field_schema(key, schema)


def _field_schema(key: str, schema: Schema) -> Schema | None:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    if key in properties:
        return properties[key]
    extra: Schema | None = schema.get("additionalProperties")
    return extra


def _type_problem(value: Any, schema: Schema, path: str) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        fits = _TYPES["integer"](value) or isinstance(value, str)
        wanted = "integer,string"
    else:
        wanted = schema.get("type", "")
        fits = not wanted or _TYPES[wanted](value)
    if fits:
        return ""
    return _invalid(path, _kind_of(value), f"must be of type {wanted}: {json.dumps(_kind_of(value))}")


def _value_problems(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(json.dumps(one) for one in schema["enum"])
        yield f"{path}: Unsupported value: {json.dumps(value)}: supported values: {allowed}"
    if _is_number(value) and value < schema.get("minimum", value):
        yield _invalid(path, value, f"should be greater than or equal to {schema['minimum']}")
    if _is_number(value) and value > schema.get("maximum", value):
        yield _invalid(path, value, f"should be less than or equal to {schema['maximum']}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield _invalid(path, value, f"should match '{schema['pattern']}'")
    if "not" in schema and not any(problems(value, schema["not"], path)):
        yield f'{path}: Invalid value: "": "{path}" must not validate the schema (not)'


def _object_problems(value: Mapping[str, Any], schema: Schema, path: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{_join(path, name)}: Required value"
    if len(value) < schema.get("minProperties", 0):
        yield _invalid(path, len(value), f"should have at least {schema['minProperties']} properties")
    for key, child, below in _children(value, schema):
        if below is not None:
            yield from problems(child, below, _join(path, key))


def _list_problems(value: list[Any], schema: Schema, path: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield _invalid(path, len(value), f"should have at least {schema['minItems']} items")
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{path}: Too many: {len(value)}: must have at most {schema['maxItems']} items"
    for index, child, below in _children(value, schema):
        yield from problems(child, below or {}, _join(path, index))


def _invalid(path: str, value: Any, why: str) -> str:
    return f"{path or '<nil>'}: Invalid value: {json.dumps(value)}: {path} in body {why}"


def _join(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _is_number(value: Any) -> bool:
    return _TYPES["number"](value)


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return "number"
    return next((name for name, fits in _TYPES.items() if fits(value)), "unknown")
