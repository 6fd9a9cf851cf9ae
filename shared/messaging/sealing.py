"""What is personal is stored sealed: dead letters, designations, the keys of the vault."""

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.security import SealingKey

NONCE_BYTES = 12


class UnreadableError(Exception):
    """The key is gone, or what is opened is not what was sealed under this id."""


class SealingKeys(Protocol):
    """The key that seals now, then those that may have sealed. anew: after another look."""

    def __call__(self, *, anew: bool = False) -> tuple[SealingKey, ...]: ...


class Sealer:
    """AES-256-GCM; the id of what is sealed is authenticated too, so contents cannot be swapped.

    What is sealed begins with the mark of its root, so that it is known what to seal anew when
    the root rotates.
    """

    def __init__(self, keys: SealingKeys) -> None:
        self._keys = keys

    def seal(self, id_: str, content: bytes) -> bytes:
        current, nonce = self._keys()[0], os.urandom(NONCE_BYTES)
        sealed = _get_cipher(current.key).encrypt(nonce, content, id_.encode())
        return current.mark + nonce + sealed

    def open(self, id_: str, sealed: bytes) -> bytes:
        """Raises UnreadableError."""
        for key in self._list_candidates(sealed):
            nonce, rest = _split(sealed, key)
            try:
                return _get_cipher(key.key).decrypt(nonce, rest, id_.encode())
            except (InvalidTag, ValueError):
                continue
        raise UnreadableError

    def look_again(self) -> None:
        """For keys that came or went this moment."""
        self._keys(anew=True)

    def find_age(self, sealed: bytes) -> int | None:
        """By which key it was sealed: 0 the one of now, 1 the one before; None: none that is here.

        Says nothing of whether it can be opened.
        """
        keys = self._keys()
        marked = [age for age, key in enumerate(keys) if key.mark and sealed.startswith(key.mark)]
        plain = [age for age, key in enumerate(keys) if not key.mark]
        return next(iter(marked + plain), None)

    def _list_candidates(self, sealed: bytes) -> Iterator[SealingKey]:
        """Those at hand; then those that came meanwhile. A mark may also be there by chance."""
        tried: set[SealingKey] = set()
        for anew in (False, True):
            for key in self._keys(anew=anew):
                if key not in tried and sealed.startswith(key.mark):
                    tried.add(key)
                    yield key


@lru_cache(maxsize=64)
def _get_cipher(key: bytes) -> AESGCM:
    """Of a key that seals much: setting it up takes as long as sealing."""
    return AESGCM(key)


def _split(sealed: bytes, key: SealingKey) -> tuple[bytes, bytes]:
    start = len(key.mark)
    return sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
