"""Canonical JSON (RFC 8785 with ASCII keys and integers only): one value, one spelling.

Entries are decoded straight from their bytes by msgspec, one decoder for each kind. The decoders
are made of the contract's TypedDicts: msgspec checks types, bounds and lengths while it reads.
Patterns are matched after: its own matching takes longer than all the rest, and funds and accounts
that the books have opened need none. What a decoder does not accept is for the contract's pydantic
adapter to judge, so a decoder may be stricter and never looser. Keys it does not know it leaves
out: the re-encoding differs then.

A contract and the hints in it are `Any` here: typing has no type for a type that it describes.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, NotRequired, cast, get_args, get_origin

import msgspec
from orjson import OPT_SORT_KEYS, dumps, loads
from pydantic import TypeAdapter
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from services.audit.ledger.balances import Balances
from shared.contracts.ledger import LedgerEntry, entry_adapter
from shared.contracts.ledger_fields import ENTRY_BYTES_MAX, INTEGER_MAX, Account, FundId, Timestamp
from shared.documents import Document, Json

Fit = Callable[[Any], object]
"""Truthy for what fits."""
BOUNDS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
}
"""JSON Schema's names of what a type allows, and msgspec's."""
KIND = b'"kind":"'
KIND_BYTES = len(KIND)
TIMES = ("effective_at", "recorded_at")
DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
TWO_TIMES = b"0000-00-00T00:00:00.000000Z\n0000-00-00T00:00:00.000000Z"
"""Two of the contract's timestamps, every digit as zero, which is sooner compared than matched with
a pattern. The line break between them can stand in neither."""
NOTHING_OPENED = Balances()
NAMES_MAX = 4096


class Patterns:
    """The texts of a contract that must match a pattern, wherever they are in it.

    A fund or an account that the books have opened was matched when it was opened.
    """

    def __init__(self, contract: Any) -> None:
        hints = get_type_hints(contract, include_extras=True)
        self._has_times = all(hints.get(key) == Timestamp for key in TIMES)
        self._has_fund = hints.get("fund") == FundId
        self._has_legs = "legs" in hints
        fast = {*TIMES} if self._has_times else set()
        fast |= {"fund"} if self._has_fund else set()
        if self._has_legs:
            fast.add("legs")
            _check_legs(hints["legs"])
        self._others = [
            (key, fit)
            for key, hint in hints.items()
            if key not in fast and (fit := _find_fit(hint)) is not None
        ]

    @property
    def is_empty(self) -> bool:
        return not (self._others or self._has_times or self._has_fund or self._has_legs)

    def fit(self, value: Json, books: Balances = NOTHING_OPENED) -> bool:
        """Of a value whose types are right."""
        if self._has_times:
            times = f"{value['effective_at']}\n{value['recorded_at']}".encode()
            if times.translate(DIGITS_AS_ZERO) != TWO_TIMES:
                return False
        for key, fit in self._others:
            if key in value and not fit(value[key]):
                return False
        funds, accounts = books.funds, books.opened_accounts
        if self._has_fund and (fund := value["fund"]) not in funds and not _match_fund(fund):
            return False
        if self._has_legs:
            for leg in value["legs"]:
                if (fund := leg["fund"]) not in funds and not _match_fund(fund):
                    return False
                if (account := leg["account"]) not in accounts and not _match_account(account):
                    return False
        return True


def _check_legs(hint: Any) -> None:
    """TypeError for legs with other patterns than `Patterns.fit` looks for."""
    fields = get_type_hints(get_args(hint)[0], include_extras=True)
    patterns = {key: each for key, each in fields.items() if _find_pattern(each)}
    if patterns != {"account": Account, "fund": FundId}:
        raise TypeError(f"legs with other patterns than of account and fund: {patterns}")


def _find_fit(hint: Any) -> Fit | None:
    """Whether a value has what patterns its type has; None where it has none."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is NotRequired or (origin is Annotated and get_origin(args[0]) is list):
        return _find_fit(args[0])
    if is_typeddict(hint):
        inner = Patterns(hint)
        return None if inner.is_empty else inner.fit
    if origin is list:
        each = _find_fit(args[0])
        return (lambda values: all(map(each, values))) if each else None
    pattern = _find_pattern(hint)
    return re.compile(pattern).fullmatch if pattern else None


