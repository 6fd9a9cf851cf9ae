"""Which number a notice carries on WeChat, and what its SMS says instead."""

import pytest

from services.notify.channels import WECHAT, Content
from services.notify.model import About, Notice
from services.notify.previews import build_preview
from services.notify.resources import find_number
from services.notify.templates import TEMPLATES
from tests.notify.decisions import REQUEST_ID, START

VILLAGE, TOWN, OTHER_TOWN = "441900104001", "441900104", "441900105"
NUMBERS = {"441900": "12345", TOWN: "0769-86640000", VILLAGE: "0769-86641111"}


def make_notice(area: str, about: About | None = None) -> Notice:
    return Notice(
        id="N-1",
        person_id="P-1",
        purpose="match_proposed",
        regarding=REQUEST_ID,
        correlation_id="",
        created_at=START,
        area=area,
        about=about,
    )


@pytest.mark.parametrize(
    ("area", "about", "number"),
    [
        (VILLAGE, None, "0769-86641111"),
        ("441900104002", None, "0769-86640000"),
        (TOWN, About(town_code=OTHER_TOWN), "0769-86640000"),
        ("", About(town_code=TOWN), "0769-86640000"),
        ("", About(town_code=OTHER_TOWN), "12345"),
        (OTHER_TOWN, None, "12345"),
        ("", None, "12345"),
    ],
)
def test_the_nearest_station_is_named_and_a_donor_has_that_of_the_town_he_helps(
    area: str, about: About | None, number: str
) -> None:
    assert find_number(NUMBERS, make_notice(area, about)) == number


def test_a_house_without_numbers_names_none() -> None:
    assert find_number({}, make_notice(VILLAGE)) == ""
    assert find_number({TOWN: "0769-86640000"}, make_notice("")) == ""


def test_wechat_has_a_field_for_it_and_the_preview_shows_it() -> None:
    template = TEMPLATES["match_proposed"]
    fields = WECHAT.format_parameters(Content(template, REQUEST_ID, number="0769-86640000"))
    assert ("phone_number9", "0769-86640000") in fields
    shown = build_preview(template, "东莞民政", 5, "0769-86640000")
    assert ("phone_number9", "0769-86640000") in shown.fields
    assert shown.title == template.title


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_sms_that_sends_to_people_for_a_question_has_a_number_to_dial(name: str) -> None:
    sms = TEMPLATES[name].sms
    asks = ("疑问", "如有问题", "详情可", "原因可", "Ask your committee", "Ask your village")
    assert "12345" in sms or not any(words in sms for words in asks)
