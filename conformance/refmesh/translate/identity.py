"""mTLS between sidecars: who one is, and whom one believes.

Secrets come by SDS from files, so that certificates can be renewed without a new snapshot.
"""

from collections.abc import Sequence
from pathlib import Path

from conformance.refmesh.policy import Identity
from conformance.refmesh.translate import envoy
from conformance.refmesh.translate.envoy import Json
from conformance.refmesh.translate.settings import AUTHORITIES, CERTIFICATE

# An empty list would let in everybody. No certificate has this name, as theirs begin with spiffe://.
_NOBODY = "nobody:"


def server_socket(directory: str | Path, callers: Sequence[str] | None = None) -> Json:
    """Let in only callers that prove an identity of this mesh, or one of *callers*, given as SPIFFE ids.

    Raw TCP needs the list: rules are looked at when the caller's first byte comes, and a server that speaks
    first would by then have spoken to anybody.
    """
    validation: Json = {"validation_context_sds_secret_config": _secret(AUTHORITIES, directory)}
    if callers is not None:
        names = [_named(one) for one in callers or (_NOBODY,)]
        default = {"match_typed_subject_alt_names": names}
        validation = {"combined_validation_context": {"default_validation_context": default, **validation}}
    body = {
        "require_client_certificate": True,
        "common_tls_context": {
            "tls_certificate_sds_secret_configs": [_secret(CERTIFICATE, directory)],
            **validation,
        },
    }
    return envoy.extension("mtls", envoy.DOWNSTREAM_TLS, body)


def client_socket(directory: str | Path, server: Identity, trust_domain: str) -> Json:
    """Prove one's own identity, and insist that the other end is *server*."""
    validation = {
        "default_validation_context": {
            "match_typed_subject_alt_names": [_named(server.spiffe(trust_domain))]
        },
        "validation_context_sds_secret_config": _secret(AUTHORITIES, directory),
    }
    body = {
        "common_tls_context": {
            "tls_certificate_sds_secret_configs": [_secret(CERTIFICATE, directory)],
            "combined_validation_context": validation,
        }
    }
    return envoy.extension("mtls", envoy.UPSTREAM_TLS, body)


def plain_socket() -> Json:
    """Speak plain text, as pods without a sidecar do."""
    return envoy.extension("plain", envoy.RAW_BUFFER, {})


def _named(uri: str) -> Json:
    return {"san_type": "URI", "matcher": {"exact": uri}}


def _secret(name: str, directory: str | Path) -> Json:
    path = {"path": f"{directory}/{name}.yaml", "watched_directory": {"path": str(directory)}}
    return {"name": name, "sds_config": {"path_config_source": path, "resource_api_version": "V3"}}
