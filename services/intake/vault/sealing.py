"""Sealing: AES-256-GCM under a random key per record, wrapped by a key of the current root.

A record whose wrapped key is gone is noise. When the root rotates, only the wrapped keys are
sealed anew. Ids and fingerprints are keyed digests, so that a phone number cannot be tried against
them; they come from the identity key, which never changes.
"""

import secrets
from collections.abc import Iterable
from functools import partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.model import Person, Sealed
from shared.documents import Document
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import NONCE_BYTES, Sealer, UnreadableError
from shared.security import Keyring
from shared.security.keyed import MacKey

KEY_BYTES = 32


class Vault:
    """identity: 32 bytes. wrapping: seals the records' keys. Pure but for random bytes."""

    def __init__(self, identity: bytes, wrapping: Sealer) -> None:
        self.wrapping = wrapping
        derived = MacKey(identity)
        self._naming = MacKey(derived.digest(b"naming"))
        self._content = MacKey(derived.digest(b"content"))

    def seal(self, record: str, content: bytes) -> Sealed:
        """record: what the content is, such as a request's id; it can be opened as nothing else."""
        fresh = secrets.token_bytes(KEY_BYTES + NONCE_BYTES)
        key, nonce = fresh[:KEY_BYTES], fresh[KEY_BYTES:]
        return Sealed(
            cipher=nonce + AESGCM(key).encrypt(nonce, content, record.encode()),
            key=self.wrapping.seal(record, key),
        )

    def open(self, record: str, cipher: bytes, key: bytes) -> bytes:
        """Raises UnreadableError."""
        opened = AESGCM(self.wrapping.open(record, key))
        try:
            return opened.decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], record.encode())
        except (InvalidTag, ValueError):
            raise UnreadableError from None

    def derive_id(self, prefix: str, *parts: str) -> str:
        """A keyed id: `prefix`, a dash and 20 hex digits over the length-framed parts."""
        framed = "".join([f"{len(part)}:{part}" for part in (prefix, *parts)])
        return f"{prefix}-{self._naming.digest(framed.encode()).hex()[:20]}"

    def digest(self, content: bytes) -> bytes:
        """Tells equal contents without keeping them."""
        return self._content.digest(content)[:16]


def build_vault(keyring: Keyring) -> Vault:
    wrapping = Sealer(partial(keyring.list_sealing_keys, "vault", "wrapping"))
    return Vault(keyring.derive_identity_key("vault"), wrapping)


def describe_keys(vault: Vault) -> SealedCollection:
    """The wrapped keys of every person: all of the vault that a root sealed itself."""
    return SealedCollection(Person.COLLECTION, ("keys",), vault.wrapping, _list_keys)


def _list_keys(person: Document) -> Iterable[SealedValue]:
    return [
        SealedValue(f"keys.{record}", record, bytes(key)) for record, key in person["keys"].items()
    ]
