"""Sheets as villages send them: shapes that are no table, what programs did to cells, side columns.

Each was written down with its right outcome before it was tried. The people are invented.
"""

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from services.intake.channels.spreadsheet import SheetReading, SheetRequest, read_requests
from services.intake.rules import find_problems
from shared.contracts.values import Channel
from shared.errors import Invalid
from shared.sheets import RefusedRow
from tests.intake.builders import RULES

H = "姓名,手机,类别,困难类别,镇街,内容,金额\n"
DING = "丁一禾,13800138000,生活物资,低保,茶山镇,棉被,200\n"
FANG = "方小满,13900139000,助学,低保,茶山镇,书包,300\n"
WANJIANG = SheetReading(town="441900005")
"""Where who uploads works."""


def read(content: str | bytes) -> list[SheetRequest | RefusedRow]:
    encoded = content.encode() if isinstance(content, str) else content
    return list(read_requests(encoded, Channel.COMMITTEE, reading=WANJIANG))


def judge(content: str | bytes) -> list[str]:
    """Of the file, or of each row: `ok`, else the codes of what is wrong."""
    try:
        rows = read(content)
    except Invalid as error:
        return [f"file {error.problems[0].code}"]
    return [_judge_row(row) for row in rows]


def _judge_row(row: SheetRequest | RefusedRow) -> str:
    problems = row.problems if isinstance(row, RefusedRow) else find_problems(RULES, row.request)
    return "+".join(problem.code for problem in problems) or "ok"


def write_workbook(*rows: Sequence[str], merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def split(line: str) -> list[str]:
    return line.strip().split(",")


def write_cell(header: str, text: str) -> str:
    """A good row with this one cell changed, or added."""
    cells = dict(zip(split(H), split(DING), strict=True)) | {header: text}
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells.values())
    return f"{','.join(cells)}\n{','.join(quoted)}\n"


# --- the shape of the table ---

TURNED = "姓名,类别,困难类别,镇街,手机,金额,内容\n方小满,助学,低保,茶山镇,13900139000,300,书包\n"
MARKDOWN = "| 姓名 | 类别 | 困难类别 | 镇街 | 手机 | 金额 |\n|---|---|---|---|---|---|\n"
TWO_TABLES = f"{H.strip()},{H.strip()}\n{DING.strip()},{FANG}"
SHIFTED = "phone_beside_words+word_unknown+word_unknown+town_unknown"


@pytest.mark.parametrize(
    ("content", "outcomes"),
    [
        (H + DING + H + FANG, ["ok", "ok"]),
        (H + DING + H.replace("手机", "手机（必填）") + FANG, ["ok", "ok"]),
        (H + DING + TURNED, ["ok", "header_changed"]),
        (H + DING + TURNED + H + DING, ["ok", "header_changed", "ok"]),
        (H.replace("手机", '"手机\n号码"') + DING, ["ok"]),
        (MARKDOWN + "| 方小满 | 助学 | 低保 | 茶山镇 | 13900139000 | 300 |\n", ["ok"]),
        ("sep=,\n" + H + DING, ["ok"]),
        ((H + DING + FANG).replace("\n", "\r"), ["ok", "ok"]),
        (H.replace("\n", "\r\n") + DING + FANG.replace("\n", "\r\n"), ["ok", "ok"]),
        (TWO_TABLES, ["file columns_repeated"]),
        ("姓名,丁一禾\n手机,13800138000\n类别,生活物资\n", ["file columns_missing"]),
        (H + "丁一禾,13800138000,生活物资,低保,茶山镇\n" + FANG, ["need_missing", "ok"]),
        ((H + DING).replace(",", " "), ["file columns_missing"]),
        ("<html><table><tr><td>姓名</td></tr></table></html>", ["file file_format_unknown"]),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", ["file file_format_unknown"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(200)), ["file file_format_unknown"]),
        (b"Rar!\x1a\x07\x00" + bytes(50), ["file file_format_unknown"]),
        (H, []),
        (H + "\n,,,,,,\n \t,,,,,,\n", []),
        (f"序号,{H}1,{DING}2,,,,,,,\n3,,,,,,,\n", ["ok"]),
        (f"序号,{H}1,{DING}2,方小满,,,,,,\n", ["ok", "value_missing+value_missing"]),
        (H + DING + "以下空白,,,,,,\n", ["ok"]),
        (H + DING + "——以下空白——,,,,,,\n", ["ok"]),
        (H + DING + "/,/,/,/,/,/,/\n", ["ok"]),
        (H + DING + "总共1户,,,,,,200\n", ["ok"]),
        (H + DING + "合　计,,,,,,200.00\n", ["ok"]),
        (H + DING + "小计（1人）,,,,,,200\n", ["ok"]),
        (H + DING + "共计人民币贰佰元整,,,,,,\n", ["ok"]),
        (H + DING + "审核人：,,,,填表日期：2026年1月5日,,\n", ["ok"]),
        (H + DING + "填表说明：金额以元为单位,,,,,,\n", ["ok"]),
        (H + "例：张三,13800138000,生活物资,低保,茶山镇,棉被,200\n" + FANG, ["row_example", "ok"]),
        (H + DING.replace("丁一禾", "丁一禾（示例）") + FANG, ["row_example", "ok"]),
        (H + DING.replace("丁一禾", "丁一禾、方小满"), ["names_several"]),
        (H + DING.replace("丁一禾", '"丁一禾\n方小满"'), ["names_several"]),
        (H + DING.replace("棉被", "“棉被,轮椅”"), ["cells_surplus"]),
        ((H + DING).replace(",", ";").replace("200", "200,50"), ["amount_wrong"]),
        (H + DING.replace(",生活", "生活"), [SHIFTED]),
    ],
)
def test_the_shape_of_a_sheet_is_read_or_refused(content: str | bytes, outcomes: list[str]) -> None:
    assert judge(content) == outcomes


