"""Which thing a row of a sheet wishes for, where the columns do not say it."""

import pytest

from tests.intake.sheets import GOOD, good, refused


@pytest.mark.parametrize(
    ("text", "quantity", "unit", "item"),
    [
        ("棉被", "2床", "", ("棉被", "床", 2)),
        ("想要一台电风扇", "1台", "", ("电风扇", "台", 1)),
        ("想要一台电风扇", "1", "", ("电风扇", "台", 1)),
        ("腿脚不便坐轮椅，想要棉被过冬", "2", "床", ("棉被", "床", 2)),
        ("家庭保洁", "1次", "", ("生活物资", "次", 1)),
        ("独居老人", "2床", "", ("生活物资", "床", 2)),
    ],
)
def test_a_wish_that_is_only_told_in_prose_is_what_donors_read(
    text: str, quantity: str, unit: str, item: tuple[str, str, int]
) -> None:
    row = {k: v for k, v in GOOD.items() if k not in ("金额", "内容")}
    row |= {"心愿内容": text, "数量": quantity, "单位": unit}
    need = good(row).request.need
    assert (need.item, need.unit, need.quantity) == item


@pytest.mark.parametrize(("text", "quantity"), [("棉被和毛毯", "2床"), ("轮椅", "2床")])
def test_a_wish_that_prose_does_not_say_clearly_is_asked_for(text: str, quantity: str) -> None:
    row = {k: v for k, v in GOOD.items() if k not in ("金额", "内容")}
    problems = refused(row | {"心愿内容": text, "数量": quantity}).problems
    assert [(each.code, each.field) for each in problems] == [("value_missing", "item")]


@pytest.mark.parametrize("text", ["不需要轮椅了，想要人陪着说说话", "上次送的轮椅坏了请来修"])
def test_a_thing_that_prose_only_mentions_is_no_wish(text: str) -> None:
    row = {k: v for k, v in GOOD.items() if k not in ("金额", "内容")}
    assert refused(row | {"心愿内容": text, "数量": "1"}).problems


def test_the_catalogue_knows_the_unit_of_a_thing() -> None:
    row = {k: v for k, v in GOOD.items() if k != "金额"} | {"物品": "轮椅", "数量": "1"}
    need = good(row).request.need
    assert (need.item, need.unit, need.quantity) == ("轮椅", "台", 1)
    problems = refused(row | {"物品": "毛笔"}).problems
    assert [(each.code, each.field) for each in problems] == [("value_missing", "unit")]
