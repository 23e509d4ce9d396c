"""Follows objects as they change: list, then watch from where the list ends, and again when the server forgets."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import ceil
from typing import Any

from conformance.cluster.kubernetes.refusals import ApiError, answer_of, api_error
from conformance.cluster.kubernetes.rest import Rest, without_answer

_PAUSE = 0.2
"""Before a list that follows a watch. Unit: s."""
_LONGEST_WATCH = 20.0
"""How long one watch goes on: a connection may die without a sign. Unit: s. A guess; a new list costs some ms."""

Objects = Mapping[str, Mapping[str, Any]]
"""By ``namespace/name``."""


def followed(rest: Rest, path: str, selector: str, span: timedelta) -> Iterator[Objects]:
    """Yield what is there, then again after every change, until *span* is over; at least once.

    A connection that breaks, and a server that has forgotten where the list ended, cost a new list, and nothing
    else. The mapping is the same object each time.

    Args:
        rest: The server.
        path: Of all objects of a kind.
        selector: By labels.
        span: How long to go on.

    Raises:
        ApiError: The server said no.
    """
    end = time.monotonic() + span.total_seconds()
    while True:
        listed = rest.get(path, labelSelector=selector)
        found = {_key(one): one for one in listed["items"]}
        yield found
        try:
            yield from _changes(rest, path, selector, listed["metadata"]["resourceVersion"], found, end)
        except ApiError as error:
            if not (without_answer(error) or error.answer.is_expired or error.answer.is_transient):
                raise
        if time.monotonic() >= end:
            return
        time.sleep(_PAUSE)


def _changes(  # noqa: PLR0913, PLR0917  what a watch is made of
    rest: Rest, path: str, selector: str, revision: str, found: dict[str, Mapping[str, Any]], end: float
) -> Iterator[Objects]:
    left = min(end - time.monotonic(), _LONGEST_WATCH)
    if left <= 0:
        return
    query = {"labelSelector": selector, "resourceVersion": revision, "timeoutSeconds": ceil(left)}
    with rest.lines(path, timedelta(seconds=left), watch="true", **query) as lines:
        for line in lines:
            change = json.loads(line)
            body = change["object"]
            match change["type"]:
                case "ERROR":
                    raise api_error(answer_of(body), f"watch of {path}", rest.host)
                case "DELETED":
                    found.pop(_key(body), None)
                case _:
                    found[_key(body)] = body
            yield found


def _key(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"