NO_TOWN = "姓名,手机,类别,困难类别,内容,金额\n"


@pytest.mark.parametrize(
    ("lines", "towns"),
    [
        (("一、茶山镇", "二、石排镇"), ["441900103", "441900104"]),
        (("（一）茶山镇：", "（二）石排镇（12户）"), ["441900103", "441900104"]),
        (("茶山镇", "石排镇"), ["441900103", "441900104"]),
    ],
)
def test_a_line_that_names_a_town_says_where_the_rows_below_are(
    lines: tuple[str, str], towns: list[str]
) -> None:
    first, second = lines
    people = [line.replace("茶山镇,", "") for line in (DING, FANG)]
    content = f"{NO_TOWN}{first},,,,,\n{people[0]}{second},,,,,\n{people[1]}"
    rows = read(content)
    assert all(isinstance(row, SheetRequest) for row in rows)
    assert [row.request.area.town_code for row in rows] == towns  # type: ignore[union-attr]


def test_a_merged_cell_is_of_each_row_that_it_covers() -> None:
    second: list[Any] = split(FANG)
    second[2:5] = [None, None, None]
    covered = ["C2:C3", "D2:D3", "E2:E3"]
    one, other = read(write_workbook(split(H), split(DING), second, merged=covered))
    assert isinstance(one, SheetRequest)
    assert isinstance(other, SheetRequest)
    assert other.request.area.town_code == "441900103", "and not who uploads'"
    assert other.request.category == one.request.category
    assert (one.request.applicant.name, other.request.applicant.name) == ("丁一禾", "方小满")


def test_a_person_whose_name_is_merged_has_two_wishes() -> None:
    second = [None, None, *split(FANG)[2:]]
    book = write_workbook(split(H), split(DING), second, merged=["A2:A3", "B2:B3"])  # type: ignore[arg-type]
    rows = read(book)
    assert judge(book) == ["ok", "ok"]
    names = {row.request.applicant.name for row in rows if isinstance(row, SheetRequest)}
    assert names == {"丁一禾"}
    assert len({row.key for row in rows if isinstance(row, SheetRequest)}) == 2


def test_a_merged_sum_is_not_paid_twice() -> None:
    second = [*split(FANG)[:6], None]
    book = write_workbook(split(H), split(DING), second, merged=["G2:G3"])  # type: ignore[arg-type]
    assert judge(book) == ["ok", "value_merged"]


def test_a_header_of_two_merged_rows_is_one() -> None:
    above = ["姓名", "手机", "需要", "", "", "困难类别", "镇街"]
    below = ["", "", "类别", "内容", "金额", "", ""]
    person = ["丁一禾", "13800138000", "生活物资", "棉被", "200", "低保", "茶山镇"]
    covered = ["A1:A2", "B1:B2", "C1:E1", "F1:F2", "G1:G2"]
    assert judge(write_workbook(above, below, person, merged=covered)) == ["ok"]


