"""Spreadsheets: what is a request becomes one, what is none says why and where."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.spreadsheet import RefusedRow, Row, read
from services.intake.rules import Rules, problems_of
from shared.contracts.values import Channel, Need
from shared.errors import Invalid

REAL = Path(__file__).parents[3] / "shared/data/wuhan2020/hospital_need_events.csv"
GOOD = {
    "姓名": "张三",
    "手机": "138 0013 8000",
    "类别": "生活物资",
    "困难类别": "低保",
    "金额": "200.50",
    "镇街": "茶山镇",
    "内容": "棉被",
}


def table(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def rows_of(*rows: dict[str, str], encoding: str = "utf-8") -> list[Row | RefusedRow]:
    return list(read(table(*rows, encoding=encoding), Channel.SPREADSHEET))


def good(row: dict[str, str]) -> Row:
    (found,) = rows_of(row)
    assert isinstance(found, Row)
    return found


def refused(row: dict[str, str]) -> RefusedRow:
    (found,) = rows_of(row)
    assert isinstance(found, RefusedRow)
    return found


def test_chinese_headers_and_words_become_a_request() -> None:
    request = good(GOOD).request
    assert request.need == Need(unit="fen", quantity=20_050)
    assert request.applicant.phone == "+8613800138000"
    assert (request.category, request.beneficiary_class) == ("supplies", "subsistence")
    assert request.area.town_code == "441900103"
    assert problems_of(Rules(), request) == ()


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
    assert isinstance(found, Row)
    assert found.request.applicant.name == "张三"


def test_goods_have_item_quantity_and_unit() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"}
    row |= {"物品": "棉被", "数量": "2", "单位": "床"}
    assert good(row).request.need == Need(unit="床", quantity=2, item="棉被")


def test_a_village_by_name_stays_readable() -> None:
    assert "超朗村" in good(GOOD | {"村居": "超朗村"}).request.text
    coded = good(GOOD | {"村居": "441900103001", "镇街": ""}).request
    assert coded.area.village_code == "441900103001"
    assert coded.area.town_code == "441900103"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("金额", "abc", "not_an_amount"),
        ("金额", "1.001", "not_an_amount"),
        ("金额", "-5", "not_an_amount"),
        ("金额", "NaN", "not_an_amount"),
        ("手机", "1.38E+10", "not_a_mobile"),
        ("镇街", "火星镇", "unknown_town"),
        ("类别", "什么", "unknown_word"),
        ("困难类别", "", "missing"),
        ("姓名", "", "missing"),
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
    assert [type(row) for row in found] == [Row, RefusedRow, Row]
    assert [row.line for row in found] == [2, 3, 4]


def test_the_same_row_has_the_same_key_and_another_one_another() -> None:
    assert good(GOOD).key == good(dict(reversed(GOOD.items()))).key
    assert good(GOOD).key == good(GOOD | {"原因": "写错了"}).key
    assert good(GOOD).key != good(GOOD | {"金额": "201"}).key


def test_a_number_of_its_own_is_the_key() -> None:
    one, other = GOOD | {"编号": "7"}, GOOD | {"编号": "7", "金额": "9"}
    assert good(one).key == good(other).key
    assert good(one).key != good(GOOD | {"编号": "8"}).key


def test_the_channel_is_part_of_the_key() -> None:
    (row,) = read(table(GOOD), Channel.HOTLINE)
    assert isinstance(row, Row)
    assert row.key != good(GOOD).key
    assert row.request.channel is Channel.HOTLINE


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\xff\xfe\x00\x01"])
def test_what_is_no_table_of_requests_is_refused_whole(content: bytes) -> None:
    with pytest.raises(Invalid):
        list(read(content, Channel.SPREADSHEET))


@given(st.lists(st.fixed_dictionaries({name: st.text(max_size=12) for name in GOOD}), max_size=4))
def test_whatever_the_cells_hold_every_row_is_answered(rows: list[dict[str, str]]) -> None:
    if rows:
        kept = [row for row in rows if any(row.values())]
        content = table(*rows)
        try:
            found = list(read(content, Channel.SPREADSHEET))
        except Invalid:
            return
        assert len(found) >= len(kept)


def hospital(**changed: str) -> dict[str, str]:
    row = {
        "time": "2020-02-01T01:59:21+08:00",
        "commit": "a692b59dfc",
        "city_pinyin": "wuhanshi",
        "hospital": "某医院",
        "field": "需求:防护服",
        "old": "",
        "new": "1",
        "op": "set",
    }
    return row | changed


def test_a_hospitals_need_is_a_project_of_its_city() -> None:
    request = good(hospital(new="5000")).request
    assert request.kind == "project"
    assert request.need == Need(unit="件", quantity=5000, item="防护服")
    assert request.area.town_code == "420100000"
    assert request.applicant.name == "某医院"
    assert problems_of(Rules(), request) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"new": "0"},
        {"new": ""},
        {"new": "None"},
        {"new": "<tel>"},
        {"op": "remove", "new": ""},
        {"field": "审核状态", "new": "通过"},
        {"city_pinyin": "atlantis"},
    ],
)
def test_a_hospitals_row_that_is_no_need_says_so(changed: dict[str, str]) -> None:
    assert refused(hospital(**changed)).problems


def test_the_real_hospital_file_is_read_to_the_last_row() -> None:
    if not REAL.exists():
        pytest.skip(f"the real data is not here: {REAL}")
    found = list(read(REAL.read_bytes(), Channel.SPREADSHEET))
    with REAL.open(encoding="utf-8", newline="") as file:
        raw = list(csv.DictReader(file))
    needed = [
        r
        for r in raw
        if r["field"].startswith("需求:") and r["new"].isdigit() and int(r["new"]) >= 1
    ]
    assert len(found) == len(raw)
    kinds = Counter(type(row).__name__ for row in found)
    assert kinds["Row"] == len(needed)
    assert all(problems_of(Rules(), row.request) == () for row in found if isinstance(row, Row))