class EntryDecoder:
    """Decodes the entries of some contracts, each with a `kind` of its own."""

    def __init__(self, contracts: Iterable[object]) -> None:
        self._ways: dict[bytes, list[tuple[msgspec.json.Decoder[LedgerEntry], Patterns]]] = {}
        for contract in contracts:
            (kind,) = get_args(get_type_hints(contract)["kind"])
            self._ways[kind.encode()] = [
                (msgspec.json.Decoder(_as_msgspec(way)), Patterns(way))
                for way in _list_ways(contract)
            ]

    def decode(self, data: bytes, books: Balances = NOTHING_OPENED) -> LedgerEntry | None:
        """The entry, or None where this does not accept it.

        The kind is looked for first. Should what is found not be the entry's own, its decoder finds
        another kind there and does not accept it.
        """
        start = data.find(KIND) + KIND_BYTES
        kind = data[start : data.find(b'"', start)]
        for decoder, patterns in self._ways.get(kind, ()):
            try:
                value = decoder.decode(data)
                if patterns.fit(value, books):
                    return value
            except (ValueError, RecursionError):
                continue
        return None


def _list_ways(contract: Any) -> list[Any]:
    """A contract without unions: one TypedDict for each type that a field may have."""
    ways: list[dict[str, object]] = [{}]
    for key, hint in get_type_hints(contract, include_extras=True).items():
        origin: Any = get_origin(hint)
        types = get_args(hint) if origin is UnionType else (hint,)
        ways = [{**way, key: each} for way in ways for each in types]
    return [TypedDict(contract.__name__, way) for way in ways]  # type: ignore[operator]


def _as_msgspec(hint: Any) -> Any:
    """The type as msgspec reads it: pydantic's bounds become its own."""
    origin, args = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        hints = get_type_hints(hint, include_extras=True)
        fields = {key: _as_msgspec(each) for key, each in hints.items()}
        return TypedDict(hint.__name__, fields)  # type: ignore[operator]
    if origin is NotRequired:
        return NotRequired[_as_msgspec(args[0])]
    if origin is list:
        return list[_as_msgspec(args[0])]  # type: ignore[misc]
    if origin is Annotated:
        schema = _describe(hint)
        bounds = {BOUNDS[name]: value for name, value in schema.items() if name in BOUNDS}
        return Annotated[_as_msgspec(args[0]), msgspec.Meta(**bounds)]
    return hint


@cache
def _describe(hint: Any) -> Document:
    """The JSON Schema of an annotated type; a contract uses few, and each of them often."""
    return TypeAdapter(hint).json_schema()


def _find_pattern(hint: Any) -> str:
    """The schema's patterns are anchored by the Rust meaning of ^ and $: at the very ends."""
    if get_origin(hint) is not Annotated:
        return ""
    pattern: str = _describe(hint).get("pattern", "")
    return pattern.removeprefix("^").removesuffix("$")


# A batch that is sealed names few funds and accounts, each many times.
_match_fund = lru_cache(NAMES_MAX)(re.compile(_find_pattern(FundId)).fullmatch)
_match_account = lru_cache(NAMES_MAX)(re.compile(_find_pattern(Account)).fullmatch)
ENTRIES = EntryDecoder(get_args(LedgerEntry))


# --- spelling -------------------------------------------------------------------------------------


class NotCanonicalError(ValueError):
    """The value has no canonical form, or the bytes are not it."""


def encode_canonical(value: Json) -> bytes:
    """Encode `value`; raises NotCanonicalError for floats, large integers and non-ASCII keys."""
    try:
        _check(value)
        return dumps(value, option=OPT_SORT_KEYS)
    except (TypeError, RecursionError) as error:
        raise NotCanonicalError(f"嵌套过深 nested too deeply: {error}") from None


def parse_canonical(data: bytes) -> Json:
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


def _check(value: Json) -> None:
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


def _check_object(value: dict[Json, Json]) -> None:
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            raise NotCanonicalError("键须为 ASCII keys are ASCII strings")
        _check(item)
