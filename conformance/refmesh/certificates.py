"""Who sidecars are: a certificate authority of the mesh's own, and the files that carry identities to Envoy.

A sidecar's directory holds `CERTIFICATE_FILE` and `AUTHORITIES_FILE`, each a discovery answer with one
secret, named `CERTIFICATE` and `AUTHORITIES`. Envoy watches the directory and takes a file over when it is
renamed into place, so a certificate is renewed without a break: open connections go on, and new ones show
the new certificate.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATE = "certificate"
"""Name of the secret with a sidecar's own certificate and key."""
AUTHORITIES = "authorities"
"""Name of the secret with the authorities whose certificates a sidecar trusts."""
CERTIFICATE_FILE = "certificate.yaml"
AUTHORITIES_FILE = "authorities.yaml"

_SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type's name
_SLACK = timedelta(minutes=5)  # clocks of one machine do not differ; this is for clocks that are set back


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSettings:
    """What certificates say, and for how long."""

    trust_domain: str = "cluster.local"
    lifetime: timedelta = timedelta(hours=1)
    """Of a sidecar's certificate."""
    renewal: timedelta = timedelta(minutes=20)
    """How often all certificates are made anew. Two renewals may go wrong before a certificate runs out."""
    authority_lifetime: timedelta = timedelta(days=7)
    """Of the authority. It is made anew with each run and is not rotated; a guess far above any run."""


