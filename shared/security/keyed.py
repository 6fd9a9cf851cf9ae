"""Keyed digests: HMAC-SHA256 by a key that is used for many messages."""

import hmac
from functools import lru_cache


class MacKey:
    """The key, set up once and copied for each message.

    `hmac.digest` sets it up each time, which takes twice as long as hashing a record; ids, digests
    and signatures of one record ask for fifteen.
    """

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def digest(self, message: bytes) -> bytes:
        """32 bytes."""
        mac = self._keyed.copy()
        mac.update(message)
        return mac.digest()


@lru_cache(maxsize=256)
def get_mac_key(key: bytes) -> MacKey:
    """Of a key that is at hand as bytes, each time."""
    return MacKey(key)
