"""The code that a donor reads out over the phone: it follows from the root key and a word's id.

Nobody stores it. Notify writes it into one SMS; the service that hears it derives it again.
"""

import hmac

from shared.security.keyring import Keyring

KEY_PURPOSE = "spoken-words"
DIGITS = 6


def derive_code(keyring: Keyring, word_id: str) -> str:
    """By the root key of now."""
    return _derive(keyring.list_sealing_keys(KEY_PURPOSE)[0].key, word_id)


def is_code(keyring: Keyring, word_id: str, code: str) -> bool:
    """By the root key of now, or the one before: it may have written the SMS. code: whatever was
    typed, of any signs."""
    typed = code.encode(errors="replace")
    return any(
        hmac.compare_digest(_derive(each.key, word_id).encode(), typed)
        for anew in (False, True)
        for each in keyring.list_sealing_keys(KEY_PURPOSE, anew=anew)
    )


def _derive(key: bytes, word_id: str) -> str:
    digest = hmac.digest(key, word_id.encode(), "sha256")
    return f"{int.from_bytes(digest) % 10**DIGITS:0{DIGITS}}"
