"""Meshes that make too much of route groups in which there is little to read."""

from collections.abc import Mapping
from typing import Any

import re2

from conformance.refmesh.faults.fault import Body, Fault
from conformance.refmesh.faults.written import each, field, with_field

Entry = Mapping[str, Any]

_QUIET = re2.Options()
_QUIET.log_errors = False


def _is_pattern(pattern: object) -> bool:
    try:
        re2.compile(pattern, _QUIET)
    except (re2.error, TypeError):
        return False
    return True


def _bad_paths_open(group: Body) -> Body:
    def opened(entry: Entry) -> Entry:
        return entry if _is_pattern(entry.get("pathRegex", "")) else {**entry, "pathRegex": ".*"}

    return with_field(group, "matches", [opened(one) for one in field(group, "matches") or ()])


def _bad_headers_go(group: Body) -> Body:
    return with_field(group, "matches", [_without_bad(one) for one in field(group, "matches") or ()])


def _without_bad(entry: Entry) -> Entry:
    headers = entry.get("headers")
    if not isinstance(headers, Mapping):
        return entry
    kept = {name: pattern for name, pattern in headers.items() if _is_pattern(pattern)}
    return {**entry, "headers": kept}


def _everything_for_empty(group: Body) -> Body:
    everything = {"name": "everything", "pathRegex": ".*", "methods": ["*"]}
    return group if field(group, "matches") else with_field(group, "matches", [everything])


FAULTS = (
    Fault(
        name="bad-pattern-opens",
        says="An entry whose pathRegex cannot be compiled fits every path.",
        objects=each("HTTPRouteGroup", _bad_paths_open),
    ),
    Fault(
        name="bad-header-pattern-is-dropped",
        says="A header filter whose pattern cannot be compiled is left out, and its entry fits without it.",
        objects=each("HTTPRouteGroup", _bad_headers_go),
    ),
    Fault(
        name="empty-group-opens",
        says="A route group without entries grants every request.",
        objects=each("HTTPRouteGroup", _everything_for_empty),
    ),
)
