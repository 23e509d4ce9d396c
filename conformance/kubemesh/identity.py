"""How a sidecar comes to its certificate: a key that never leaves the pod, and the pod's token as a proof."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.kubemesh import names
from conformance.refmesh.certificates import write_secrets

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts while the control plane does not answer
_PATIENCE = aiohttp.ClientTimeout(total=10, sock_connect=2)  # of one attempt, in seconds
SHARE = 1 / 3
"""Of its life, after which a certificate is replaced: there is time for two attempts more before it runs out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneAddress:
    """Where the control plane is, and whose certificate it has to show."""

    url: str
    authority: str
    """PEM text."""

    def context(self) -> ssl.SSLContext:
        """Make a TLS client that believes this authority only, and checks the host's name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self.authority)
        return context


class Identity:
    """The identity of one pod, on disk for Envoy and in memory for calls to the control plane.

    Args:
        address: The control plane.
        token: Path of the projected token, which the kubelet renews.
        directory: Takes certificate and key. Made with mode 0700 where it is missing.
    """

    def __init__(self, address: ControlPlaneAddress, token: Path, directory: Path) -> None:
        self._address = address
        self._token = token
        self._directory = directory
        self._life = 0.0

    async def obtain(self) -> None:
        """Get a certificate for a new key, however long that takes. What was there before stays until then."""
        key = ec.generate_private_key(ec.SECP256R1())
        pause = _FIRST_PAUSE
        while True:
            try:
                self._take(await self._ask(key), key)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as problem:
                logger.warning("no certificate yet: %s", problem or type(problem).__name__)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    @property
    def files(self) -> tuple[Path, Path]:
        """Paths of certificate and key, PEM."""
        return self._directory / "tls.crt", self._directory / "tls.key"

    async def keep(self, tell: Callable[[], object] = lambda: None) -> None:
        """Replace the certificate well before it runs out, for ever, and call *tell* each time."""
        while True:
            await asyncio.sleep(self._life * SHARE)
            await self.obtain()
            tell()

    def context(self) -> ssl.SSLContext:
        """Make a TLS client that shows this identity to the control plane."""
        context = self._address.context()
        context.load_cert_chain(*self.files)
        return context

    async def _ask(self, key: ec.EllipticCurvePrivateKey) -> str:
        headers = {"Authorization": f"Bearer {self._token.read_text().strip()}"}
        url = f"{self._address.url}/certificate"
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            request = session.post(url, data=_request(key), headers=headers, ssl=self._address.context())
            async with request as answer:
                text = await answer.text()
                if answer.status != 200:  # noqa: PLR2004 - what HTTP calls OK
                    raise ValueError(f"the control plane answered {answer.status}: {text.strip()}")
                return text

    def _take(self, certificate: str, key: ec.EllipticCurvePrivateKey) -> None:
        read = x509.load_pem_x509_certificate(certificate.encode())
        self._life = (read.not_valid_after_utc - datetime.now(UTC)).total_seconds()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = _pem(key)
        for path, text in zip(self.files, (certificate, secret), strict=True):
            path.touch(mode=0o600)
            path.write_text(text)
        write_secrets(self._directory, certificate=certificate, key=secret, authority=self._address.authority)


def address_from(authority: str) -> ControlPlaneAddress:
    """Say where the control plane of this cluster is."""
    return ControlPlaneAddress(url=f"https://{names.HOST}:{names.DISCOVERY_PORT}", authority=authority)


def _request(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Prove that one has the key; who one is the token says."""
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return asked.public_bytes(serialization.Encoding.PEM)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
