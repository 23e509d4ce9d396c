"""The published JSON Schema of scenario files, and what it has to say about one, in words."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from conformance.errors import ScenarioError
from conformance.places import fixtures_root
from conformance.scenario.document import Document, Step, suggestion

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
}


def check_shape(document: Document, schema: str) -> None:
    """See that *document* has the shape that the schema file *schema* describes.

    Args:
        document: What was read.
        schema: File name below the fixtures, such as ``scenario.schema.json``.

    Raises:
        ScenarioError: It has not; the message is about the mistake that stands highest in the file. What is
            missing comes after what is wrong, since a misspelt key is both.
    """
    errors = list(_validator(schema).iter_errors(document.value))
    wrong = [one for one in errors if one.validator != "required"] or errors
    if wrong:
        raise min((_worded(document, one) for one in wrong), key=_line)


def _line(mistake: ScenarioError) -> int:
    return int(mistake.where.rpartition(":")[2])


@cache
def _validator(schema: str) -> Draft202012Validator:
    text = (fixtures_root() / schema).read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _worded(document: Document, error: ValidationError) -> ScenarioError:
    steps: tuple[Step, ...] = tuple(error.absolute_path)
    rule: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    hint = str(schema.get("description", ""))
    match error.validator:
        case "additionalProperties":
            return _unknown_key(document, steps, instance, schema)
        case "required":
            return _missing_key(document, steps, instance, schema)
        case "enum":
            known = tuple(str(one) for one in rule)
            return document.mistake(
                steps,
                f"{_name(steps)} is {error.instance!r}",
                suggestion(str(error.instance), known, "choices"),
            )
        case "type":
            wanted = _types(rule)
            return document.mistake(
                steps, f"{_name(steps)} is {_kind(error.instance)}, not {wanted}", hint or f"write {wanted}"
            )
        case _:
            return document.mistake(
                steps, f"{_name(steps)}: {error.message}", hint or "compare it with another scenario"
            )


def _unknown_key(
    document: Document, steps: tuple[Step, ...], item: Mapping[str, Any], schema: Mapping[str, Any]
) -> ScenarioError:
    known = tuple(schema["properties"])
    wrong = next(key for key in item if key not in known)
    what = f"{_name(steps)} has the unknown key {wrong!r}"
    return document.mistake((*steps, wrong), what, suggestion(wrong, known, "keys"))


def _missing_key(
    document: Document, steps: tuple[Step, ...], item: Mapping[str, Any], schema: Mapping[str, Any]
) -> ScenarioError:
    missing = next(key for key in schema["required"] if key not in item)
    about = schema.get("properties", {}).get(missing, {}).get("description", "")
    hint = f"add `{missing}`: {about}" if about else f"add `{missing}`"
    return document.mistake(steps, f"{_name(steps)} lacks {missing!r}", hint)


def _name(steps: tuple[Step, ...]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "the file"


def _types(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_TYPES.get(name, name) for name in names)


def _kind(value: object) -> str:
    names: Mapping[type, str] = {
        dict: "a mapping",
        list: "a list",
        str: f"the text {value!r}",
        type(None): "empty",
    }
    return names.get(type(value), repr(value))
