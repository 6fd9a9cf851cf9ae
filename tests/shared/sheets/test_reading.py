"""Sheets as people save them: found headers, strict rows, and every line accounted for."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.money import parse_amount
from shared.sheets import (
    Column,
    Columns,
    RefusedRow,
    Row,
    Table,
    TotalRow,
    make_code_parser,
    open_sheet,
)
from tests.support.examples import count_examples

COLUMNS = Columns(
    (
        Column("number", "编号", make_code_parser("编号")),
        Column("name", "姓名", required=True),
        Column("phone", "手机 联系电话"),
        Column("amount", "金额 申请金额", parse_amount, required=True),
        Column("text", "内容"),
    ),
    ignored=("原因",),
)
HEADER = "姓名,手机,金额,内容\n"
GOOD = "张三,13800138000,200,棉被\n"


def table(content: str | bytes, columns: Columns = COLUMNS) -> Table:
    return open_sheet(content.encode() if isinstance(content, str) else content).find_table(columns)


def rows(content: str | bytes, columns: Columns = COLUMNS) -> list[Row | RefusedRow | TotalRow]:
    return list(table(content, columns))


def codes(row: Row | RefusedRow | TotalRow) -> list[str]:
    assert isinstance(row, RefusedRow)
    return [problem.code for problem in row.problems]


def workbook(*lines: Sequence[object], title: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for line in lines:
        sheet.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- encodings and separators ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "，"])
def test_encodings_and_separators_are_found_out(encoding: str, separator: str) -> None:
    text = (HEADER + GOOD).replace(",", separator)
    (row,) = rows(text.encode(encoding))
    assert isinstance(row, Row)
    assert row.values == {
        "name": "张三",
        "phone": "13800138000",
        "amount": 20_000,
        "text": "棉被",
    }


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_stray_byte_costs_its_row_and_no_other(encoding: str) -> None:
    lines = [HEADER.encode(encoding), *[GOOD.encode(encoding)] * 3]
    lines[2] = lines[2].replace("棉".encode(encoding), b"\xff")
    first, damaged, last = rows(b"".join(lines))
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert (codes(damaged), damaged.line) == (["bytes_damaged"], 3)


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "gb18030"])
def test_letters_read_in_a_wrong_encoding_are_refused(wrong: str) -> None:
    garbled = "张三丰在东莞".encode().decode(wrong, errors="ignore")
    (row,) = rows(f"{HEADER}{garbled},,200,\n")
    assert codes(row) == ["bytes_damaged"]


@pytest.mark.parametrize("name", ["张三", "李晓明", "Müller", "Zoë", "東莞市慈善會", "咩咩"])
def test_names_are_not_taken_for_garbled_ones(name: str) -> None:
    (row,) = rows(f"{HEADER}{name},,200,\n")
    assert isinstance(row, Row)
    assert row.text("name") == name


# --- the header ---


def test_titles_above_the_header_are_skipped_and_lines_counted_as_in_the_sheet() -> None:
    found = table("茶山镇2026年1月微心愿汇总表,,,\n\n单位：元,,,\n" + HEADER + GOOD)
    (row,) = found
    assert isinstance(row, Row)
    assert row.line == 5
    assert found.titles == ("茶山镇2026年1月微心愿汇总表", "单位：元")


def test_the_header_is_where_it_is_said_to_be() -> None:
    sheet = open_sheet(("姓名,金额\n" + HEADER + GOOD).encode())
    (row,) = sheet.find_table(COLUMNS, skip=1)
    assert isinstance(row, Row)
    assert row.line == 3
    with pytest.raises(Invalid):
        sheet.find_table(COLUMNS, skip=2)


def test_header_words_are_known_with_their_remarks() -> None:
    (row,) = rows("*姓名（必填）, 手 机 ：,金额\n张三,138,5\n")
    assert isinstance(row, Row)
    assert row.texts == {"name": "张三", "phone": "138", "amount": "5"}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("姓名,手机,金额,联系电话", "phone"),
        ("姓名,手机,手机,金额", "phone"),
        ("金额,姓名,申请金额", "amount"),
    ],
)
def test_two_columns_of_one_meaning_are_refused_as_a_whole(header: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        table(f"{header}\n1,2,3,4\n")
    (problem,) = refused.value.problems
    assert (problem.code, problem.field) == ("columns_repeated", field)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        table("某表\n姓名,手机\n张三,138\n")
    (problem,) = refused.value.problems
    assert problem.code == "columns_missing"
    assert "金额" in problem.zh


def test_columns_that_nobody_reads_are_listed() -> None:
    found = table("姓名,金额,币种,原因,备注\n张三,5,HKD,x,\n")
    assert found.unread == ("币种", "备注")


# --- the shape of rows ---


def test_more_cells_than_columns_are_a_shifted_row() -> None:
    fine, shifted = rows(HEADER + GOOD.replace("\n", ",,\n") + "张三,138,1,000,棉被\n")
    assert isinstance(fine, Row)
    assert codes(shifted) == ["cells_surplus"]


@pytest.mark.parametrize(
    ("header", "row"), [("姓名,金额,,", "张三,1,000,"), ("姓名,金额,,内容", "张三,1,000,棉被")]
)
def test_a_cell_under_no_header_is_a_shifted_row(header: str, row: str) -> None:
    (found,) = rows(f"{header}\n{row}\n")
    assert codes(found) == ["cells_surplus"]


def test_a_column_of_numbers_before_the_first_header_is_none() -> None:
    (row,) = rows(",姓名,金额\n0,张三,5\n")
    assert isinstance(row, Row)


def test_an_unclosed_quote_costs_its_row_alone() -> None:
    found = rows(HEADER + '张三,138,200,"急用\n' + GOOD + GOOD)
    assert codes(found[0]) == ["quote_unclosed"]
    assert "第 2 行" in found[0].problems[0].zh  # type: ignore[union-attr]
    assert [(type(row), row.line) for row in found[1:]] == [(Row, 3), (Row, 4)]


@pytest.mark.parametrize(
    "lines",
    [
        '"张三,138,200,急用\n' + GOOD * 10,
        '"张三,138,200,急用\n李四",139,300,书包\n' + GOOD,
        '张三,138,200,"急用\n李四,139,300,书包"\n' + GOOD,
        '张三,138,200,"急用\n' + GOOD + '王五,137,400,"书包"\n',
        '张三,138,200,"急用"了\n' + GOOD,
    ],
)
def test_no_row_disappears_in_a_quote(lines: str) -> None:
    found = rows(HEADER + lines)
    assert [row.line for row in found] == list(range(2, 2 + lines.count("\n")))
    assert codes(found[0]) == ["quote_unclosed"]


def test_a_row_that_a_quote_may_have_swallowed_needs_its_full_width() -> None:
    found = rows('姓名,金额\n"张\n三"x,100\n')
    assert [codes(row) for row in found] == [["quote_unclosed"]] * 2


def test_a_cell_over_several_lines_is_one_row() -> None:
    first, second = rows(HEADER + '张三,138,200,"急用,\n明天要""快""\n谢谢"\n' + GOOD)
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first.original[3] == '急用,\n明天要"快"\n谢谢'
    assert second.line == 3, "as a spreadsheet program counts"


def test_many_open_quotes_take_no_time() -> None:
    assert len(rows(HEADER + '张三,138,200,"急用\n' * 3000)) == 3000


# --- totals and cells ---


@pytest.mark.parametrize(
    "line",
    [
        "合计,,300,",
        "总计：,,300,",
        ",合计,300,",
        "小 计,,300,",
        "共计,,300,",
        "共2笔记录,,,",
        "共3笔，合计300元,,,",
        "Total,,3,",
        "總計,,300,",
        "合计（大写）：叁佰元整,,300,",
        "1月小计,,300,",
        "茶山镇小计,,300,",
        "总金额,,300,",
        "承前页,,300,",
        "合计,2人,300,",
    ],
)
def test_a_total_is_no_row(line: str) -> None:
    total = rows(f"{HEADER}{GOOD}{line}\n")[1]
    assert isinstance(total, TotalRow)


@pytest.mark.parametrize("name", ["总计算机公司", "合计国", "共青团", "王小计", "计生办"])
def test_a_name_that_begins_like_a_total_is_a_name(name: str) -> None:
    (row,) = rows(f"{HEADER}{name},,300,\n")
    assert isinstance(row, Row)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("2.02601E+19,张三,5", "value_rewritten"),
        ("1月2日,张三,5", "value_rewritten"),
        ("20260105000010000000,张三,5", "value_rewritten"),
        (",#N/A,5", "value_error"),
        (",张三,######", "value_error"),
        (",,5", "value_missing"),
        (",张三,", "value_missing"),
        (",张三,2E+05", "amount_abbreviated"),
    ],
)
def test_what_a_spreadsheet_program_spoilt_is_refused(cells: str, code: str) -> None:
    (row,) = rows(f"编号,姓名,金额\n{cells}\n")
    assert codes(row) == [code]


def test_every_problem_of_a_row_is_said() -> None:
    (row,) = rows("编号,姓名,金额\n1E+20,,许多\n")
    assert codes(row) == ["value_rewritten", "value_missing", "amount_wrong"]


@pytest.mark.parametrize("cell", ['"=""13800138000"""', "'13800138000", "13800138000\u200b"])
def test_marks_that_keep_a_text_a_text_are_taken_off(cell: str) -> None:
    (row,) = rows(f"姓名,手机,金额\n张三,{cell},5\n")
    assert isinstance(row, Row)
    assert row.texts["phone"] == "13800138000"


