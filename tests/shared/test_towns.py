"""Towns by name and code."""

import pytest

from shared.errors import Invalid
from shared.towns import is_known, load_towns, parse_town, parse_village, town_name

CHASHAN = "441900103"


@pytest.mark.parametrize(
    "text",
    [
        "茶山镇",
        "茶山",
        "东莞市茶山镇",
        "广东省东莞市茶山镇",
        "东莞茶山",
        " 茶山镇 ",
        CHASHAN,
        "４４１９００１０３",
    ],
)
def test_a_town_is_known_by_its_name_and_code(text: str) -> None:
    assert load_towns()[CHASHAN] == "茶山镇"
    assert parse_town(text) == CHASHAN


def test_every_town_is_known_by_its_own_name() -> None:
    for code, name in load_towns().items():
        assert parse_town(name) == parse_town(code) == parse_town(f"东莞市{name}") == code


def test_every_town_has_an_english_name_of_its_own() -> None:
    names = [town_name(code, "en") for code in load_towns()]
    assert all(name.isascii() and name[0].isupper() for name in names)
    assert len(set(names)) == len(names)
    assert town_name(CHASHAN, "en") == "Chashan"
    assert town_name("441900999", "en") == ""


@pytest.mark.parametrize("text", ["火星镇", "44190010", "4.419E+08", "东莞市", "441900103001", ""])
def test_what_is_no_town_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_town(text)
    assert refused.value.problems[0].code == "town_unknown"


def test_a_village_is_its_code() -> None:
    assert parse_village("441900103001 ") == "441900103001"
    with pytest.raises(Invalid):
        parse_village("4.419E+11")


@pytest.mark.parametrize(
    ("code", "stands"),
    [
        (CHASHAN, True),
        ("441900000", True),
        ("420100000", True),
        ("999999999", False),
        ("000000000", False),
        ("990000000", False),
        ("441900999", False),
        ("440106003", False),
    ],
)
def test_only_our_towns_and_whole_cities_are_places(code: str, stands: bool) -> None:
    assert is_known(code) is stands
