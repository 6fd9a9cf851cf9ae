"""Ids: derived from what they name, so that the same fact always gets the same id."""

import hashlib


def derived_id(prefix: str, *parts: str) -> str:
    """`prefix` and 20 hex digits of SHA-256 over the length-framed parts."""
    framed = "".join(f"{len(part)}:{part}" for part in parts)
    return f"{prefix}-{hashlib.sha256(framed.encode()).hexdigest()[:20]}"