@pytest.mark.parametrize("text", ["共3人", "合计", "小计：", "共2户，急用"])
def test_a_side_field_makes_no_row_a_total(text: str) -> None:
    (row,) = rows(f"{HEADER}张三,138,200,{text}\n")
    assert isinstance(row, Row)


@pytest.mark.parametrize(
    "note", ["制表人：张三,,审核：李四,", "#导出,,,", "注：以上均已核实,,,", "----------,,,"]
)
def test_a_note_below_the_rows_is_no_row(note: str) -> None:
    assert [type(row) for row in rows(f"{HEADER}{GOOD}{note}\n")] == [Row]


def test_headers_in_traditional_characters_are_the_same() -> None:
    (row,) = rows("姓名,聯繫電話,申請金額,內容\n張三,138,5,書包\n")
    assert isinstance(row, Row)
    assert row.texts == {"name": "張三", "phone": "138", "amount": "5", "text": "書包"}


# --- workbooks ---


def test_a_workbook_is_read_as_it_is_shown() -> None:
    content = workbook(
        ["茶山镇汇总表"],
        ["编号", "姓名", "手机", "金额", "内容"],
        [7, "张三", 13800138000, 200.5, date(2026, 1, 5)],
        [],
        ["'8", "李四", "'13900139000", "2万元", datetime(2026, 1, 5, 8, 30, 12)],  # noqa: DTZ001
        [20260105000012345671, "王五", None, 5],
        ["合计", None, None, 20200.5],
    )
    first, second, third, total = rows(content)
    assert isinstance(first, Row)
    assert first.values == {
        "number": "7",
        "name": "张三",
        "phone": "13800138000",
        "amount": 20_050,
        "text": "2026-01-05",
    }
    assert isinstance(second, Row)
    assert (second.line, second.text("number"), second.text("text")) == (
        5,
        "8",
        "2026-01-05 08:30:12",
    )
    assert codes(third) == ["value_rewritten"]
    assert isinstance(total, TotalRow)


