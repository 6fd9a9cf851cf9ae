"""The public menu says how many and where, and nothing of anybody."""

from decimal import Decimal

from services.matching.pages.public_menu import (
    SUM_OF_MIN,
    build_menu_sheet,
    list_towns,
    render_public_menu,
)
from services.matching.store import OpenSum
from tests.support.readers import make_reader

CHASHAN, DONGCHENG = "441900103", "441900003"


def render(sums: list[OpenSum], category: str = "", town: str = "") -> str:
    return bytes(render_public_menu(make_reader(), sums, category, town, "12345").body).decode()


def test_counts_are_by_town_and_category() -> None:
    sums = [OpenSum(CHASHAN, "meals", 4, 0, 0), OpenSum(CHASHAN, "medical", 2, 0, 0)]
    page = render([*sums, OpenSum(DONGCHENG, "meals", 1, 0, 0)])
    assert "<strong>7</strong>" in page
    assert page.index("<strong>茶山镇<") < page.index("<strong>东城街道<")
    assert "<strong>4</strong>" in render(sums, "meals", CHASHAN)
    assert "现在没有符合的" in render(sums, "meals", DONGCHENG)


def test_a_sum_of_money_is_of_several_requests_or_is_not_said() -> None:
    few = OpenSum(CHASHAN, "medical", SUM_OF_MIN - 1, SUM_OF_MIN - 1, 123_456)
    assert "1,234.56" not in render([few])
    assert "1,234.56" in render([OpenSum(CHASHAN, "medical", 3, SUM_OF_MIN, 123_456)])


def test_a_workbook_has_the_same_sums_and_hides_the_same() -> None:
    few = OpenSum(CHASHAN, "medical", SUM_OF_MIN - 1, SUM_OF_MIN - 1, 123_456)
    many = OpenSum(DONGCHENG, "medical", 3, SUM_OF_MIN, 123_456)
    rows = [tuple(row) for row in build_menu_sheet(list_towns([few, many])).rows]
    assert rows[1:] == [
        ("东城街道", "医疗救助", 3, None),
        ("东城街道", "合计", 3, Decimal("1234.56")),
        ("茶山镇", "医疗救助", SUM_OF_MIN - 1, None),
        ("茶山镇", "合计", SUM_OF_MIN - 1, None),
    ]


def test_an_unknown_town_is_the_citys_and_an_unknown_category_is_another() -> None:
    page = render([OpenSum("330106000", "meals", 1, 0, 0), OpenSum("441900000", "alien", 2, 0, 0)])
    assert "<strong>全市</strong>" in page
    assert "330106" not in page
    assert "其他" in page


def test_the_map_has_every_town_that_has_a_middle_and_no_address_of_another() -> None:
    page = render([OpenSum(CHASHAN, "meals", 4, 0, 0)])
    assert page.count("<circle") >= 32
    assert "://" not in page
