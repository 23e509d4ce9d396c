"""What comes over a channel, whatever carries it: one JSON object a line."""

import json
from collections.abc import Mapping
from typing import Any

_SHOWN = 200
"""How much of a line that is no message is shown. Unit: bytes."""


def message_in(line: bytes) -> Mapping[str, Any]:
    """Read the message in *line*.

    Raises:
        ValueError: It is none; the text goes on from the name of who said it.
    """
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ValueError(f"said what is no JSON: {line[:_SHOWN]!r}") from error
    if not isinstance(message, dict):
        raise ValueError(f"said what is no JSON object: {line[:_SHOWN]!r}")  # noqa: TRY004  # of what was said
    return message
