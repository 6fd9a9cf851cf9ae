"""Signatures of records: HMAC-SHA256 by a key that belongs to one source."""

import hmac

from shared.security.keyed import get_mac_key

SIGNATURE_HEADER = "guanjia-signature"


def sign_record(key: bytes, topic: str, value: bytes) -> bytes:
    """Hex HMAC-SHA256 over `topic`, a newline and the record's value."""
    return get_mac_key(key).digest(topic.encode() + b"\n" + value).hex().encode()


def derive_publisher_key(root: bytes, source: str, salt: str = "") -> bytes:
    """The signing key handed to a foreign publisher: derived, so none is stored."""
    return hmac.digest(root, name_publisher_key(source, salt).encode(), "sha256")


def name_publisher_key(source: str, salt: str) -> str:
    """What the key is derived for. The newline keeps source and salt apart."""
    return f"source:{source}\n{salt}" if salt else f"source:{source}"
