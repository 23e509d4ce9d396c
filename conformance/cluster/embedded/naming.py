"""The rules for names, namespaces and labels, in the words of a Kubernetes API server."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_KEY = rf"({_SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_LENGTH = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    pattern: str
    length: int
    words: str


_RFC_1123_SUBDOMAIN = _Rule(
    pattern=_SUBDOMAIN,
    length=253,
    words="a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com')",
)
_RFC_1123_LABEL = _Rule(
    pattern=_LABEL,
    length=_LABEL_LENGTH,
    words="a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
    "start and end with an alphanumeric character (e.g. 'my-name')",
)
_RFC_1035_LABEL = _Rule(
    pattern=r"[a-z]([-a-z0-9]*[a-z0-9])?",
    length=_LABEL_LENGTH,
    words="a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name')",
)
_PATH_SEGMENT = _Rule(
    pattern=r"(?!\.{1,2}$)[^/%]+",
    length=253,
    words="may not be '.' or '..', and may not contain '/' or '%' (e.g. 'system:reader')",
)
_RULES = {
    "Namespace": _RFC_1123_LABEL,
    "Service": _RFC_1035_LABEL,
    **dict.fromkeys(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"), _PATH_SEGMENT),
}


def name_problems(kind: str, name: Any) -> Iterator[str]:
    """List what is wrong with the name of an object of *kind*.

    Kubernetes: a Namespace is an RFC 1123 label, a Service an RFC 1035 label, a role or binding anything that can
    stand in a path, all else a subdomain.
    """
    if not isinstance(name, str) or not name:
        yield "metadata.name: Required value: name or generateName is required"
        return
    rule, quoted = _RULES.get(kind, _RFC_1123_SUBDOMAIN), json.dumps(name)
    if not re.fullmatch(rule.pattern, name):
        here = f"regex used for validation is '{rule.pattern}'"
        yield f"metadata.name: Invalid value: {quoted}: {rule.words.removesuffix(')')}, {here})"
    if len(name) > rule.length:
        yield f"metadata.name: Invalid value: {quoted}: must be no more than {rule.length} characters"


def label_problems(labels: Mapping[str, Any], path: str) -> Iterator[str]:
    """List what is wrong with a map of labels that stands at *path*; their values are strings."""
    ends = "'-', '_' or '.', and must start and end with an alphanumeric character"
    for key, value in labels.items():
        if not re.fullmatch(_KEY, key):
            why = f"name part must consist of alphanumeric characters, {ends}"
            yield f"{path}: Invalid value: {json.dumps(key)}: {why}"
        if len(value) > _LABEL_LENGTH or not re.fullmatch(_VALUE, value):
            why = f"a valid label must be empty or at most {_LABEL_LENGTH} alphanumeric characters, {ends}"
            yield f"{path}: Invalid value: {json.dumps(value)}: {why}"
