"""The published shapes of Traffic Metrics, and what they have to say about an answer, in words."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from conformance.places import fixtures_root


def mistakes_of(body: Any, schema: str) -> Iterator[str]:
    """Say what is wrong with the form of *body*, each mistake in one line; nothing where it has the form.

    Args:
        body: A JSON value.
        schema: ``object``, ``list`` or ``discovery``.
    """
    for error in sorted(_validator(schema).iter_errors(body), key=_place):
        yield f"{_place(error) or 'it'}: {_brief(error.message)}"


@cache
def _validator(schema: str) -> Draft202012Validator:
    text = (fixtures_root() / "metrics" / f"{schema}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _place(error: ValidationError) -> str:
    place = ""
    for step in error.absolute_path:
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
    return place.removeprefix(".")


def _brief(message: str, longest: int = 160) -> str:
    return message if len(message) <= longest else f"{message[:longest]}..."