class Authority:
    """Issues certificates; its key stays in this process's memory.

    Args:
        settings: What certificates say.
        known: Key and certificate of an authority that was made before, as PEM text; None makes a new one.
    """

    def __init__(self, settings: CredentialSettings, known: tuple[str, str] | None = None) -> None:
        self._settings = settings
        if known is None:
            self._key = ec.generate_private_key(ec.SECP256R1())
            self._certificate = self._sign_itself()
        else:
            self._key, self._certificate = _load(*known)

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return _pem(self._certificate)

    @property
    def key_pem(self) -> str:
        """The authority's private key: for a safe place that several who act as this authority share."""
        return _key_pem(self._key)

    def issue(self, namespace: str, account: str) -> tuple[str, str]:
        """Make a new key and a certificate for a service account.

        Returns:
            Certificate and private key, both as PEM text. The certificate's only name is the URI
            ``spiffe://<trust domain>/ns/<namespace>/sa/<account>``.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        return self.certify(key.public_key(), namespace, account), _key_pem(key)

    def certify(
        self,
        key: ec.EllipticCurvePublicKey,
        namespace: str,
        account: str,
        *,
        holder: str = "",
        hosts: Iterable[str] = (),
    ) -> str:
        """Make a certificate, as PEM text, for a service account whose key somebody else keeps.

        Args:
            key: The public half.
            namespace: The account's namespace.
            account: Its name.
            holder: Who of those that run as this account it is for: a pod's uid, which becomes the subject's
                only attribute. It plays no part between sidecars.
            hosts: Under which names it serves others than sidecars.
        """
        uri = f"spiffe://{self._settings.trust_domain}/ns/{namespace}/sa/{account}"
        subject = [x509.NameAttribute(NameOID.USER_ID, holder)] if holder else []
        names = [x509.UniformResourceIdentifier(uri), *(x509.DNSName(host) for host in hosts)]
        return self._sign(key, subject, names)

    def serve_as(self, hosts: Iterable[str]) -> tuple[str, str]:
        """Make a new key and a certificate for a server with these host names, both as PEM text."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._sign(key.public_key(), [], [x509.DNSName(host) for host in hosts]), _key_pem(key)

    def _sign(
        self,
        key: ec.EllipticCurvePublicKey,
        subject: list[x509.NameAttribute[str]],
        names: Sequence[x509.GeneralName],
    ) -> str:
        certificate = (
            _template(subject, self._certificate.subject, key, self._settings.lifetime)
            .add_extension(x509.SubjectAlternativeName(names), critical=not subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_BOTH_ENDS), critical=False)
            .add_extension(_issued_by(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(certificate)

    def _sign_itself(self) -> x509.Certificate:
        name = f"SMI reference mesh, {self._settings.trust_domain}"
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        key = self._key.public_key()
        return (
            _template(subject, x509.Name(subject), key, self._settings.authority_lifetime)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    namespace: str
    name: str


class Credentials:
    """The credential directories of all sidecars, below one directory of mode 0700.

    Safe to use from several threads.
    """

    def __init__(self, directory: Path, settings: CredentialSettings) -> None:
        self._directory = directory
        self._settings = settings
        self._authority = Authority(settings)
        self._enrolled: dict[str, _Account] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def directory_of(self, sidecar: str) -> Path:
        """Say where the credentials of a sidecar (``namespace/pod``) lie, even if there are none yet."""
        return self._directory / sidecar.replace("/", ".", 1)

    def enrol(self, sidecar: str, *, namespace: str, account: str) -> None:
        """Give a sidecar the identity of a service account, and keep renewing it."""
        with self._lock:
            self._enrolled[sidecar] = _Account(namespace=namespace, name=account)
            self._write(sidecar)

    def forget(self, sidecar: str) -> None:
        """Remove a sidecar's credentials. One that has none is no error."""
        with self._lock:
            self._enrolled.pop(sidecar, None)
            shutil.rmtree(self.directory_of(sidecar), ignore_errors=True)

    def renew(self) -> None:
        """Replace the certificate and key of every sidecar by new ones."""
        with self._lock:
            for sidecar in self._enrolled:
                self._write(sidecar)

    def start(self) -> None:
        """Renew from time to time, until `close`."""
        self._thread = threading.Thread(target=self._keep_renewing, name="refmesh-credentials", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop renewing and remove all credentials. Safe to call twice."""
        self._closing.set()
        if self._thread:
            self._thread.join()
        for sidecar in tuple(self._enrolled):
            self.forget(sidecar)

    def _keep_renewing(self) -> None:
        while not self._closing.wait(self._settings.renewal.total_seconds()):
            self.renew()

    def _write(self, sidecar: str) -> None:
        account = self._enrolled[sidecar]
        certificate, key = self._authority.issue(account.namespace, account.name)
        directory = self.directory_of(sidecar)
        for one in (self._directory, directory):  # a parent that mkdir makes by itself would be open to all
            one.mkdir(mode=0o700, exist_ok=True)
        write_secrets(directory, certificate=certificate, key=key, authority=self._authority.pem)


def write_secrets(directory: Path, *, certificate: str, key: str, authority: str) -> None:
    """Put a sidecar's secrets, PEM texts, where Envoy looks for them and sees that they are new."""
    authorities = {"validation_context": {"trusted_ca": {"inline_string": authority}}}
    own = {"certificate_chain": {"inline_string": certificate}, "private_key": {"inline_string": key}}
    _replace(directory / AUTHORITIES_FILE, _answer(AUTHORITIES, authorities))
    _replace(directory / CERTIFICATE_FILE, _answer(CERTIFICATE, {"tls_certificate": own}))


_BOTH_ENDS = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)


def _template(
    subject: list[x509.NameAttribute[str]],
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + lifetime)
    )


def _issued_by(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _load(key: str, certificate: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    private = serialization.load_pem_private_key(key.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is no key on an elliptic curve")
    return private, x509.load_pem_x509_certificate(certificate.encode())


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def _answer(name: str, secret: Mapping[str, Any]) -> str:
    # Every JSON text is a YAML text, and Envoy tells them apart by the file's name only.
    return json.dumps({"resources": [{"@type": _SECRET, "name": name, **secret}]})


def _replace(path: Path, text: str) -> None:
    """Put a file in place in one piece, readable by its owner only; the rename is what Envoy watches for."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
