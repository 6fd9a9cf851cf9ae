"""Spreadsheets of offers: Chinese or English, money in yuan, wrong rows said with their reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.spreadsheet import SheetOffer, read_offers
from shared.contracts.events import OfferSubmitted
from shared.errors import Invalid
from shared.sheets import RefusedRow
from shared.towns import load_towns

CODES = {name: code for code, name in load_towns().items()}
CHINESE = """名称,电话,单位,数量,物品,类别,困难类别,镇街,每户上限,基金
茶园商会,+8613800000001,元,"11,361.50",,配餐、助学,低保;特困,441900101,500,fund-warm
粮油店,+8613800000002,袋,20,大米,,,,,
"""


def rows(text: str, encoding: str = "utf-8") -> list[SheetOffer | RefusedRow]:
    return list(read_offers(text.encode(encoding)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_table_becomes_offers_in_fen(encoding: str) -> None:
    money, goods = rows(CHINESE, encoding)
    assert isinstance(money, SheetOffer)
    assert isinstance(goods, SheetOffer)
    assert money.giver == {"name": "茶园商会", "phone": "+8613800000001"}
    assert money.offer == {
        "unit": "fen",
        "quantity": 1_136_150,
        "cap_per_request": 50_000,
        "fund_id": "fund-warm",
        "categories": ["meals", "education"],
        "beneficiary_classes": ["subsistence", "extreme_poverty"],
        "town_codes": ["441900101"],
    }
    assert (goods.offer["unit"], goods.offer["quantity"], goods.offer["item"]) == ("袋", 20, "大米")


FULL = """名称,电话,单位,数量,捐赠方类型,给予方式,镇街,村(社区),中心位置,服务半径(公里),\
同时服务上限,专项行动,有效期自,有效期至,对接方式,显示姓名
茶园商会,+8613800000001,小时,200,社会组织,志愿服务,茶山镇、石排,441900101001,88411c2dc5fffff,5,3,\
warm-2026,2026-01-20,2026-12-31,均可,是
"""


def test_every_column_of_an_offer_is_read() -> None:
    [row] = rows(FULL)
    assert isinstance(row, SheetOffer), row
    assert row.offer == {
        "unit": "小时",
        "quantity": 200,
        "donor_kind": "social_organisation",
        "giving": "hours",
        "town_codes": [CODES["茶山镇"], CODES["石排镇"]],
        "village_codes": ["441900101001"],
        "base": "88411c2dc5fffff",
        "radius_km": 5,
        "cases_max": 3,
        "campaign_id": "warm-2026",
        "valid_from": "2026-01-20T00:00:00+08:00",
        "valid_until": "2027-01-01T00:00:00+08:00",
        "mode": "both",
        "name_shown": "true",
    }
    said = OfferSubmitted.model_validate(row.offer | {"donor_id": "P-1"})
    assert said.name_shown is True


def test_same_row_has_the_same_key_and_another_row_another() -> None:
    first, again = rows(CHINESE), rows(CHINESE)
    assert first == again
    assert len({row.key for row in first if isinstance(row, SheetOffer)}) == 2


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ("店,+8613800000002,袋,0", "quantity"),
        ("店,+8613800000002,元,1.005", "quantity"),
        ("店,+8613800000002,元,许多", "quantity"),
        ("店,138,袋,1", "phone"),
        (",+8613800000002,袋,1", "name"),
    ],
)
def test_wrong_row_says_its_line_and_field(cells: str, field: str) -> None:
    [refused] = rows(f"name,phone,unit,quantity\n{cells}\n")
    assert isinstance(refused, RefusedRow)
    assert refused.line == 2
    assert [problem.field for problem in refused.problems] == [field]


def test_table_of_something_else_is_refused_whole() -> None:
    with pytest.raises(Invalid):
        rows("a,b\n1,2\n")


# --- as people write ---

SHORT = "名称,电话,单位,数量\n"


@pytest.mark.parametrize("phone", ["138 0013 8000", "（86）13800138000", "'13800138000"])
def test_a_phone_is_read_as_donors_write_it(phone: str) -> None:
    (row,) = rows(f"{SHORT}茶山商会,{phone},元,50000\n")
    assert isinstance(row, SheetOffer)
    assert row.giver["phone"] == "+8613800138000"


@pytest.mark.parametrize("phone", ["138****8000", "0769-22830000"])
def test_a_number_that_gets_no_sms_costs_the_number_and_it_is_said(phone: str) -> None:
    (row,) = rows(f"{SHORT}茶山商会,{phone},元,50000\n")
    assert isinstance(row, SheetOffer)
    assert row.giver == {"name": "茶山商会"}
    assert [problem.code for problem in row.remarks] == ["value_dropped"]


def test_a_word_for_no_phone_is_none() -> None:
    (row,) = rows(f"{SHORT}茶山商会,无,元,50000\n")
    assert isinstance(row, SheetOffer)
    assert (row.giver, row.remarks) == ({"name": "茶山商会"}, ())


@pytest.mark.parametrize(
    ("unit", "quantity", "fen"),
    [("元", "300万元", 300_000_000), ("万元", "5", 5_000_000), ("元", "￥200", 20_000)],
)
def test_money_is_read_as_people_write_it(unit: str, quantity: str, fen: int) -> None:
    (row,) = rows(f"{SHORT}茶山商会,,{unit},{quantity}\n")
    assert isinstance(row, SheetOffer)
    assert (row.offer["unit"], row.offer["quantity"]) == ("fen", fen)


@pytest.mark.parametrize("moment", ["20271201", "46722", "昨天"])
@pytest.mark.parametrize("column", ["有效期自", "有效期至"])
def test_a_bare_number_is_no_day(column: str, moment: str) -> None:
    (row,) = rows(f"{SHORT.strip()},{column}\n茶山商会,,元,50000,{moment}\n")
    assert isinstance(row, RefusedRow)
    assert [problem.code for problem in row.problems] == ["moment_wrong"]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("茶山商会,+8613800000002,元,50,000", "cells_surplus"),
        ('店,,床,"1,5"', "quantity_wrong"),
        ('店,,元,"200,50"', "amount_wrong"),
        ("店,,元,2E+05", "amount_abbreviated"),
        ("店,,元,US$100", "currency_foreign"),
    ],
)
def test_a_number_that_means_two_things_is_refused(cells: str, code: str) -> None:
    (row,) = rows(f"{SHORT}{cells}\n")
    assert isinstance(row, RefusedRow)
    assert [problem.code for problem in row.problems] == [code]


def test_an_unknown_town_is_said() -> None:
    (row,) = rows(f"{SHORT.strip()},镇街\n店,,床,1,茶山镇、火星镇\n")
    assert isinstance(row, RefusedRow)
    assert [problem.code for problem in row.problems] == ["town_unknown"]


def test_items_and_units_are_folded_before_they_are_compared() -> None:
    (row,) = rows("名称,单位,数量,物品\n店, 床　,2,Ａ4纸 \n")
    assert isinstance(row, SheetOffer)
    assert (row.offer["unit"], row.offer["item"]) == ("床", "A4纸")


def test_titles_totals_and_repeated_columns() -> None:
    (row,) = rows(f"茶山镇爱心资源汇总表,,,\n{SHORT}店,,元,5\n合计,,,5\n")
    assert (type(row), row.line) == (SheetOffer, 3)
    with pytest.raises(Invalid):
        rows("名称,电话,手机,单位,数量\n店,1,2,元,5\n")


@given(st.one_of(st.binary(max_size=300), st.text(max_size=99).map(lambda t: (SHORT + t).encode())))
def test_any_bytes_are_offers_or_refused(content: bytes) -> None:
    try:
        found = list(read_offers(content))
    except Invalid:
        return
    assert all(isinstance(row, SheetOffer | RefusedRow) for row in found)
