"""The rules for names, namespaces and labels, in the words of a Kubernetes API server."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SERVICE = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_KEY = rf"({_SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

_WORDS = {
    _LABEL: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    f"and end with an alphanumeric character (e.g. 'my-name', regex used for validation is '{_LABEL}')",
    _SUBDOMAIN: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN}')",
    _SERVICE: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name', regex used for validation is "
    f"'{_SERVICE}')",
}
_LABEL_LENGTH = 63
_SUBDOMAIN_LENGTH = 253
_RULES = {"Namespace": (_LABEL, _LABEL_LENGTH), "Service": (_SERVICE, _LABEL_LENGTH)}


def name_problems(kind: str, name: Any) -> Iterator[str]:
    """List what is wrong with the name of an object of *kind*.

    Spec: Kubernetes names: a Namespace is an RFC 1123 label, a Service an RFC 1035 label, all else a subdomain.
    """
    if not isinstance(name, str) or not name:
        yield "metadata.name: Required value: name or generateName is required"
        return
    pattern, length = _RULES.get(kind, (_SUBDOMAIN, _SUBDOMAIN_LENGTH))
    if not re.fullmatch(pattern, name):
        yield f"metadata.name: Invalid value: {json.dumps(name)}: {_WORDS[pattern]}"
    if len(name) > length:
        yield f"metadata.name: Invalid value: {json.dumps(name)}: must be no more than {length} characters"


def label_problems(labels: Mapping[str, Any], path: str) -> Iterator[str]:
    """List what is wrong with a map of labels that stands at *path*."""
    for key, value in labels.items():
        if not re.fullmatch(_KEY, key):
            yield f"{path}: Invalid value: {json.dumps(key)}: name part must consist of alphanumeric characters"
        if not isinstance(value, str):
            yield f"{path}.{key}: Invalid value: {json.dumps(value)}: {path} in body must be of type string"
        elif len(value) > _LABEL_LENGTH or not re.fullmatch(_VALUE, value):
            yield f"{path}: Invalid value: {json.dumps(value)}: a valid label must be alphanumeric, '-', '_' or '.'"
