"""Reads logs and events, bounded."""

from collections.abc import Iterable
from typing import Any

from conformance.cluster.kubernetes.kinds import POD
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest
from conformance.model.manifest import Manifest, ObjectRef

_LINES = 2000
"""How many lines of the end are asked for; lines differ in length, so that the size is cut here."""
_READ_LIMIT = 4_000_000
"""How much the server sends at most. Unit: bytes."""


def log_end(rest: Rest, pod: ObjectRef, container: str, size: int) -> str:
    """Read the end of a container's log, of its last life if it has none in this one.

    Args:
        rest: The server.
        pod: Whose.
        container: Which.
        size: At most so much. Unit: characters.

    Returns:
        The log's end, or what the server says in its place.
    """
    path = f"{POD.path(POD.api_version, pod.namespace, pod.name)}/log"
    query = {"container": container, "tailLines": _LINES, "limitBytes": _READ_LIMIT}
    try:
        said = rest.text(path, **query) or rest.text(path, previous="true", **query)
    except ApiError as error:
        return "" if "previous terminated container" in error.what else f"({error.answer.message})"
    return said[-size:]


def event_lines(events: Iterable[Manifest]) -> list[str]:
    """Write one line for each event, the oldest first."""
    ordered = sorted(events, key=lambda one: _time(one.body))
    return [_line(one.body) for one in ordered]


def _time(body: Any) -> str:
    return str(
        body.get("lastTimestamp") or body.get("eventTime") or body["metadata"].get("creationTimestamp") or ""
    )


def _line(body: Any) -> str:
    about = body["involvedObject"]
    message = " ".join(str(body.get("message", "")).split())
    times = body.get("count") or 1
    again = f" ({times} times)" if times > 1 else ""
    said = f"{_time(body)} {body.get('type', '')} {body.get('reason', '')}"
    return f"{said} {about.get('kind')} {about.get('name')}: {message}{again}"
