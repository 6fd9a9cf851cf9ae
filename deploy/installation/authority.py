"""An authority of the installation's own, and the certificates it gives to its parts.

For the wires inside: brokers, database, and a front until a certificate of the public's is there.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.security.files import create_private

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 825
CLOCK_SKEW = timedelta(hours=1)
AUTHORITY_NAME = "Guanjia installation"


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """certificate: its own alone. Both as PEM, the key as PKCS #8, which Kafka reads too."""

    certificate: bytes
    key: bytes


class KeyAwayError(RuntimeError):
    """A certificate is needed, and the authority's key lies where the backups of keys are."""


@dataclass(frozen=True, slots=True)
class Authority:
    """key: None where it was taken out of the folder, as it should be."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | None

    @classmethod
    def open(cls, folder: Path, now: datetime) -> "Authority":
        """The one of the folder, `ca.pem` and `ca.key`; made at the first call. A new key beside
        the old certificate would sign what nobody trusts."""
        if (folder / "ca.pem").exists() and not (folder / "ca.key").exists():
            return cls(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), None)
        key_text = create_private(folder / "ca.key", _write_key(_make_key()))
        key = serialization.load_pem_private_key(key_text, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        text = create_private(folder / "ca.pem", _write_certificate(_sign_itself(key, now)))
        return cls(x509.load_pem_x509_certificate(text), key)

    @property
    def pem(self) -> bytes:
        return _write_certificate(self.certificate)

    def certify(self, names: Sequence[str], now: datetime) -> CertifiedKey:
        """names: host names and addresses by which others call the part. Raises KeyAwayError."""
        if self.key is None:
            raise KeyAwayError(
                f"{names[0]} 需要新证书：请把 ca.key 放回 authority 目录，再运行一次 · "
                "bring ca.key back into the folder authority, and begin again"
            )
        key = _make_key()
        builder = _begin(names[0], key, now, CERTIFICATE_DAYS).issuer_name(self.certificate.subject)
        usages = x509.ExtendedKeyUsage(
            [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        )
        certificate = (
            builder.add_extension(x509.SubjectAlternativeName(list(map(_parse, names))), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(usages, False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
            .sign(self.key, hashes.SHA256())
        )
        return CertifiedKey(_write_certificate(certificate), _write_key(key))


def _sign_itself(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _begin(AUTHORITY_NAME, key, now, AUTHORITY_DAYS)
        .issuer_name(_make_name(AUTHORITY_NAME))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )


def _begin(
    name: str, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_make_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _make_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _parse(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _make_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _write_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_certificate(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
