"""Dead letters may hold personal data (inbound records do), so their content is encrypted."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.messaging.inbox import Item

NONCE_BYTES = 12


class Sealer:
    """AES-256-GCM; the dead letter's id is authenticated with it, so contents cannot be swapped."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, id_: str, item: Item) -> bytes:
        assert item.incoming is not None
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, item.incoming.value, id_.encode())

    def unseal(self, id_: str, sealed: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], id_.encode())
