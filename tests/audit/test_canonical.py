"""Canonical JSON: one spelling of each value, and the entry schema that depends on it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.ledger.canonical import (
    NotCanonicalError,
    encode_canonical,
    encode_entry,
    parse_canonical,
    parse_entry,
)
from services.audit.ledger.kinds import KINDS
from shared.contracts.ledger import build_entry_schema
from shared.contracts.ledger_fields import INTEGER_MAX
from tests.audit.ledgers import year_of_facts

KEYS = st.text(st.characters(max_codepoint=127), max_size=5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_values_survive_their_canonical_form(value: Any) -> None:
    assert parse_canonical(encode_canonical(value)) == value


@given(VALUES)
def test_any_other_spelling_is_refused(value: Any) -> None:
    text = encode_canonical(value)
    for other in (json.dumps(value, indent=1).encode(), b" " + text, text + b"\n"):
        if other != text:
            with pytest.raises(NotCanonicalError):
                parse_canonical(other)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        '{"名":1}'.encode(),
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"",
    ],
)
def test_what_other_readers_might_read_otherwise_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        parse_canonical(text)


def test_control_characters_are_escaped_as_rfc_8785_says() -> None:
    assert (
        encode_canonical('\b\t\n\f\r\x0f\x7f"\\/€')
        == '"\\b\\t\\n\\f\\r\\u000f\x7f\\"\\\\/€"'.encode()
    )


def test_every_kind_of_entry_is_read_back_from_its_bytes() -> None:
    for sealed in year_of_facts(60).sealed:
        assert parse_entry(sealed.raw) == sealed.entry
        assert encode_entry(parse_entry(sealed.raw)) == sealed.raw


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(NotCanonicalError, match="more than"):
        parse_entry(b" " * 65_536)


def test_the_schema_is_exported_with_every_kind() -> None:
    assert build_entry_schema()["discriminator"]["mapping"].keys() == KINDS.keys()


@pytest.mark.parametrize("depth", [300, 900, 2_000, 50_000])
def test_what_is_nested_too_deeply_is_refused_like_anything_else(depth: int) -> None:
    for read in (parse_canonical, parse_entry):
        with pytest.raises(NotCanonicalError):
            read(b"[" * depth + b"]" * depth)
