"""Canonical JSON (RFC 8785 with ASCII keys and integers only): one value, one spelling."""

from typing import Any, cast

from orjson import OPT_SORT_KEYS, dumps, loads

from services.audit.ledger.balances import Balances
from services.audit.ledger.decoding import ENTRIES, NOTHING_OPENED
from shared.contracts.ledger import ENTRY_BYTES_MAX, INTEGER_MAX, LedgerEntry, entry_adapter


class NotCanonicalError(ValueError):
    """The value has no canonical form, or the bytes are not it."""


def encode_canonical(value: Any) -> bytes:
    """Encode `value`; raises NotCanonicalError for floats, large integers and non-ASCII keys."""
    try:
        _check(value)
        return dumps(value, option=OPT_SORT_KEYS)
    except (TypeError, RecursionError) as error:
        raise NotCanonicalError(f"嵌套过深 nested too deeply: {error}") from None


def parse_canonical(data: bytes) -> Any:
    """Decode `data`, which must be exactly the canonical form of what it says.

    Comparing with the re-encoding finds duplicate keys (the later one wins, the text differs),
    unsorted keys, spaces and needless escapes, all at once.
    """
    try:
        value = loads(data)
    except ValueError as error:
        raise NotCanonicalError(f"不是 JSON not JSON: {error}") from None
    if encode_canonical(value) != data:
        raise NotCanonicalError("不是规范写法 not in canonical form")
    return value


def parse_entry(data: bytes, books: Balances = NOTHING_OPENED) -> LedgerEntry:
    """Decode one leaf: canonical, of the known schema, within the size limit.

    `books` hold the entries before it: names that these opened are looked up there, instead of
    matched with their pattern again. The schema allows no floats, no unknown keys and no integers
    beyond 2^53-1, so the generic check is not needed; this runs for every entry of a replay.
    """
    if len(data) > ENTRY_BYTES_MAX:
        raise NotCanonicalError(f"条目过长 {len(data)} bytes, more than {ENTRY_BYTES_MAX}")
    entry = ENTRIES.decode(data, books)
    if entry is not None and _is_spelled(entry, data):
        return entry
    entry = _validate(data)
    if not _is_spelled(entry, data):
        raise NotCanonicalError("不是规范写法 not in canonical form")
    return entry


def encode_entry(entry: LedgerEntry) -> bytes:
    """The leaf of `entry`; raises NotCanonicalError if it would not be read back."""
    try:
        data = dumps(entry, option=OPT_SORT_KEYS)
    except TypeError as error:
        raise NotCanonicalError(f"不是账本条目 not an entry: {error}") from None
    if len(data) > ENTRY_BYTES_MAX or ENTRIES.decode(data) != entry:
        parse_entry(data)
    return data


def _is_spelled(entry: LedgerEntry, data: bytes) -> bool:
    """Whether `data` is the canonical form of `entry`."""
    try:
        return dumps(entry, option=OPT_SORT_KEYS) == data
    except TypeError:
        return False


def _validate(data: bytes) -> LedgerEntry:
    """What the decoders did not accept, and may yet be an entry; or else why it is none."""
    try:
        value = loads(data)
    except ValueError as error:
        raise NotCanonicalError(f"不是 JSON not JSON: {error}") from None
    try:
        entry_adapter.validate_json(data)
    except ValueError as error:
        raise NotCanonicalError(f"不是账本条目 not an entry: {error}") from None
    return cast(LedgerEntry, value)


def _check(value: Any) -> None:
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > INTEGER_MAX:
                raise NotCanonicalError("整数超出范围 integer beyond 2^53-1")
        case str():
            _check_text(value)
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            _check_object(value)
        case _:
            raise NotCanonicalError(f"没有规范写法 no canonical form for {type(value).__name__}")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotCanonicalError("有不成对的代理码 a lone surrogate has no UTF-8 form") from None


def _check_object(value: dict[Any, Any]) -> None:
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            raise NotCanonicalError("键须为 ASCII keys are ASCII strings")
        _check(item)
