"""An authority that several share, and certificates for keys that it never sees."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conformance.refmesh.certificates import Authority, CredentialSettings


@pytest.fixture
def authority():
    return Authority(CredentialSettings())


def read(pem):
    return x509.load_pem_x509_certificate(pem.encode())


def names(certificate):
    return [
        one.value for one in certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    ]


def test_authority_that_is_read_back_signs_as_the_same(authority):
    """Two replicas must not be two meshes."""
    twin = Authority(CredentialSettings(), known=(authority.key_pem, authority.pem))
    read(twin.issue("here", "shop")[0]).verify_directly_issued_by(read(authority.pem))


def test_certificate_is_for_the_key_that_was_given(authority):
    """The private half stays where it was made."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = read(authority.certify(key.public_key(), "here", "shop", holder="uid-1"))
    assert certificate.public_key() == key.public_key()
    assert names(certificate) == ["spiffe://cluster.local/ns/here/sa/shop"]


def test_holder_is_the_whole_subject(authority):
    """Between sidecars only the account counts; towards the control plane, the pod does."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    (attribute,) = read(authority.certify(key, "here", "shop", holder="uid-1")).subject
    assert (attribute.oid, attribute.value) == (NameOID.USER_ID, "uid-1")


def test_server_is_nobody_among_sidecars(authority):
    """Its certificate names hosts and no account."""
    certificate = read(authority.serve_as(["control-plane.mesh.svc"])[0])
    assert names(certificate) == ["control-plane.mesh.svc"]
    assert not list(certificate.subject)
