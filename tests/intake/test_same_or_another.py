"""Whether two rows, written twice, are one row, and whether two names are one person.

Each pair was judged before it was tried. The people are invented.
"""

import pytest

from services.intake.vault.persons import derive_name_id
from services.matching.spreadsheet import SheetOffer, read_offers
from tests.intake.builders import VAULT
from tests.intake.sheets import GOOD, good, table

GOODS = {k: v for k, v in GOOD.items() if k != "金额"} | {"物品": "棉被", "数量": "2", "单位": "床"}
NUMBERED = GOOD | {"编号": "7", "村居": "超朗村", "收集人": "C-07"}


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        (GOOD, {"金额": "200.5"}),
        (GOOD, {"金额": "￥200.50"}),
        (GOOD, {"金额": "200.50元"}),
        (GOOD, {"金额": " ２００.５０ "}),
        (GOOD, {"手机": "13800138000"}),
        (GOOD, {"手机": "+86 138-0013-8000"}),
        (GOOD, {"手机": "13800138000.0"}),
        (GOOD, {"姓名": "张　三"}),
        (GOOD, {"姓名": "張三"}),
        (GOOD, {"姓名": " 张三\u200b"}),
        (GOOD, {"类别": "物资"}),
        (GOOD, {"类别": "supplies"}),
        (GOOD, {"困难类别": "低保户"}),
        (GOOD, {"镇街": "茶山"}),
        (GOOD, {"镇街": "东莞市茶山镇"}),
        (GOOD, {"镇街": "441900103"}),
        (GOOD, {"内容": "棉 被"}),
        (GOOD, {"内容": "棉被 "}),
        (GOOD, {"备注": "改过了"}),
        (GOOD, {"家庭住址": "南社村3巷5号"}),
        (GOOD, {"币种": "人民币"}),
        (GOOD, {"星座": "白羊"}),
        (GOOD, {"户号": ""}),
        (GOOD | {"村居": "超朗村"}, {"村居": "超朗"}),
        (GOOD | {"村居": "超朗村"}, {"村居": "441900103215"}),
        (GOOD | {"村居": "超朗村"}, {"村居": "茶山镇超朗村委会"}),
        (GOODS, {"物品": "棉被　"}),
        (GOODS, {"数量": "２"}),
        (NUMBERED, {"金额": "300"}),
        (NUMBERED, {"手机": "13900139000"}),
        (NUMBERED, {"姓名": "张 三"}),
        (NUMBERED, {"村居": "超朗"}),
        (NUMBERED, {"内容": "两床棉被"}),
    ],
)
def test_a_row_that_is_written_otherwise_is_the_same(
    row: dict[str, str], changed: dict[str, str]
) -> None:
    assert good(row).key == good(row | changed).key


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        (GOOD, {"金额": "205"}),
        (GOOD, {"手机": "13800138001"}),
        (GOOD, {"姓名": "张四"}),
        (GOOD, {"类别": "助学"}),
        (GOOD, {"镇街": "石排镇"}),
        (GOOD, {"内容": "枕头"}),
        (GOOD, {"村居": "超朗村"}),
        (GOOD | {"村居": "超朗村"}, {"村居": "南社村"}),
        (GOOD | {"村居": "某某村"}, {"村居": "别的村"}),
        (GOOD, {"户号": "7"}),
        (GOODS, {"数量": "3"}),
        (GOODS, {"单位": "张"}),
        (GOODS, {"物品": "毛毯"}),
        (NUMBERED, {"编号": "8"}),
        (NUMBERED, {"姓名": "张四"}),
        (NUMBERED, {"村居": "南社村"}),
        (NUMBERED, {"收集人": "C-08"}),
    ],
)
def test_a_row_that_says_something_else_is_another(
    row: dict[str, str], changed: dict[str, str]
) -> None:
    assert good(row).key != good(row | changed).key


def test_the_headers_of_a_column_change_no_row() -> None:
    renamed = {("联系电话" if k == "手机" else k): text for k, text in GOOD.items()}
    assert good(renamed).key == good(GOOD).key


OFFER = {
    "名称": "茶山商会",
    "电话": "13800138002",
    "单位": "元",
    "数量": "50,000",
    "镇街": "茶山镇",
}


def offer(row: dict[str, str]) -> SheetOffer:
    (found,) = read_offers(table(row))
    assert isinstance(found, SheetOffer)
    return found


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ({"数量": "50000"}, True),
        ({"电话": "+86 138 0013 8002"}, True),
        ({"名称": "茶山商会　"}, True),
        ({"镇街": "茶山"}, True),
        ({"数量": "5,000"}, False),
        ({"名称": "石排商会"}, False),
        ({"镇街": "石排镇"}, False),
        ({"电话": "13800138003"}, False),
        ({"备注": "第二批"}, False),
    ],
)
def test_an_offer_that_is_written_otherwise_is_the_same(
    changed: dict[str, str], is_same: bool
) -> None:
    assert (offer(OFFER).key == offer(OFFER | changed).key) is is_same


@pytest.mark.parametrize(
    ("name", "other", "is_same"),
    [
        ("张三", "张　三", True),
        ("张三", "张三\u200b", True),
        ("ZHANG SAN", "Zhang San", True),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提 ", True),
        ("欧阳 小满", "欧阳小满", True),
        ("张三", "张四", False),
        ("张三", "张三丰", False),
        ("张三", "张 三 丰", False),
    ],
)
def test_a_name_is_the_same_however_it_is_spaced(name: str, other: str, is_same: bool) -> None:
    assert (derive_name_id(VAULT, name) == derive_name_id(VAULT, other)) is is_same
