"""The decoders accept what the schema accepts of real entries, and never anything else."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.audit.ledger.balances import Balances
from services.audit.ledger.books import Books
from services.audit.ledger.canonical import ENTRIES as DECODER
from services.audit.ledger.canonical import (
    NOTHING_OPENED,
    NotCanonicalError,
    encode_canonical,
    parse_entry,
)
from services.audit.ledger.corrections import find_named
from shared.contracts.ledger import LedgerEntry, entry_adapter
from shared.contracts.ledger_fields import INTEGER_MAX
from tests.audit.ledgers import year_of_facts
from tests.support.examples import count_examples

WRITER = year_of_facts(60, positions=True)
ENTRIES: list[dict[str, Any]] = [json.loads(leaf) for leaf in WRITER.leaves]
KINDS = {each["kind"]: each for each in ENTRIES}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 1000, 1001, INTEGER_MAX, INTEGER_MAX + 1, 2**70, 1.0, 1.5]),
    st.sampled_from(["", "x", "x" * 256, "x" * 257, "a b", "a:b", "大米", "\x1f", "\x85", "\n"]),
    st.sampled_from(["debit", "Assets:Bank", "Assets:Bank\n", "Assets", "Assets:a:b", "Equity:"]),
    st.sampled_from(["2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z\n", "2026"]),
    st.sampled_from(["441900103", "44190010３", "meals", "Meals", "reversal", "CNY", "USD"]),
    st.sampled_from([[], [1], ["meals"], {}, {"category": "meals"}, {"town": 1}, [[]]]),
)


def fold_entries() -> Books:
    books = Books()
    for entry in map(parse_entry, WRITER.leaves):
        named = find_named(entry)
        books.apply(entry, None if named is None else parse_entry(WRITER.leaves[named]))
    return books


BOOKS = (NOTHING_OPENED, fold_entries())


def accepted(value: Any) -> bool:
    try:
        entry_adapter.validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


def fits(value: Any, books: Balances = NOTHING_OPENED) -> bool:
    """Decoded at once, with nothing left out."""
    entry = DECODER.decode(json.dumps(value, separators=(",", ":")).encode(), books)
    return entry is not None and entry == value


def is_read(value: Any, books: Balances = NOTHING_OPENED) -> bool:
    try:
        parse_entry(encode_canonical(value), books)
    except NotCanonicalError:
        return False
    return True


def test_every_kind_is_among_the_entries() -> None:
    assert set(KINDS) == set(entry_adapter.json_schema()["discriminator"]["mapping"])


def test_every_entry_of_every_kind_is_decoded_at_once() -> None:
    assert all(fits(entry, books) for entry in ENTRIES for books in BOOKS)
    assert all(map(accepted, ENTRIES))


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within an entry."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at, *(place for key, each in inner for place in places(each, (*at, key)))]


@given(st.data())
@settings(max_examples=count_examples(133, 400), deadline=None)
def test_a_changed_entry_is_read_where_and_only_where_the_schema_accepts_it(
    draw: st.DataObject,
) -> None:
    changed = deepcopy(KINDS[draw.draw(st.sampled_from(sorted(KINDS)))])
    for _ in range(draw.draw(st.integers(1, 2))):
        *way, last = draw.draw(st.sampled_from(places(changed)[1:]))
        holder: Any = changed
        for key in way:
            holder = holder[key]
        match draw.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[last] = deepcopy(draw.draw(VALUES))
            case "remove":
                del holder[last]
            case "add" if isinstance(holder, dict):
                key = draw.draw(st.sampled_from(["note", "purpose", "position", "fund", "unit"]))
                holder[key] = deepcopy(draw.draw(VALUES))
            case _:
                holder.append(deepcopy(draw.draw(VALUES)))
    for books in BOOKS:
        assert accepted(changed) or not fits(changed, books)
        assert is_read(changed, books) == accepted(changed)


@given(st.sampled_from(ENTRIES), st.sampled_from(["effective_at", "recorded_at"]), st.data())
@settings(max_examples=count_examples(66, 200), deadline=None)
def test_a_changed_time_is_read_where_and_only_where_the_schema_accepts_it(
    entry: LedgerEntry, field: str, draw: st.DataObject
) -> None:
    text = draw.draw(st.sampled_from([entry["recorded_at"], "9876-54-32T19:08:27.654321Z"]))
    at = draw.draw(st.integers(0, len(text)))
    piece = draw.draw(st.text("0123456789٣３-:.TZ \n", max_size=3))
    removed = draw.draw(st.integers(0, 2))
    changed = {**entry, field: text[:at] + piece + text[at + removed :]}
    assert accepted(changed) or not fits(changed)
    assert is_read(changed) == accepted(changed)


@pytest.mark.parametrize("fund", ["no fund", "Assets:Bank"])
def test_only_what_the_books_opened_needs_no_pattern(fund: str) -> None:
    changed = {**KINDS["donation_received"], "fund": fund}
    assert not fits(changed, BOOKS[1])
    assert not is_read(changed, BOOKS[1])


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"kind": []}, {"kind": "gift"}])
def test_what_is_no_entry_at_all_does_not_fit(value: Any) -> None:
    assert not fits(value)


@given(st.sampled_from(ENTRIES), st.sampled_from(["subject", "log"]), st.text(min_size=1))
def test_an_entry_with_any_text_is_read_back_as_the_schema_reads_it(
    entry: LedgerEntry, field: str, text: str
) -> None:
    changed = {**entry, field: text[:200]}
    data = encode_canonical(changed)
    assert parse_entry(data) == entry_adapter.validate_json(data) == changed


@pytest.mark.parametrize(
    "said",
    [
        b'"id":"\\ud800"',
        b'"id":"\xff"',
        b'"id":"\\u0041"',
        b'"id":"A","id":"A"',
        b'"id":"A","id":"B"',
        b'"id":"A" ',
        b'"id":"a\\/b"',
    ],
)
def test_another_spelling_of_an_entry_is_refused(said: bytes) -> None:
    leaf = WRITER.leaves[2]
    start = leaf.index(b'"id":')
    end = leaf.index(b",", start)
    parse_entry(leaf[:start] + b'"id":"A"' + leaf[end:])
    with pytest.raises(NotCanonicalError):
        parse_entry(leaf[:start] + said + leaf[end:])
