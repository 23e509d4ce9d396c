"""Takes Secrets and tokens out of what is written down. Pure."""

import re
from collections.abc import Mapping
from typing import Any

REMOVED = "[removed]"

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_ENCODED_KEY = re.compile(
    r"LS0tLS1CRUdJTiB[A-Za-z0-9+/=]*(?:UFJJVkFURSBLRVk|QUklWQVRFIEtFW|BSSVZBVEUgS0VZ)[A-Za-z0-9+/=]*"
)
"""A private key in base64: the start of any PEM block, then PRIVATE KEY at any of three alignments."""
_WEB_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
_NAMED = re.compile(
    r"""(?ix)
    (["']? [\w.-]* (?:password|passwd|secret|token|api[_-]?key|private[_-]?key) ["']? \s* [:=] \s* ["']?)
    ([^\s"',;&}\]]{8,})
    """
)
_TELLING = re.compile(r"(?i)password|passwd|secret|token|api[_-]?key|private[_-]?key|credential")


def redacted(text: str) -> str:
    """Give *text* with private keys, tokens and what is named a password or a token taken out."""
    for pattern in (_PRIVATE_KEY, _ENCODED_KEY, _WEB_TOKEN):
        text = pattern.sub(REMOVED, text)
    text = _BEARER.sub(rf"\g<1>{REMOVED}", text)
    return _NAMED.sub(_without_value, text)


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give an object in which environment variables with telling names have lost their value."""
    return {key: _clean(value) for key, value in body.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _TELLING.search(str(value.get("name", ""))) and isinstance(value.get("value"), str):
            return {**value, "value": REMOVED}
        return without_secrets(value)
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _without_value(found: re.Match[str]) -> str:
    name, value = found.groups()
    # A path, a duration or a word that says where a secret lies is none.
    return found[0] if value.startswith(("/", "[")) or value.isalpha() else f"{name}{REMOVED}"