def test_a_merged_title_and_a_merged_total_are_no_rows() -> None:
    book = write_workbook(
        ["茶山镇微心愿"], split(H), split(DING), ["合计", "", "", "", "", "", "200"]
    )
    assert judge(book) == ["ok"]


# --- what programs and wires did to cells ---


@pytest.mark.parametrize(
    ("header", "text", "outcome"),
    [
        ("手机", "13800138000.00", "ok"),
        ("手机", "13,800,138,000", "ok"),
        ("手机", "1.38E+10", "phone_abbreviated"),
        ("手机", "########", "value_error"),
        ("手机", "#NAME?", "value_error"),
        ("手机", "1380013800", "phone_wrong"),
        ("手机", "13800138OOO", "phone_wrong"),
        ("姓名", "丁?禾", "name_damaged"),
        ("姓名", "???", "name_damaged"),
        ("姓名", "丁□", "name_damaged"),
        ("姓名", "å¼\u00a0ä¸‰", "bytes_damaged"),
        ("姓名", "å¼ ä¸‰", "bytes_damaged"),
        ("姓名", "寮犱笁", "bytes_damaged"),
        ("姓名", "锟斤拷", "bytes_damaged"),
        ("姓名", "丁一禾&nbsp;", "ok"),
        ("姓名", "&#19969;一禾", "ok"),
        ("内容", "棉被&amp;枕头", "ok"),
        ("内容", "急用_x000D_\n明天要", "ok"),
        ("身份证号", "4.41901E+17", "value_rewritten"),
        ("身份证号", "441999195505055000", "value_rewritten"),
        ("身份证号", "441999195505055557.0", "ok"),
        ("编号", "1月2日", "value_rewritten"),
        ("编号", "2-Jan", "value_rewritten"),
        ("编号", "Jan-26", "value_rewritten"),
        ("编号", "1E+03", "value_rewritten"),
        ("村居", "4.419E+11", "village_unknown"),
        ("金额", "1.00E+03", "amount_abbreviated"),
        ("金额", "(200.00)", "amount_signed"),
        ("金额", "200-", "amount_signed"),
        ("金额", "2026-01-05", "amount_wrong"),
        ("金额", "20000%", "amount_wrong"),
        ("金额", "￥ 1,234.00 ", "ok"),
        ("金额", "200.00000000000003", "ok"),
        ("金额", "199.99999999999997", "ok"),
        ("金额", "TRUE", "amount_wrong"),
        ("金额", "=200", "amount_wrong"),
    ],
)
def test_what_a_program_did_to_a_cell_is_undone_or_refused(
    header: str, text: str, outcome: str
) -> None:
    assert judge(write_cell(header, text)) == [outcome]


@pytest.mark.parametrize(
    ("header", "text", "stored"),
    [
        ("姓名", "丁一禾&nbsp;", "丁一禾"),
        ("姓名", "&#19969;一禾", "丁一禾"),
        ("内容", "棉被&amp;枕头", "棉被&枕头"),
        ("内容", "急用_x000D_\n明天要", "急用\n明天要"),
    ],
)
def test_what_is_undone_is_as_it_was(header: str, text: str, stored: str) -> None:
    (row,) = read(write_cell(header, text))
    assert isinstance(row, SheetRequest)
    assert stored == (row.request.applicant.name if header == "姓名" else row.request.text)


BIG5 = (
    "姓名,手機,類別,困難類別,鎮街,內容,金額\n陳大文,13800138000,生活物資,低保,茶山鎮,棉被兩張,200\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030", "big5", "big5hkscs"])
def test_a_sheet_from_hong_kong_is_read_in_its_encoding(encoding: str) -> None:
    (row,) = read(BIG5.encode(encoding))
    assert isinstance(row, SheetRequest)
    assert (row.request.applicant.name, row.request.text) == ("陳大文", "棉被兩張")
    assert row.request.area.town_code == "441900103"


def test_pieces_of_two_encodings_cost_their_rows_alone() -> None:
    content = (H + DING).encode() + FANG.encode("gb18030") + DING.replace("丁", "甘").encode()
    assert judge(content) == ["ok", "bytes_damaged", "ok"]


# --- columns at the side ---


