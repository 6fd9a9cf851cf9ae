"""How many of a thing, in every way in which phones and people write it."""

import pytest

from services.intake.channels.spoken_counts import fold_counts
from services.intake.channels.text import Draft, understand


@pytest.mark.parametrize(
    "written",
    [
        *("2 轮椅", "2轮椅", "两轮椅", "我要两轮椅", "需要2轮椅", "家里需要2 轮椅", "2 x 轮椅"),
        *("轮椅x2", "轮椅X2", "轮椅*2", "轮椅×2", "轮椅 x 2", "轮椅2", "轮椅 2", "轮椅两"),
        *("轮椅：2", "轮椅(2)", "轮椅（2）", "轮椅 数量2", "轮椅数量：2辆", "轮椅2辆", "两辆轮椅"),
        *("求轮椅 2辆", "轮椅，2辆", "2辆 轮椅", "想要轮椅x2 茶山镇", "轮椅 2 茶山镇 张三"),
    ],
)
def test_two_of_a_thing_are_two(written: str) -> None:
    draft = understand(written)
    assert isinstance(draft, Draft)
    assert draft.need is not None
    assert (draft.need.quantity, draft.need.unit, draft.need.item) == (2, "辆", "轮椅")
    assert not draft.others


@pytest.mark.parametrize(
    ("written", "unit"),
    [("两张轮椅", "张"), ("轮椅 2部", "部"), ("2台 轮椅", "台"), ("轮椅x2架", "架")],
)
def test_the_measure_is_the_writers(written: str, unit: str) -> None:
    draft = understand(written)
    assert isinstance(draft, Draft)
    assert draft.need is not None
    assert (draft.need.quantity, draft.need.unit) == (2, unit)


@pytest.mark.parametrize(
    "written", ["轮椅2.茶山镇", "轮椅2,茶山镇", "轮椅1、助听器2", "轮椅2,13800138000"]
)
def test_a_sign_that_no_figure_follows_ends_the_number(written: str) -> None:
    assert fold_counts(written) != written


@pytest.mark.parametrize("written", ["求轮椅 2,000元，虎门镇，张三", "想要轮椅2,500元，茶山镇"])
def test_a_sum_with_a_comma_is_a_sum(written: str) -> None:
    draft = understand(written)
    assert isinstance(draft, Draft)
    fen = [need.quantity for each in draft.list_each() if (need := each.need) and need.is_money]
    things = [need.quantity for each in draft.list_each() if (need := each.need) and need.item]
    assert (fen, things) in (([200_000], [1]), ([250_000], [1]))
    assert "what" in draft.missing


def test_each_of_several_has_its_number() -> None:
    draft = understand("想要2轮椅和3棉被")
    assert isinstance(draft, Draft)
    found = [each.need for each in draft.list_each()]
    assert sorted((n.item, n.quantity) for n in found if n) == [("棉被", 3), ("轮椅", 2)]


@pytest.mark.parametrize(
    "written",
    [
        *(
            "轮椅 2楼",
            "轮椅 2 楼",
            "轮椅 2024年坏了",
            "轮椅2个月前坏了",
            "轮椅 3栋2单元",
            "第2轮椅",
        ),
        *("三轮车", "电话13800138000 轮椅", "轮椅 13800138000", "轮椅 200元", "轮椅坏了2次"),
        *("老二轮椅坏了", "3床棉被", "棉被、2袋大米", "5袋米2桶油", "轮椅 三楼", "学费 200", "2床"),
        *("求轮椅 2,000元,虎门镇,张三", "想要轮椅2,500元,茶山镇,张三", "求轮椅共2,000元 茶山镇"),
        *("需要助听器1.2万 茶山镇", "申请轮椅:1,200元", "求助听器8,000 茶山镇", "求书包2、3个"),
    ],
)
def test_a_number_of_something_else_stays(written: str) -> None:
    assert fold_counts(written) == written
