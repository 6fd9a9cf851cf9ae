"""Spreadsheets of offers: Chinese or English, money in yuan, wrong rows said with their reason."""

import pytest

from services.matching.spreadsheet import RefusedRow, Row, read
from shared.errors import Invalid

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