@pytest.mark.parametrize(
    ("header", "text", "said"),
    [
        ("身份证号", "441999********5557", "证件：441999********5557"),
        ("身份证号", "441999550505555", "证件：441999550505555"),
        ("身份证号", "H12345678", "证件：H12345678"),
        ("身份证号", "港澳身份证 R123456(7)", "证件：港澳身份证 R123456(7)"),
        ("身份证号", "44199919550505555", "证件：44199919550505555"),
        ("身份证号", "441900199001287000", "证件：441900199001287000"),
        ("身份证号", "未办理", ""),
        ("身份证号", "不详", ""),
        ("身份证号", "441999195505055557（本人）", ""),
        ("电话归属", "女儿", ""),
        ("电话归属", "家属（女儿）", ""),
        ("电话归属", "本人手机", ""),
        ("电话归属", "老伴", ""),
        ("电话归属", "邻居", ""),
        ("电话归属", "村干部", ""),
        ("电话归属", "房东的", ""),
        ("电话归属", "说不清", "电话归属：说不清"),
        ("户号", "3E5", None),
        ("户号", "1月2日", None),
        ("收集人", "1.0E+05", None),
        ("渠道", "微信群", None),
        ("渠道", "其他", None),
        ("渠道", "村委", ""),
        ("渠道", "网格员", ""),
        ("类型", "个人", ""),
        ("类型", "求助", ""),
        ("村居", "不详", ""),
        ("村居", "超朗村/茶山村", "村（居）：超朗村/茶山村"),
        ("备注", "长" * 5_000, "备注：长"),
        ("备注", "=1+1", "备注：=1+1"),
        ("地址", "茶" * 600, "住址：茶"),
        ("家庭住址", "南社村3巷5号", "住址：南社村3巷5号"),
        ("星座", "白羊", ""),
        ("状态", "进行中", ""),
        ("币种", "人民币", ""),
    ],
)
def test_a_column_at_the_side_costs_nobody_his_request(
    header: str, text: str, said: str | None
) -> None:
    """said: what of it stands in the text for who judges; None where it is left out and said."""
    content = write_cell(header, text)
    assert judge(content) == ["ok"]
    (row,) = read(content)
    assert isinstance(row, SheetRequest)
    assert (said or "") in row.request.text
    left_out = [remark.code for remark in row.remarks]
    is_dropped = said is None or said.startswith(("证件", "电话归属"))
    assert left_out == (["value_dropped"] if is_dropped else [])


def test_a_class_may_be_given_for_all_rows_of_a_sheet() -> None:
    """On the import page, where the sheet has no such column."""
    content = "姓名,手机,类别,镇街,内容,金额\n丁一禾,13800138000,生活物资,茶山镇,棉被,200\n"
    reading = SheetReading(constants={"class": "subsistence"})
    (row,) = read_requests(content.encode(), Channel.COMMITTEE, reading=reading)
    assert isinstance(row, SheetRequest)
    assert (row.request.beneficiary_class, row.request.text) == ("subsistence", "棉被")


@pytest.mark.parametrize(
    ("word", "owner"),
    [
        ("女儿", "family"),
        ("本人手机", "own"),
        ("邻居", "collector"),
        ("监护人", "guardian"),
        ("楼下小卖部", "collector"),  # not his: a “1” from there would pay for his help
    ],
)
def test_whose_a_phone_is_may_be_said_in_any_word(word: str, owner: str) -> None:
    (row,) = read(write_cell("电话归属", word))
    assert isinstance(row, SheetRequest)
    assert row.request.applicant.contact_of == owner


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        ("0769-86640000", "联系电话：0769-86640000"),
        ("76986640000", "联系电话：76986640000"),
        ("固话：86640000", "联系电话：固话：86640000"),
        ("（0769）86640000转8", "联系电话：（0769）86640000转8"),
        ("00852-91234567", "联系电话：00852-91234567"),
        ("没有手机", ""),
        ("本人无电话", ""),
    ],
)
def test_who_has_no_mobile_is_reached_by_his_collector(phone: str, words: str) -> None:
    content = write_cell("手机", phone).splitlines()
    (row,) = read(f"{content[0]},收集人\n{content[1]},C-07\n")
    assert isinstance(row, SheetRequest)
    assert row.request.applicant.phone is None
    assert words in row.request.text
    assert not find_problems(RULES, row.request)
