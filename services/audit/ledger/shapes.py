"""The entry's schema as plain Python expressions: what they accept `entry_adapter` accepts, sooner.

They are written from the same TypedDicts, one expression for each. What they do not accept is for
the adapter to judge (it says why), so they may be stricter and never looser.
"""

import re
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin

from pydantic import TypeAdapter
from typing_extensions import get_type_hints, is_typeddict

from shared.contracts.ledger import LedgerEntry, Timestamp

Check = Callable[[Any], object]
"""Truthy for what fits."""

REPEATED_MAX = 4096
"""Accounts, funds and codes come again and again; a pattern is matched once for each."""


def fits(entry: Any) -> bool:
    """Whether a value read from JSON is surely an entry."""
    try:
        return bool(_OF_KIND[entry["kind"]](entry))
    except (KeyError, TypeError):
        return False


def compiled(hint: Any) -> Check:
    """The check of a TypedDict. It may raise KeyError or TypeError for what does not fit."""
    names: dict[str, Any] = {}
    said = []
    for key, each in sorted(get_type_hints(hint, include_extras=True).items()):
        text = _said(each, f'v["{key}"]', names)
        needed = key in hint.__required_keys__
        said.append(text if needed else f'("{key}" not in v or {text})')
    size = " + ".join(
        [str(len(hint.__required_keys__)), *(f'("{k}" in v)' for k in hint.__optional_keys__)]
    )
    whole = " and ".join(["type(v) is dict", f"len(v) == {size}", *said])
    check: Check = eval(f"lambda v: {whole}", names)  # noqa: S307 - made of the contract alone
    return check


def _said(hint: Any, value: str, names: dict[str, Any]) -> str:
    """The expression that tells whether `value`, itself one, is of a type of the contract."""
    origin: Any = get_origin(hint)
    args = get_args(hint)
    if origin is NotRequired:
        return _said(args[0], value, names)
    if origin is Annotated:
        return _constrained(hint, value, names)
    if origin is Literal:
        return f"{value} in {_named(names, frozenset(args))}"
    if origin is UnionType:
        return f"({' or '.join(_said(each, value, names) for each in args)})"
    if origin is list:
        each = _named(names, _item_check(args[0]))
        return f"type({value}) is list and all(map({each}, {value}))"
    if is_typeddict(hint):
        return f"{_named(names, compiled(hint))}({value})"
    if hint in (bool, int, str):
        return f"type({value}) is {hint.__name__}"
    raise TypeError(f"no check for {hint}")


def _item_check(hint: Any) -> Check:
    if is_typeddict(hint):
        return compiled(hint)
    names: dict[str, Any] = {}
    check: Check = eval(f"lambda v: {_said(hint, 'v', names)}", names)  # noqa: S307
    return check


def _constrained(hint: Any, value: str, names: dict[str, Any]) -> str:
    """Of `Annotated[...]`: bounds of integers, patterns and lengths of text, lengths of lists."""
    inner, bounds = get_args(hint)[0], TypeAdapter(hint).json_schema()
    if get_origin(inner) is list:
        return f"{value} and {_said(inner, value, names)}"
    if inner is int:
        least = bounds.get("minimum", bounds.get("exclusiveMinimum", 0) + 1)
        most = bounds["maximum"]
        return f"type(n := {value}) is int and {least} <= n <= {most}"
    if "pattern" in bounds:
        if hint is Timestamp:  # hardly one comes twice
            return f"{_named(names, _pattern(bounds))}({value})"
        memory = _Remembering(_pattern(bounds))
        return f"({value} in {_named(names, memory.seen)} or {_named(names, memory)}({value}))"
    shortest, longest = bounds.get("minLength", 0), bounds["maxLength"]
    return f"type(s := {value}) is str and {shortest} <= len(s) <= {longest}"


def _named(names: dict[str, Any], thing: Any) -> str:
    name = f"_{len(names)}"
    names[name] = thing
    return name


def _pattern(bounds: dict[str, Any]) -> Callable[[Any], object]:
    """The schema's patterns are anchored by the Rust meaning of ^ and $: at the very ends."""
    return re.compile(bounds["pattern"].removeprefix("^").removesuffix("$")).fullmatch


class _Remembering:
    """A pattern that matches each text once, as long as it remembers it."""

    def __init__(self, match: Callable[[Any], object]) -> None:
        self.seen: set[str] = set()
        self._match = match

    def __call__(self, value: Any) -> bool:
        if self._match(value) is None:
            return False
        if len(self.seen) >= REPEATED_MAX:
            self.seen.clear()
        self.seen.add(value)
        return True


_OF_KIND: dict[str, Check] = {
    get_args(get_type_hints(each)["kind"])[0]: compiled(each) for each in get_args(LedgerEntry)
}
