"""Villages as people write them become the village, or nothing where several are called so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.towns import CITY_WIDE, load_towns
from shared.villages import (
    find_village,
    find_villages_in,
    format_place,
    load_villages,
    village_name,
)

CHASHAN, ZENGBU = "441900103", "441900103206"
DONGCHENG, DONGTAI = "441900003", "441900003003"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "增埗村",
            "增埗",
            " 增埗 村 ",
            "增埗村委会",
            "增埗村村民委员会",
            "茶山镇增埗村",
            "茶山增埗",
        ),
        "东莞市茶山镇增埗村委",
    ],
)
def test_a_village_is_found_however_it_is_called(text: str) -> None:
    assert find_village(text, CHASHAN) == ZENGBU
    assert find_village(text) == find_village(text, CITY_WIDE) == ZENGBU


@pytest.mark.parametrize("text", ["东泰社区", "东泰", "东泰居委会", "东城街道东泰社区居民委员会"])
def test_a_community_is_found(text: str) -> None:
    assert find_village(text, DONGCHENG) == DONGTAI


def test_of_several_with_one_name_none_is_guessed() -> None:
    assert find_village("上元村") is None
    assert village_name(find_village("上元村", CHASHAN)) == "上元村"


@pytest.mark.parametrize("text", ["", "村", "增埗路3号", "不知道", "茶山镇", "社区"])
def test_what_is_no_village_is_none(text: str) -> None:
    assert find_village(text) is None


def test_a_village_of_another_town_is_not_found() -> None:
    assert find_village("增埗村", DONGCHENG) is None


def test_villages_in_a_text() -> None:
    [(name, codes)] = find_villages_in("我住茶山增埗村口，想要一床棉被")
    assert name == "增埗村"
    assert codes == {ZENGBU}


def test_places_are_written_for_people() -> None:
    assert format_place(CHASHAN, ZENGBU) == "茶山镇增埗村"
    assert format_place(CITY_WIDE, None) == "全市"
    assert village_name("441900103999") == "441900103999"


def test_every_village_lies_in_a_town_of_ours_and_is_found_there() -> None:
    for code, name in load_villages().items():
        assert code[:9] in load_towns()
        assert find_village(name, code[:9]) == code, name


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    code = find_village(text)
    assert code is None or code in load_villages()
