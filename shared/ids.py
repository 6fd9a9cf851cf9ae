"""Ids: derived from what they name, so that the same fact always gets the same id."""

import hashlib


def derive_cause_id(source: str, message_id: str) -> str:
    """What our events call a foreign message or a caller's key.

    Never as it was written: it may be long, or somebody's number.
    """
    return make_id("C", source, message_id)


def make_id(prefix: str, *parts: str) -> str:
    """`prefix` and 20 hex digits of SHA-256 over the length-framed parts."""
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return f"{prefix}-{hashlib.sha256(framed.encode()).hexdigest()[:20]}"
