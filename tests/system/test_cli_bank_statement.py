"""Bank statements: exact fen or a refusal, in the encodings that banks export."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.commands.bank_statement import FEN_MAX, Gift, Refused, read
from shared.errors import Invalid

HEADER = "流水号,名称,电话,金额,基金,到账时间\n"


def only(row: str, encoding: str = "utf-8") -> Gift | Refused:
    (found,) = read((HEADER + row).encode(encoding))
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_row_becomes_a_gift_in_fen_at_its_moment(encoding: str) -> None:
    found = only('B-1,茶园商会,+8613800000001,"¥11,361.50",warm,2022/01/20 08:30\n', encoding)
    assert isinstance(found, Gift)
    assert found.giver == {"name": "茶园商会", "phone": "+8613800000001"}
    assert found.fact.amount_fen == 1_136_150
    assert found.fact.received_at == datetime(2022, 1, 20, 0, 30, tzinfo=UTC)
    assert (found.fact.bank_reference, found.fact.fund_id) == ("B-1", "warm")


def test_english_headers_are_taken_in_any_order() -> None:
    text = "amount,name,fund_id,received_at,bank_reference\n5,Shop,warm,2022-01-20T00:00:00Z,B-2\n"
    (found,) = read(text.encode())
    assert isinstance(found, Gift)
    assert (found.fact.amount_fen, found.giver) == (500, {"name": "Shop"})


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",店,,5,warm,2022-01-20", "bank_reference"),
        ("B-1,,,5,warm,2022-01-20", "name"),
        ("B-1,店,,,warm,2022-01-20", "amount"),
        ("B-1,店,,0,warm,2022-01-20", "amount"),
        ("B-1,店,,-5,warm,2022-01-20", "amount"),
        ("B-1,店,,0.001,warm,2022-01-20", "amount"),
        ("B-1,店,,NaN,warm,2022-01-20", "amount"),
        ("B-1,店,,Infinity,warm,2022-01-20", "amount"),
        ("B-1,店,,1e99999999,warm,2022-01-20", "amount"),
        ("B-1,店,,5,a b,2022-01-20", "fund_id"),
        ("B-1,店,,5,warm,昨天", "received_at"),
        ("B-1,店,138,5,warm,2022-01-20", "phone"),
    ],
)
def test_a_wrong_row_is_refused_with_its_field(row: str, field: str) -> None:
    found = only(f"{row}\n")
    assert isinstance(found, Refused)
    assert (found.field, found.line) == (field, 2)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xff\xff"])
def test_what_is_no_statement_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Invalid):
        list(read(content))


@given(fen=st.integers(1, FEN_MAX))
def test_no_fen_is_lost(fen: int) -> None:
    found = only(f"B-1,店,,{fen // 100}.{fen % 100:02d},warm,2022-01-20\n")
    assert isinstance(found, Gift)
    assert found.fact.amount_fen == fen
