"""Several things that are asked for in one message."""

import re

import pytest

from services.intake.channels.text import Draft, understand


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("5袋米2桶油 茶山镇", "2桶油 5袋米"),
        ("一箱牛奶，一袋米 茶山镇", "1箱牛奶 1袋米"),
        ("大米10斤食用油一桶 麻涌镇", "10斤大米 1桶食用油"),
        ("2床被子和一袋米", "1袋米 2床被子"),
        ("给我妈要轮椅,还要3000块看病", "300000fen medical 1辆轮椅"),
        ("要一床棉被还要一个电饭锅", "1床棉被 1个电饭锅"),
        ("一台轮椅和500元", "50000fen None 1台轮椅"),
    ],
)
def test_of_two_things_none_is_left_out(text: str, wishes: str) -> None:
    """Each becomes a request of its own; what the money is for is asked where it is not said."""
    draft = understand(text)
    assert isinstance(draft, Draft)
    found = []
    for each in draft.list_each():
        assert each.need is not None
        purpose = f" {each.category}" if each.need.is_money else ""
        found.append(f"{each.need.quantity}{each.need.unit}{each.need.item}{purpose}")
    assert sorted(found) == sorted(re.findall(r"\S+fen \S+|\S+", wishes))
    assert ("what" in draft.missing) is ("None" in wishes)


@pytest.mark.parametrize("text", ["棉被2床，要3床棉被", "棉被2床，棉被子1条，茶山镇"])
def test_one_thing_that_is_said_twice_is_asked_about(text: str) -> None:
    draft = understand(text)
    assert not isinstance(draft, Draft) or draft.need is None


@pytest.mark.parametrize(
    "written",
    [
        "每月药费800元，想要轮椅1辆，茶山镇，张三",
        "妈妈住院欠了5000元，求轮椅1辆，茶山镇，张三",
        "每月低保800元，想要一辆轮椅，茶山镇，张三",
    ],
)
def test_what_one_has_or_owes_is_no_wish_beside_a_thing(written: str) -> None:
    understood = understand(written)
    assert "800" not in repr(understood)
    assert "5000" not in repr(understood)
