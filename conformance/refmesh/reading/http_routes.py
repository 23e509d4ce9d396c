"""Reads HTTPRouteGroups, each version as it says itself.

v1alpha1 and v1alpha2 keep ``matches`` at the root, later ones under ``spec``; v1alpha1 has no headers.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import re2

from conformance.refmesh.policy import HttpMatch
from conformance.refmesh.reading.stored import Stored, mappings, sequence, text
from conformance.spec import ApiVersion

RouteGroup = Mapping[str, tuple[HttpMatch, ...]]
"""Entries of a group by name. Entries that share a name are alternatives."""

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
_FLAT = {ApiVersion.V1ALPHA1, ApiVersion.V1ALPHA2}

_QUIET = re2.Options()
_QUIET.log_errors = False


def read_route_group(group: Stored) -> RouteGroup:
    """Read the entries of *group*; an entry that cannot be read is left out, alone."""
    holder = group.body if group.version in _FLAT else group.spec
    entries: dict[str, tuple[HttpMatch, ...]] = {}
    for written in mappings(holder.get("matches")):
        name = text(written.get("name"))
        match = _match(written, with_headers=group.version is not ApiVersion.V1ALPHA1)
        if match is not None:
            entries[name] = (*entries.get(name, ()), match)
    return entries


def _match(written: Mapping[str, Any], *, with_headers: bool) -> HttpMatch | None:
    path, methods = written.get("pathRegex"), _methods(written.get("methods"))
    headers = _headers(written.get("headers")) if with_headers else ()
    if methods == frozenset() or headers is None:
        return None
    if path is not None and not _is_pattern(path):
        return None
    if not all(_is_pattern(pattern) for _, pattern in headers):
        return None
    return HttpMatch(path=path or None, methods=methods, headers=headers)


def _methods(listed: object) -> frozenset[str] | None:
    """None for every method. A spelling that SMI does not know fits no request."""
    if not sequence(listed) or "*" in sequence(listed):
        return None
    return _METHODS.intersection(one for one in sequence(listed) if isinstance(one, str))


def _headers(written: object) -> tuple[tuple[str, Any], ...] | None:
    """Read a map, or the older list of one-pair maps; None when it is neither, as that must not fit
    everything.
    """
    if written is None:
        return ()
    parts = (written,) if isinstance(written, Mapping) else written
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, Mapping) for part in parts):
        return None
    return tuple(sorted((pair for part in parts for pair in _lower(part)), key=repr))


def _lower(part: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Header names compare without regard to case, and Envoy knows them in lower case."""
    return ((name.lower(), pattern) for name, pattern in part.items())


def _is_pattern(pattern: object) -> bool:
    r"""Say whether *pattern* is RE2, alone and inside a group (``\Qx`` is only the former)."""
    if not isinstance(pattern, str):
        return False
    try:
        re2.compile(pattern, _QUIET)
        re2.compile(f"(?:{pattern})", _QUIET)
    except re2.error:
        return False
    return True
