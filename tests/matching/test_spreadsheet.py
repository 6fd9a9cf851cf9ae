"""Spreadsheets of offers: Chinese or English, money in yuan, wrong rows said with their reason."""

import pytest

from services.matching.spreadsheet import RefusedRow, Row, read
from shared.contracts.events import OfferSubmitted
from shared.errors import Invalid
from shared.towns import towns

CODES = {name: code for code, name in towns().items()}
CHINESE = """名称,电话,单位,数量,物品,类别,困难类别,镇街,每户上限,基金
茶园商会,+8613800000001,元,"11,361.50",,配餐、助学,低保;特困,441900101,500,fund-warm
粮油店,+8613800000002,袋,20,大米,,,,,
"""


def rows(text: str, encoding: str = "utf-8") -> list[Row | RefusedRow]:
    return list(read(text.encode(encoding)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_table_becomes_offers_in_fen(encoding: str) -> None:
    money, goods = rows(CHINESE, encoding)
    assert isinstance(money, Row)
    assert isinstance(goods, Row)
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
    assert isinstance(row, Row), row
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
    assert len({row.key for row in first if isinstance(row, Row)}) == 2


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