def test_the_worksheet_with_the_header_is_read_and_the_others_are_named() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(["填写说明"], title="说明")))
    sheet = book.create_sheet("名单")
    sheet.append(["姓名", "金额"])
    sheet.append(["张三", 5])
    out = io.BytesIO()
    book.save(out)
    found = table(out.getvalue())
    assert [type(row) for row in found] == [Row]
    assert found.unread == ("说明",)


@pytest.mark.parametrize("content", [b"PK\x03\x04 no zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old"])
def test_what_only_looks_like_a_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        open_sheet(content)
    assert refused.value.problems[0].code == "file_format_unknown"


# --- whatever comes ---


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(HEADER.encode().__add__)))
def test_any_bytes_are_rows_or_refused(content: bytes) -> None:
    try:
        for row in rows(content):
            assert row.line > 0
    except Invalid as error:
        assert error.problems  # noqa: PT017 - either way is right


@given(st.text(alphabet='",\n\r"甲1', max_size=60))
def test_any_quotes_account_for_every_line(text: str) -> None:
    lines = [row.line for row in rows(HEADER + text)]
    assert lines == sorted(set(lines))


CELLS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P"), exclude_characters="'\"=#,"),
    max_size=8,
)


@settings(max_examples=count_examples(15, 40))
@given(st.lists(st.tuples(CELLS, CELLS, st.integers(1, 10**12)), min_size=1, max_size=6))
def test_what_programs_write_is_read_back(written: list[tuple[str, str, int]]) -> None:
    lines = [(f"名{name}", f"说,\n{text}", f"{fen / 100:.2f}") for name, text, fen in written]
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["姓名", "内容", "金额"])
    out.writerows(lines)
    for content in (text.getvalue().encode(), workbook(["姓名", "内容", "金额"], *lines)):
        for row, (name, prose, _), (_, _, fen) in zip(rows(content), lines, written, strict=True):
            assert isinstance(row, Row), row
            assert row.original[:2] == (name.strip(), prose.strip())
            assert row.values["amount"] == fen
