"""Canonical JSON (RFC 8785 with ASCII keys and integers only): one value, one spelling."""

import json
from typing import Any

from shared.contracts.ledger import ENTRY_BYTES_MAX, INTEGER_MAX, LedgerEntry, entry_adapter

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


class NotCanonicalError(ValueError):
    """The value has no canonical form, or the bytes are not it."""


def canonical(value: Any) -> bytes:
    """Encode `value`; raises NotCanonicalError for floats, large integers and non-ASCII keys."""
    _check(value)
    return _encode(value).encode()


def parse(data: bytes) -> Any:
    """Decode `data`, which must be exactly the canonical form of what it says.

    Comparing with the re-encoding finds duplicate keys (the later one wins, the text differs),
    unsorted keys, spaces and needless escapes, all at once.
    """
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"not JSON: {error}") from None
    if canonical(value) != data:
        raise NotCanonicalError("not in canonical form")
    return value


def parse_entry(data: bytes) -> LedgerEntry:
    """Decode one leaf: canonical, of the known schema, within the size limit.

    The schema allows no floats, no unknown keys and no integers beyond 2^53-1, so the generic
    check is not needed; this runs for every entry of a replay.
    """
    if len(data) > ENTRY_BYTES_MAX:
        raise NotCanonicalError(f"{len(data)} bytes, more than {ENTRY_BYTES_MAX}")
    try:
        entry = entry_adapter.validate_json(data)
        unchanged = _encode(entry).encode() == data
    except ValueError as error:
        raise NotCanonicalError(f"not an entry: {error}") from None
    if not unchanged:
        raise NotCanonicalError("not in canonical form")
    return entry


def encode_entry(entry: LedgerEntry) -> bytes:
    """The leaf of `entry`; raises NotCanonicalError if it would not be read back."""
    try:
        data = _encode(entry).encode()
        entry_adapter.validate_json(data)
    except ValueError as error:
        raise NotCanonicalError(f"not an entry: {error}") from None
    if len(data) > ENTRY_BYTES_MAX:
        raise NotCanonicalError(f"{len(data)} bytes, more than {ENTRY_BYTES_MAX}")
    return data


def _check(value: Any) -> None:
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > INTEGER_MAX:
                raise NotCanonicalError("integer beyond 2^53-1")
        case str():
            _check_text(value)
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            _check_object(value)
        case _:
            raise NotCanonicalError(f"no canonical form for {type(value).__name__}")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotCanonicalError("a lone surrogate has no UTF-8 form") from None


def _check_object(value: dict[Any, Any]) -> None:
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            raise NotCanonicalError("keys are ASCII strings")
        _check(item)
