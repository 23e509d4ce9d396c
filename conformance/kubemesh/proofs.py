"""What the two ends of a TLS connection prove to each other inside the mesh's own parts."""

import ssl

from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import NameOID


def shown_by(request: web.Request) -> x509.Certificate | None:
    """Take the caller's certificate, which TLS has found to be the authority's and not run out; None without."""
    layer = request.transport.get_extra_info("ssl_object") if request.transport else None
    shown = layer.getpeercert(binary_form=True) if layer else None
    return x509.load_der_x509_certificate(shown) if shown else None


def holder_of(certificate: x509.Certificate) -> str:
    """Say which pod a certificate of the mesh was made for: its uid; empty when it names none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
    return next((str(one.value) for one in found), "")


def server_context(certificate: str, key: str, authority: str) -> ssl.SSLContext:
    """Make a TLS server that believes certificates of *authority* and also takes callers without one.

    Args:
        certificate: Path of the PEM file.
        key: Path of the PEM file.
        authority: PEM text; empty believes nobody.

    Raises:
        ssl.SSLError: *authority* is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if authority:
        context.load_verify_locations(cadata=authority)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
