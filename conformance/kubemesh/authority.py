"""The mesh's certificate authority, shared by the replicas of the control plane through a Secret."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from conformance.kubemesh.names import NAMESPACE, OWNER_LABEL, SECRET
from conformance.kubemesh.rest import ApiRefusedError, Rest
from conformance.refmesh.certificates import Authority, CredentialSettings

LIFETIME = timedelta(hours=12)
"""Of certificates, unless an installation says otherwise: calls go on while a control plane is gone for a night."""
TRUST_DOMAIN = "cluster.local"
"""First part of every SPIFFE id."""
_AUTHORITY_LIFETIME = timedelta(
    days=3650
)  # as long as an installation may live: the authority is not rotated

_SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
_KEY, _CERTIFICATE = "tls.key", "tls.crt"


def shared_authority(rest: Rest, lifetime: timedelta = LIFETIME) -> Authority:
    """Take the authority from its Secret; make both where there is none yet. Of two that make one, the first wins.

    Args:
        rest: The API server.
        lifetime: Of the certificates that are issued here.

    Raises:
        EnvironmentBrokenError: The API server refuses, or does not answer.
    """
    settings = CredentialSettings(
        trust_domain=TRUST_DOMAIN, lifetime=lifetime, authority_lifetime=_AUTHORITY_LIFETIME
    )
    found = rest.find(f"{_SECRETS}/{SECRET}")
    if found:
        return _read(found, settings)
    fresh = Authority(settings)
    try:
        rest.post(_SECRETS, _write(fresh))
    except ApiRefusedError as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            raise
        return _read(rest.get(f"{_SECRETS}/{SECRET}"), settings)
    return fresh


def _read(secret: Mapping[str, Any], settings: CredentialSettings) -> Authority:
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    return Authority(settings, known=(data[_KEY], data[_CERTIFICATE]))


def _write(authority: Authority) -> dict[str, Any]:
    texts = {_KEY: authority.key_pem, _CERTIFICATE: authority.pem}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE, "labels": dict((OWNER_LABEL,))},
        "type": "kubernetes.io/tls",
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()},
    }
