"""Certificates of domains for one run, signed by an authority that is made for it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = timedelta(days=1)
AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"


class Authority:
    """Signs a certificate for each domain. Its key is never written."""

    def __init__(self, name: str = "corridor domains") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._own = self._signed(self._name, self._key, is_authority=True)

    def write(self, folder: Path, domain: str) -> None:
        """Write a new key and certificate of a domain, and the authority's certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._signed(_name(domain), key, is_authority=False)
        encoding = serialization.Encoding.PEM
        secret = key.private_bytes(
            encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / KEY).touch(mode=0o600)
        (folder / KEY).write_bytes(secret)
        (folder / CERTIFICATE).write_bytes(signed.public_bytes(encoding))
        (folder / AUTHORITY).write_bytes(self._own.public_bytes(encoding))

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + VALID)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def context(folder: Path, *, is_server: bool) -> ssl.SSLContext:
    """Return TLS 1.3 with the certificate in a folder; the other side must have one, too.

    The name in a certificate is a domain, not a host: ``domain_of`` reads it.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(folder / AUTHORITY)
    made.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    return made


def domain_of(connection: ssl.SSLObject) -> str:
    """Return the domain that the other side's certificate names."""
    subject = (connection.getpeercert() or {}).get("subject", ())
    pairs = [pair for part in subject for pair in part if isinstance(pair, tuple)]
    return next((str(pair[1]) for pair in pairs if pair[0] == "commonName"), "")
