"""Which paths a ``pathRegex`` covers, where the readings of the text agree.

Spec: traffic-specs, "HTTPRouteGroup": the expression is "anchored (^) to the beginning of the URI". The
text says nothing of its end, of the query, or of paths that are not in normal form. So each of these is
read both ways, and the answer is open where it matters, except for what would be unsafe: text in the query
never makes a path fit, and a path never fits by a detour that its normal form does not take.
"""

import re

from conformance.model.expectation import Access
from conformance.oracle.threeway import agreed, at_most_open, fits

_EVERY_PATH = frozenset({".*", "/.*"})
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")


def path_fit(pattern: str, raw: str) -> Access:
    """Say whether *pattern* covers *raw*, a request's path with its query as it is sent.

    Args:
        pattern: A regular expression that compiles.
        raw: Such as ``/api?page=2``; nothing has tidied it.
    """
    path, query, _ = raw.partition("?")
    straight, tidy = _start_anchored(pattern, path), normal_path(path)
    if tidy != path:
        return _detour_fit(pattern, straight, _start_anchored(pattern, tidy))
    if query and straight is Access.ALLOWED and _start_anchored(pattern, raw) is not Access.ALLOWED:
        return Access.OPEN
    return straight


def _detour_fit(pattern: str, straight: Access, tidy: Access) -> Access:
    """Judge a path that is not in normal form: refusing it is right, and so is delivering its normal form."""
    if pattern in _EVERY_PATH:
        return straight
    return at_most_open(tidy)


def _start_anchored(pattern: str, text: str) -> Access:
    """Compare the two models of meshes: the pattern covers a prefix (as the text has it), or all of it."""
    regex = re.compile(pattern, re.ASCII)
    return agreed([fits(holds=bool(regex.match(text))), fits(holds=bool(regex.fullmatch(text)))])


def normal_path(path: str) -> str:
    """Bring *path* into normal form: unreserved characters decoded, slashes merged, dot segments resolved.

    Source: RFC 3986, section 6.2.2; merged slashes are what proxies add to it.
    """
    if not path.startswith("/"):
        return path
    merged = re.sub("/{2,}", "/", _ESCAPE.sub(_decode, path))
    segments: list[str] = []
    for segment in merged.split("/")[1:]:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    folder = merged.rpartition("/")[2] in {".", ".."} and segments
    return "/" + "/".join(segments) + ("/" if folder else "")


def _decode(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0]
