"""Certificates name a service account, and their files are replaced in one piece."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from conformance.refmesh.certificates import Authority, Credentials, CredentialSettings

ME = "here/shop-0"


@pytest.fixture
def credentials(tmp_path):
    credentials = Credentials(tmp_path / "credentials", CredentialSettings())
    yield credentials
    credentials.close()


def secret(credentials, file):
    (resource,) = json.loads((credentials.directory_of(ME) / file).read_text())["resources"]
    return resource


def chain(credentials):
    pem = secret(credentials, "certificate.yaml")["tls_certificate"]["certificate_chain"]["inline_string"]
    return x509.load_pem_x509_certificate(pem.encode())


def test_certificate_names_the_service_account_and_nothing_else():
    """A name that others could carry too, such as a host's, would be an identity by the back door."""
    certificate = x509.load_pem_x509_certificate(
        Authority(CredentialSettings()).issue("here", "shop")[0].encode()
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert list(names.value) == [x509.UniformResourceIdentifier("spiffe://cluster.local/ns/here/sa/shop")]
    assert names.critical
    assert not list(certificate.subject)


def test_certificate_is_signed_by_its_authority_and_by_no_other():
    """Two meshes do not trust each other."""
    mine, other = Authority(CredentialSettings()), Authority(CredentialSettings(trust_domain="other"))
    certificate = x509.load_pem_x509_certificate(mine.issue("here", "shop")[0].encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(mine.pem.encode()))
    with pytest.raises(ValueError, match="subject"):
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(other.pem.encode()))


def test_certificate_lives_as_long_as_the_settings_say():
    """A certificate that outlives the run could be used after it."""
    settings = CredentialSettings(lifetime=timedelta(minutes=7))
    certificate = x509.load_pem_x509_certificate(Authority(settings).issue("here", "shop")[0].encode())
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(minutes=6) < left <= timedelta(minutes=7)


def test_files_hold_one_secret_each_under_the_agreed_names(credentials):
    """Translation refers to them by these names."""
    credentials.enrol(ME, namespace="here", account="shop")
    assert secret(credentials, "certificate.yaml")["name"] == "certificate"
    assert secret(credentials, "authorities.yaml")["name"] == "authorities"


def test_keys_can_be_read_by_their_owner_only(credentials):
    """Whoever can read a key can be that workload."""
    credentials.enrol(ME, namespace="here", account="shop")
    directory = credentials.directory_of(ME)
    assert [path.stat().st_mode & 0o777 for path in (directory.parent, directory)] == [0o700, 0o700]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_renewal_changes_key_and_certificate_but_not_the_name(credentials):
    """The identity is the account's, not the key's."""
    credentials.enrol(ME, namespace="here", account="shop")
    before = chain(credentials)
    credentials.renew()
    after = chain(credentials)
    assert after.serial_number != before.serial_number
    assert after.public_key() != before.public_key()
    kind = x509.SubjectAlternativeName
    assert after.extensions.get_extension_for_class(kind) == before.extensions.get_extension_for_class(kind)


def test_renewal_leaves_no_other_files_behind(credentials):
    """A half-written key must not stay."""
    credentials.enrol(ME, namespace="here", account="shop")
    credentials.renew()
    found = {path.name for path in credentials.directory_of(ME).iterdir()}
    assert found == {"certificate.yaml", "authorities.yaml"}


def test_certificates_are_renewed_when_their_time_comes(tmp_path):
    """Nobody has to ask for it."""
    credentials = Credentials(tmp_path, CredentialSettings(renewal=timedelta(milliseconds=5)))
    credentials.enrol(ME, namespace="here", account="shop")
    before, renewed = chain(credentials).serial_number, threading.Event()
    original = credentials.renew

    def renew():
        original()
        renewed.set()

    credentials.renew = renew
    credentials.start()
    assert renewed.wait(10)
    assert chain(credentials).serial_number != before
    credentials.close()


def test_forgotten_and_closed_credentials_are_removed(credentials):
    """No key stays on the disk."""
    credentials.enrol(ME, namespace="here", account="shop")
    credentials.enrol("here/bank-0", namespace="here", account="bank")
    credentials.forget(ME)
    credentials.forget(ME)
    assert not credentials.directory_of(ME).exists()
    assert credentials.directory_of("here/bank-0").exists()
    credentials.close()
    assert not credentials.directory_of("here/bank-0").exists()
