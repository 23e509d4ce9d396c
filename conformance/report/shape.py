"""Puts frozen dataclasses into JSON and takes them out again, and says so in a JSON Schema.

All three read the same type hints, so a field that is added is written, read and published at once. A length
of time is a number of seconds, and its key says so: ``duration`` becomes ``duration_seconds``.
"""

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

Json = Any
"""What `json.dumps` takes: dict, list, str, int, float, bool or None."""


class UnreadableError(ValueError):
    """The JSON does not have the shape of the type; the message names the field."""


def encode(value: object) -> Json:  # noqa: PLR0911  # one return per kind of value
    """Turn *value* into JSON.

    Raises:
        TypeError: It holds something that has no form in JSON.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {_key(field.name, value): encode(value) for field, value in _values(value)}
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case timedelta():
            return round(value.total_seconds(), 6)
        case Mapping():
            return {str(key): encode(one) for key, one in value.items()}
        case tuple() | list():
            return [encode(one) for one in value]
        case str() | int() | float() | None:
            return value
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")


def decode(kind: Any, data: Json, where: str = "") -> Any:
    """Read a value of type *kind* from *data*.

    Args:
        kind: A type as a dataclass field may have it.
        data: JSON.
        where: Path of *data* in the whole, for messages.

    Raises:
        UnreadableError: A field is missing, or has another type.
    """
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_object(kind, data, where)
    if isinstance(kind, types.UnionType):
        return None if data is None else decode(_without_none(kind), data, where)
    if typing.get_origin(kind) is tuple:
        return _decode_tuple(typing.get_args(kind), data, where)
    return _decode_plain(kind, data, where)


def _values(value: Any) -> list[tuple[Any, Any]]:
    return [(field, getattr(value, field.name)) for field in fields(value)]


def _key(name: str, value: object) -> str:
    return f"{name}_seconds" if isinstance(value, timedelta) else name


def _named(kind: type) -> list[tuple[str, str, Any]]:
    """List name, JSON key and type of each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return [(name, f"{name}_seconds" if hints[name] is timedelta else name, hints[name]) for name in names]


def _without_none(kind: types.UnionType) -> Any:
    return next(one for one in typing.get_args(kind) if one is not types.NoneType)


def _decode_object(kind: type, data: Json, where: str) -> Any:
    if not isinstance(data, dict):
        raise UnreadableError(f"{where or 'the whole'} is no object")
    read = {}
    for name, key, hint in _named(kind):
        if key not in data:
            raise UnreadableError(f"{where or 'the whole'} has no field {key!r}")
        read[name] = decode(hint, data[key], f"{where}.{key}".lstrip("."))
    return kind(**read)


def _decode_tuple(parts: tuple[Any, ...], data: Json, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise UnreadableError(f"{where} is no list")
    if parts[-1] is Ellipsis:
        return tuple(decode(parts[0], one, f"{where}[{index}]") for index, one in enumerate(data))
    if len(parts) != len(data):
        raise UnreadableError(f"{where} has {len(data)} members, not {len(parts)}")
    return tuple(decode(part, one, where) for part, one in zip(parts, data, strict=True))


def _decode_plain(kind: Any, data: Json, where: str) -> Any:
    try:
        if issubclass(kind, Enum):
            return kind(data)
        if kind is datetime:
            return datetime.fromisoformat(data)
        if kind is timedelta:
            return timedelta(seconds=data)
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"{where} is {data!r}, which is no {kind.__name__}") from error
    if type(data) is not kind:
        raise UnreadableError(f"{where} is {data!r}, which is no {kind.__name__}")
    return data


def schema_of(kind: Any) -> dict[str, Json]:
    """Describe the JSON of *kind* as a JSON Schema, with what stands under each field as its description."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _schema_of_object(kind)
    if isinstance(kind, types.UnionType):
        return {"anyOf": [schema_of(_without_none(kind)), {"type": "null"}]}
    if typing.get_origin(kind) is tuple:
        return _schema_of_tuple(typing.get_args(kind))
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    plain: dict[Any, dict[str, Json]] = {
        str: {"type": "string"},
        int: {"type": "integer"},
        bool: {"type": "boolean"},
        datetime: {"type": "string", "format": "date-time"},
        timedelta: {"type": "number", "minimum": 0},
    }
    return dict(plain[kind])


def _schema_of_object(kind: type) -> dict[str, Json]:
    said = _field_words(kind)
    properties = {}
    for name, key, hint in _named(kind):
        described = {"description": said[name]} if name in said else {}
        properties[key] = {**schema_of(hint), **described}
    return {
        "type": "object",
        "description": inspect.getdoc(kind) or "",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _schema_of_tuple(parts: tuple[Any, ...]) -> dict[str, Json]:
    if parts[-1] is Ellipsis:
        return {"type": "array", "items": schema_of(parts[0])}
    return {
        "type": "array",
        "prefixItems": [schema_of(part) for part in parts],
        "minItems": len(parts),
        "maxItems": len(parts),
    }


def _field_words(kind: type) -> dict[str, str]:
    """Read the string that stands under each field of a dataclass."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    said = {}
    for field, words in zip(body.body, body.body[1:], strict=False):
        match field, words:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = inspect.cleandoc(text).replace("\n", " ")
            case _:
                pass
    return said
