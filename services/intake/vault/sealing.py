"""Sealing: AES-256-GCM under a random key per record, wrapped by the vault's own key.

The vault's key is derived from the root key and never stored; a record whose wrapped key is gone
is noise. Ids and fingerprints are keyed digests, so that a phone number cannot be tried against
them.
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.model import Sealed

NONCE_BYTES = 12
KEY_BYTES = 32


class Unreadable(Exception):  # noqa: N818 - what the vault says
    """The key is gone, or the record is not the one that was sealed."""


class Vault:
    """root: 32 bytes, `keyring.derive_key("vault")`. All methods are pure but for random bytes."""

    def __init__(self, root: bytes) -> None:
        self._wrapping = AESGCM(hmac.digest(root, b"wrapping", "sha256"))
        self._naming = hmac.digest(root, b"naming", "sha256")
        self._content = hmac.digest(root, b"content", "sha256")

    def seal(self, record: str, content: bytes) -> Sealed:
        """record: what the content is, such as a request's id; it can be opened as nothing else."""
        key = secrets.token_bytes(KEY_BYTES)
        return Sealed(
            cipher=_encrypt(AESGCM(key), content, record),
            key=_encrypt(self._wrapping, key, record),
        )

    def open(self, record: str, cipher: bytes, key: bytes) -> bytes:
        """Raises Unreadable."""
        return _decrypt(AESGCM(_decrypt(self._wrapping, key, record)), cipher, record)

    def derive_id(self, prefix: str, *parts: str) -> str:
        """A keyed id: `prefix`, a dash and 20 hex digits over the length-framed parts."""
        framed = "".join(f"{len(part)}:{part}" for part in (prefix, *parts))
        return f"{prefix}-{hmac.digest(self._naming, framed.encode(), 'sha256').hex()[:20]}"

    def digest(self, content: bytes) -> bytes:
        """Tells equal contents without keeping them."""
        return hmac.digest(self._content, content, "sha256")[:16]


def _encrypt(key: AESGCM, content: bytes, record: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, record.encode())


def _decrypt(key: AESGCM, sealed: bytes, record: str) -> bytes:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], record.encode())
    except (InvalidTag, ValueError):
        raise Unreadable from None
