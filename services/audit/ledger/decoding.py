"""Entries decoded straight from their bytes by msgspec, one decoder for each kind.

The decoders are made of the contract's TypedDicts: msgspec checks types, bounds and lengths while
it reads; patterns are matched after, because its own matching takes longer than all the rest. What
a decoder does not accept is for the contract's pydantic adapter to judge, so a decoder may be
stricter and never looser. Keys it does not know it leaves out: the re-encoding differs then.
"""

import re
from collections.abc import Callable, Iterable
from types import UnionType
from typing import Annotated, Any, NotRequired, cast, get_args, get_origin

import msgspec
from pydantic import TypeAdapter
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from shared.contracts.ledger import LedgerEntry

Match = Callable[[str], object]
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


class Patterns:
    """The texts of a contract that must match a pattern, wherever they are in it."""

    def __init__(self, contract: Any) -> None:
        self._needed: list[tuple[str, Match]] = []
        self._rows: list[tuple[str, list[tuple[str, Match]]]] = []
        self._optional: list[tuple[str, Callable[[Any], object]]] = []
        for key, hint in get_type_hints(contract, include_extras=True).items():
            self._add(key, hint, needed=key in contract.__required_keys__)

    def _add(self, key: str, hint: Any, *, needed: bool) -> None:
        origin, args = get_origin(hint), get_args(hint)
        if origin is NotRequired or (origin is Annotated and get_origin(args[0]) is list):
            self._add(key, args[0], needed=needed)
        elif is_typeddict(hint):
            inner = Patterns(hint)
            if not inner.is_empty:
                self._optional.append((key, inner.fit))
        elif origin is list and is_typeddict(args[0]):
            row = Patterns(args[0])
            if row._optional or row._rows:
                raise TypeError(f"rows of {key} may have patterns in fields they all have only")
            self._rows.append((key, row._needed))
        elif origin is list:
            if match := _pattern_of(args[0]):
                self._optional.append((key, _each(match)))
        elif match := _pattern_of(hint):
            if needed:
                self._needed.append((key, match))
            else:
                self._optional.append((key, match))

    @property
    def is_empty(self) -> bool:
        return not (self._needed or self._rows or self._optional)

    def fit(self, value: dict[str, Any]) -> bool:
        """Of a value whose types are right."""
        for key, fits in self._optional:
            if key in value and not fits(value[key]):
                return False
        for key, match in self._needed:
            if not match(value[key]):
                return False
        for key, texts in self._rows:
            for name, match in texts:
                before = None  # the fund of a leg is mostly that of the leg before
                for row in value[key]:
                    text = row[name]
                    if text != before and not match(text):
                        return False
                    before = text
        return True


def _each(match: Match) -> Callable[[Iterable[str]], bool]:
    return lambda texts: all(map(match, texts))


class EntryDecoder:
    """Decodes the entries of some contracts, each with a `kind` of its own."""

    def __init__(self, contracts: Iterable[Any]) -> None:
        self._ways: dict[bytes, list[tuple[msgspec.json.Decoder[Any], Patterns]]] = {}
        for contract in contracts:
            (kind,) = get_args(get_type_hints(contract)["kind"])
            self._ways[kind.encode()] = [
                (msgspec.json.Decoder(_as_msgspec(way)), Patterns(way)) for way in _ways(contract)
            ]

    def decode(self, data: bytes) -> LedgerEntry | None:
        """The entry, or None where this does not accept it.

        The kind is looked for first. Should what is found not be the entry's own, its decoder finds
        another kind there and does not accept it.
        """
        start = data.find(KIND) + len(KIND)
        kind = data[start : data.find(b'"', start)]
        for decoder, patterns in self._ways.get(kind, ()):
            try:
                value = decoder.decode(data)
            except (ValueError, RecursionError):
                continue
            if patterns.fit(value):
                return cast(LedgerEntry, value)
        return None


def _ways(contract: Any) -> list[Any]:
    """A contract without unions: one TypedDict for each type that a field may have."""
    ways: list[dict[str, Any]] = [{}]
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
        schema = TypeAdapter(hint).json_schema()
        bounds = {BOUNDS[name]: value for name, value in schema.items() if name in BOUNDS}
        return Annotated[_as_msgspec(args[0]), msgspec.Meta(**bounds)]
    return hint


def _pattern_of(hint: Any) -> Match | None:
    """The schema's patterns are anchored by the Rust meaning of ^ and $: at the very ends."""
    if get_origin(hint) is not Annotated:
        return None
    pattern = TypeAdapter(hint).json_schema().get("pattern")
    return re.compile(pattern.removeprefix("^").removesuffix("$")).fullmatch if pattern else None


ENTRIES = EntryDecoder(get_args(LedgerEntry))
