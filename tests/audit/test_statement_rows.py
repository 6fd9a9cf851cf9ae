"""Statements' rows: exact fen or a refusal, whatever their columns and encoding are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.statements import Gift, Layout, Statement, parse_layout, read_statement
from services.audit.statements.files import Identities
from services.audit.statements.layout import COLUMNS, read_example
from shared.errors import Invalid
from shared.money import FEN_MAX
from shared.sheets import RefusedRow

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


def statement(content: bytes, layout: Layout = PLAIN) -> Statement:
    return read_statement(content, "bank.csv", layout)


def rows(content: bytes, layout: Layout = PLAIN) -> list[Gift | RefusedRow]:
    return list(statement(content, layout))


def codes(row: Gift | RefusedRow) -> list[str]:
    return [problem.code for problem in (row.remarks if isinstance(row, Gift) else row.problems)]


def only(row: str, encoding: str = "utf-8") -> Gift | RefusedRow:
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
    ["2020-01-22", "2020/1/22", "2020年1月22日", "2020-1-22 0:00", "2020.01.22"],
)
def test_a_date_is_its_midnight_in_china(text: str) -> None:
    found = only(f"B-1,店,,5,warm,{text}\n")
    assert isinstance(found, Gift)
    assert found.fact.received_at == datetime(2020, 1, 21, 16, tzinfo=UTC)


def test_a_mapping_says_what_the_columns_are_and_one_file_holds_several_statements() -> None:
    found = rows(HUBEI.encode(), parse_layout(MAPPING.encode()))
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
    layout = parse_layout(MAPPING.encode(), ["name=donor_kind"], ["fund_id=other"])
    first = rows(HUBEI.encode(), layout)[0]
    assert isinstance(first, Gift)
    assert (first.giver["name"], first.fact.fund_id) == ("person", "other")


def test_the_example_names_every_column_and_is_a_mapping() -> None:
    layout = parse_layout(read_example().encode())
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
        parse_layout(toml.encode(), columns, constants)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("B-1,店,,,warm,2022-01-20", "amount"),
        ("B-1,店,,0,warm,2022-01-20", "amount"),
        ("B-1,店,,-5,warm,2022-01-20", "amount"),
        ("B-1,店,,0.001,warm,2022-01-20", "amount"),
        ("B-1,店,,NaN,warm,2022-01-20", "amount"),
        ("B-1,店,,1e99999999,warm,2022-01-20", "amount"),
        ("B-1,店,,5,a b,2022-01-20", "fund_id"),
        ("B-1,店,,5,warm,昨天", "received_at"),
        ("B-1,店,,5,warm,2022-02-30", "received_at"),
        ("B-1,店,,5,warm,20200132", "received_at"),
        ("B-1,店,,5,warm,202001221", "received_at"),
        ("B-1,店,,5,warm,43852", "received_at"),
        ('B-1,店,,"200,50",warm,2022-01-20', "amount"),
        ("B-1,店,,2E+05,warm,2022-01-20", "amount"),
        ("B-1,店,,US$1000,warm,2022-01-20", "amount"),
        ("2.02601E+19,店,,5,warm,2022-01-20", "bank_reference"),
        ("20260105000012300000,店,,5,warm,2022-01-20", "bank_reference"),
        (",,,5,warm,", "received_at"),
        ("B-1,店,,1,000,warm,2022-01-20", ""),
        ("B-1,店", "amount"),
    ],
)
def test_a_wrong_row_is_refused_with_its_field(row: str, field: str) -> None:
    found = only(f"{row}\n")
    assert isinstance(found, RefusedRow)
    assert (found.problems[0].field, found.line) == (field, 2)


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


# --- what does not cost the money ---


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("138****8000", "value_dropped"),
        ("0769-22830000", "value_dropped"),
        ("+852 9123 4567", "value_dropped"),
        ("138", "value_dropped"),
        ("#N/A", "value_dropped"),
    ],
)
def test_a_phone_that_reaches_nobody_costs_the_phone_and_it_is_said(phone: str, code: str) -> None:
    gift = only(f"B-1,店,{phone},5,warm,2022-01-20\n")
    assert isinstance(gift, Gift)
    assert gift.giver == {"name": "店"}
    assert codes(gift) == [code]


@pytest.mark.parametrize("phone", ["13800138000", "138 0013 8000", "\u202d13800138000\u202c"])
def test_a_phone_as_donors_write_it_is_kept(phone: str) -> None:
    gift = only(f"B-1,店,{phone},5,warm,2022-01-20\n")
    assert isinstance(gift, Gift)
    assert (gift.giver["phone"], codes(gift)) == ("+8613800138000", [])


@pytest.mark.parametrize("phone", ["无", "/", "-", "—", "N/A"])
def test_a_word_for_no_phone_is_none(phone: str) -> None:
    gift = only(f"B-1,店,{phone},5,warm,2022-01-20\n")
    assert isinstance(gift, Gift)
    assert (gift.giver, codes(gift)) == ({"name": "店"}, [])


def test_cash_at_the_counter_has_an_unnamed_giver() -> None:
    gift = only("B-78,,,500.00,warm,2026-01-05\n")
    assert isinstance(gift, Gift)
    assert (gift.giver, codes(gift)) == ({"name": "爱心人士"}, ["giver_unnamed"])


def test_what_is_too_long_is_cut_and_it_is_said() -> None:
    header = HEADER.strip() + ",用途\n"
    (gift,) = rows(f"{header}B-1,{'店' * 300},,5,warm,2022-01-20,{'好' * 5_100}\n".encode())
    assert isinstance(gift, Gift)
    assert (len(gift.giver["name"]), len(gift.fact.designation)) == (200, 5_000)
    assert codes(gift) == ["value_cut", "value_cut"]


def test_a_reference_that_may_have_been_cut_is_said() -> None:
    gift = only("20260105000012300,店,,5,warm,2022-01-20\n")
    assert isinstance(gift, Gift)
    assert codes(gift) == ["digits_doubtful"]


# --- what would change the meaning ---


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("币种", "HKD", "currency_foreign"),
        ("币种", "美元", "currency_foreign"),
        ("收支", "支出", "direction_outgoing"),
        ("借贷标志", "借", "direction_outgoing"),
        ("交易状态", "失败", "state_unfinished"),
        ("状态", "已退款", "state_unfinished"),
    ],
)
def test_a_column_that_changes_the_meaning_is_read(header: str, cell: str, code: str) -> None:
    text = f"{HEADER.strip()},{header}\nB-1,店,,5,warm,2022-01-20,{cell}\n"
    (row,) = rows(text.encode())
    assert isinstance(row, RefusedRow)
    assert codes(row) == [code]


@pytest.mark.parametrize(
    ("header", "cell"),
    [("币种", "人民币"), ("币种", "CNY"), ("收支", "收入"), ("借贷", "贷"), ("状态", "交易成功")],
)
def test_a_column_that_says_what_is_usual_changes_nothing(header: str, cell: str) -> None:
    text = f"{HEADER.strip()},{header}\nB-1,店,,5,warm,2022-01-20,{cell}\n"
    found = statement(text.encode())
    assert [type(row) for row in found] == [Gift]
    assert found.table.unread == ()


@pytest.mark.parametrize("text", ["单位：万元\n" + HEADER, HEADER.replace("金额", "金额（万元）")])
def test_a_sheet_in_another_unit_is_refused_unless_the_mapping_says_so(text: str) -> None:
    content = f"{text}B-1,店,,5,warm,2022-01-20\n".encode()
    columns = ["amount=金额（万元）"] if "（" in text else []
    with pytest.raises(Invalid) as refused:
        statement(content, parse_layout(columns=columns))
    assert refused.value.problems[0].code == "unit_unclear"
    (gift,) = rows(content, parse_layout("[amounts]\nunit = '万元'\n".encode(), columns))
    assert isinstance(gift, Gift)
    assert gift.fact.amount_fen == 5_000_000


def test_columns_that_are_not_read_are_listed() -> None:
    text = HEADER.strip() + ",余额\nB-1,店,,5,warm,2022-01-20,900\n"
    assert statement(text.encode()).table.unread == ("余额",)


# --- the shape ---


def test_titles_above_the_header_are_skipped() -> None:
    text = f"导出时间：[2026-02-01 09:12:52]\n共2笔记录\n{HEADER}B-1,店,,5,warm,2022-01-20\n"
    (gift,) = rows(text.encode())
    assert isinstance(gift, Gift)
    assert gift.listed.row == 4


def test_no_gift_disappears_in_a_quote() -> None:
    good = "".join(f"B-{n},乙公司,,100,warm,2026-01-05\n" for n in range(2, 12))
    found = rows(f'{HEADER}B-1,"甲公司,,100.00,warm,2026-01-05\n{good}'.encode())
    assert codes(found[0]) == ["quote_unclosed"]
    assert [gift.reference for gift in found[1:] if isinstance(gift, Gift)] == [
        f"B-{n}" for n in range(2, 12)
    ]


def test_a_payers_phone_is_no_reference_and_costs_no_gift() -> None:
    row = "13800138000,甲公司,,100,warm,2026-01-05\n"
    first, second = rows(f"{HEADER}{row}{row}".encode())
    assert isinstance(first, Gift)
    assert isinstance(second, Gift)
    assert (first.reference, codes(first)) == ("", ["reference_personal"])
    assert "13800138000" not in repr(first)
    identities = Identities()
    ids = [identities.assign(gift, "P-1") for gift in (first, second)]
    assert len(set(ids)) == 2, "one payer may give twice"


def test_two_columns_of_one_meaning_are_refused_as_a_whole() -> None:
    with pytest.raises(Invalid) as refused:
        rows(b"name,name,amount,fund_id,received_at\n")
    assert refused.value.problems[0].code == "columns_repeated"


LISTED = parse_layout(columns=["name=捐赠者"], constants=["received_at=2026-01-05", "fund_id=warm"])


def test_a_total_is_a_check_and_no_gift() -> None:
    text = "捐赠者,金额\n张三,100\n李四,200\n小计,300\n王五,50\n小计,50\n合计：,350\n"
    found = rows(text.encode(), LISTED)
    assert [gift.giver["name"] for gift in found if isinstance(gift, Gift)] == [
        "张三",
        "李四",
        "王五",
    ]
    assert len(found) == 3


def test_a_total_that_is_not_the_sum_is_said() -> None:
    found = rows("捐赠者,金额\n张三,100\n李四,200\n合计,400\n".encode(), LISTED)
    assert (found[-1].line, codes(found[-1])) == (4, ["total_different"])


def test_a_sum_without_a_word_is_no_gift() -> None:
    found = rows("捐赠者,金额\n张三,100\n李四,200\n,300\n".encode(), LISTED)
    assert codes(found[-1]) == ["value_missing"]
    dated = f"{HEADER}B-1,张三,,100,warm,2022-01-20\nB-2,李四,,200,warm,2022-01-20\n"
    assert codes(rows(f"{dated},,,300,warm,2022-01-20\n".encode())[-1]) == ["value_missing"]


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(HEADER.encode().__add__)))
def test_any_bytes_are_gifts_or_refused(content: bytes) -> None:
    try:
        found = rows(content)
    except Invalid:
        return
    assert all(isinstance(row, Gift | RefusedRow) for row in found)
