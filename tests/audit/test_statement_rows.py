"""Statements' rows: exact fen or a refusal, whatever their columns and encoding are."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.statements import Gift, Layout, Refused, decoded, layout_of, read
from services.audit.statements.layout import COLUMNS, example
from shared.errors import Invalid
from shared.money import FEN_MAX

HEADER = "流水号,名称,电话,金额,基金,到账时间\n"
HUBEI = """source_file,row,seq,date,donor_kind,donor,amount_cny,designation
a.xls,4,1,2020-01-22,person,P-1,100.0,
a.xls,5,2,2020-01-23,org,某公司,5000000.0,指定武汉300万元、宜昌200万元
b.xls,4,1,2020-01-23,person,P-2,11.280000000000001,
"""
MAPPING = """
[columns]
statement = "source_file"
received_at = "date"
name = "donor"
amount = "amount_cny"

[constants]
fund_id = "hubei2020"
"""
PLAIN = Layout()


def rows(content: bytes, layout: Layout = PLAIN) -> list[Gift | Refused]:
    return list(read(decoded(io.BytesIO(content)), "bank.csv", layout))


def only(row: str, encoding: str = "utf-8") -> Gift | Refused:
    (found,) = rows((HEADER + row).encode(encoding))
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_row_becomes_a_gift_in_fen_at_its_moment(encoding: str) -> None:
    found = only('B-1,茶园商会,+8613800000001,"¥11,361.50",warm,2022/01/20 08:30\n', encoding)
    assert isinstance(found, Gift)
    assert found.giver == {"name": "茶园商会", "phone": "+8613800000001"}
    assert found.fact.amount_fen == 1_136_150
    assert found.fact.received_at == datetime(2022, 1, 20, 0, 30, tzinfo=UTC)
    assert (found.reference, found.fact.fund_id) == ("B-1", "warm")
    assert (found.listed.statement, found.listed.row) == ("bank.csv", 2)


def test_english_headers_are_taken_in_any_order() -> None:
    text = "amount,name,fund_id,received_at\n5,Shop,warm,2022-01-20T00:00:00Z\n"
    (found,) = rows(text.encode())
    assert isinstance(found, Gift)
    assert (found.fact.amount_fen, found.giver, found.reference) == (500, {"name": "Shop"}, "")


@pytest.mark.parametrize(
    "text",
    ["2020-01-22", "2020/1/22", "2020年1月22日", "20200122", "2020-1-22 0:00", "2020.01.22"],
)
def test_a_date_is_its_midnight_in_china(text: str) -> None:
    found = only(f"B-1,店,,5,warm,{text}\n")
    assert isinstance(found, Gift)
    assert found.fact.received_at == datetime(2020, 1, 21, 16, tzinfo=UTC)


def test_a_mapping_says_what_the_columns_are_and_one_file_holds_several_statements() -> None:
    found = rows(HUBEI.encode(), layout_of(MAPPING.encode()))
    assert [(g.listed.statement, g.listed.row) for g in found if isinstance(g, Gift)] == [
        ("a.xls", 4),
        ("a.xls", 5),
        ("b.xls", 4),
    ]
    assert [g.fact.amount_fen for g in found if isinstance(g, Gift)] == [10_000, 500_000_000, 1128]
    assert {g.fact.fund_id for g in found if isinstance(g, Gift)} == {"hubei2020"}
    second = found[1]
    assert isinstance(second, Gift)
    assert second.fact.designation == "指定武汉300万元、宜昌200万元"


def test_options_lie_over_the_mapping() -> None:
    layout = layout_of(MAPPING.encode(), ["name=donor_kind"], ["fund_id=other"])
    first = rows(HUBEI.encode(), layout)[0]
    assert isinstance(first, Gift)
    assert (first.giver["name"], first.fact.fund_id) == ("person", "other")


def test_the_example_names_every_column_and_is_a_mapping() -> None:
    layout = layout_of(example().encode())
    assert set(layout.columns) == set(COLUMNS)
    assert layout.constants == {"fund_id": "hubei2020"}


@pytest.mark.parametrize(
    ("toml", "columns", "constants"),
    [
        ("[columns\n", [], []),
        ("[columns]\nprice = 'x'\n", [], []),
        ("columns = 5\n", [], []),
        ("[amounts]\nunit = '美元'\n", [], []),
        ("", ["amount"], []),
        ("", ["=x"], []),
        ("", [], ["colour=red"]),
    ],
)
def test_a_mapping_of_nothing_we_know_is_refused(
    toml: str, columns: list[str], constants: list[str]
) -> None:
    with pytest.raises(Invalid):
        layout_of(toml.encode(), columns, constants)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("B-1,,,5,warm,2022-01-20", "name"),
        ("B-1,店,,,warm,2022-01-20", "amount"),
        ("B-1,店,,0,warm,2022-01-20", "amount"),
        ("B-1,店,,-5,warm,2022-01-20", "amount"),
        ("B-1,店,,0.001,warm,2022-01-20", "amount"),
        ("B-1,店,,NaN,warm,2022-01-20", "amount"),
        ("B-1,店,,1e99999999,warm,2022-01-20", "amount"),
        ("B-1,店,,5,a b,2022-01-20", "fund_id"),
        ("B-1,店,,5,warm,昨天", "received_at"),
        ("B-1,店,,5,warm,2022-02-30", "received_at"),
        ("B-1,店,138,5,warm,2022-01-20", "phone"),
        ("B-1,店,,1,000,warm,2022-01-20", ""),
        ("B-1,店", "amount"),
    ],
)
def test_a_wrong_row_is_refused_with_its_field(row: str, field: str) -> None:
    found = only(f"{row}\n")
    assert isinstance(found, Refused)
    assert (found.field, found.line) == (field, 2)


def test_empty_rows_are_no_rows() -> None:
    assert rows((HEADER + ",,,,,\n\nB-1,店,,5,warm,2022-01-20\n").encode())[1:] == []


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xff\xff"])
def test_what_is_no_statement_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Invalid):
        rows(content)


@given(fen=st.integers(1, FEN_MAX))
def test_no_fen_is_lost(fen: int) -> None:
    found = only(f"B-1,店,,{fen // 100}.{fen % 100:02d},warm,2022-01-20\n")
    assert isinstance(found, Gift)
    assert found.fact.amount_fen == fen
