"""A message says which help it is about, and a referral to whom and by when."""

from typing import Any

import pytest

from services.notify.channels import SMS, WECHAT, Content
from services.notify.limits import SMS_VARIABLE_MAX
from services.notify.model import About
from services.notify.templates import TEMPLATES
from services.notify.wording import SOME_OFFICE, format_office
from shared.contracts.events import (
    MatchReleased,
    MatchReopened,
    MatchScheduled,
    RequestOpened,
    RequestReferred,
)
from shared.contracts.values import Area, Category, Need, NoticeLanguage
from shared.policies import load_policies
from tests.notify.decisions import (
    MATCH_ID,
    REQUEST_ID,
    DecisionHarness,
    make_opened,
    match_fields,
)
from tests.notify.test_purposes import fill

QUILTS = About(
    category=Category.SUPPLIES, item="棉被", unit="床", quantity=2, town_code="441900101"
)
OF_ONE_HELP = (
    "request_opened",
    "match_scheduled",
    "match_rescheduled",
    "match_tomorrow",
    "match_delivered",
    "match_arrived",
    "match_reopened",
    "match_not_arrived",
    "match_expired",
    "match_fell_through",
    "match_refused",
    "match_not_needed",
    "match_given_up",
)
GOODS: dict[str, Any] = {
    **match_fields(),
    "unit": "床",
    "quantity": 2,
    "item": "棉被",
    "category": Category.SUPPLIES,
}


@pytest.mark.parametrize("purpose", OF_ONE_HELP)
@pytest.mark.parametrize(("language", "word"), [("zh", "棉被"), ("en", "goods")])
def test_who_waits_for_several_hears_which_it_is(
    purpose: str, language: NoticeLanguage, word: str
) -> None:
    name = purpose if language == "zh" else f"{purpose}.en"
    content = Content(TEMPLATES[name], MATCH_ID, about=QUILTS)
    text = fill(content)
    assert word in text
    assert "{" not in text
    assert dict(WECHAT.format_parameters(content))["thing6"] == word


@pytest.mark.parametrize(
    "fact",
    [
        MatchScheduled(**GOODS, comes_on="2022-01-25"),
        MatchReopened(**GOODS, was="delivered", reason="没有收到"),
        MatchReleased(**GOODS, reason="not_arrived", promised=True),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_a_match_says_what_it_brings(fact: Any) -> None:
    harness = DecisionHarness()
    harness.on_event(fact, MATCH_ID)
    assert harness.notices
    for notice in harness.notices:
        assert notice.about is not None, notice.purpose
        text = fill(Content(TEMPLATES[notice.purpose], MATCH_ID, about=notice.about))
        assert "棉被" in text, notice.purpose


def open_quilts(**changes: Any) -> RequestOpened:
    need = Need(unit="床", quantity=2, item="棉被")
    fields = {**dict(make_opened()), "need": need, "category": Category.SUPPLIES, **changes}
    return RequestOpened(**fields)


def fill_told(harness: DecisionHarness) -> str:
    notice = harness.notice
    assert notice.about is not None
    return fill(Content(TEMPLATES[notice.purpose], notice.regarding, about=notice.about))


def test_who_is_accepted_hears_for_what() -> None:
    harness = DecisionHarness()
    harness.on_event(open_quilts())
    assert "您的诉求（棉被）已受理" in fill_told(harness)


def test_of_goods_approved_in_part_the_thing_is_named_beside_how_many() -> None:
    harness = DecisionHarness()
    harness.on_event(open_quilts(asked_quantity=3))
    assert "已批准一部分：棉被2床，" in fill_told(harness)


@pytest.mark.parametrize(
    ("purpose", "about", "text"),
    [
        ("match_asked", QUILTS, "石碣镇对接棉被2床，"),
        ("match_asked_again", QUILTS, "石碣镇对接棉被2床，"),
        ("word_accept", QUILTS, "代接受石碣镇对接棉被2床，"),
        ("ledger_goods_received", QUILTS, "您的物资棉被2床已收到"),
        ("match_proposed", QUILTS, "生活物资棉被2床，"),
        # 适老化改造12户 has no room: the number goes, for a page says it.
        (
            "match_asked",
            QUILTS.model_copy(
                update={"item": "", "category": Category.HOME_ADAPTATION, "quantity": 12}
            ),
            "石碣镇对接适老化改造，",
        ),
        # What people wrote may name somebody.
        (
            "match_asked",
            QUILTS.model_copy(update={"item": "给陈秀英的轮椅", "category": Category.DISABILITY}),
            "石碣镇对接助残2床，",
        ),
        # The sort stands there already.
        ("match_proposed", QUILTS.model_copy(update={"item": ""}), "生活物资2床，"),
        ("match_asked", QUILTS.model_copy(update={"item": "", "category": None}), "对接2床，"),
    ],
)
def test_a_donor_reads_what_he_is_asked_for_and_not_only_how_many(
    purpose: str, about: About, text: str
) -> None:
    content = Content(TEMPLATES[purpose], MATCH_ID, about=about, reply_code="4821", code="123456")
    assert text in fill(content)
    assert all(len(value) <= SMS_VARIABLE_MAX for value in SMS.format_parameters(content))


@pytest.mark.parametrize(
    ("item", "text"),
    [("配餐", "配餐 3份"), ("", "配餐 3份"), ("大米", "配餐 大米 3份")],
    ids=["an item that is called as its category", "none", "another"],
)
def test_on_wechat_no_word_is_said_twice(item: str, text: str) -> None:
    about = About(category=Category.MEALS, item=item, unit="份", quantity=3)
    content = Content(TEMPLATES["match_asked"], MATCH_ID, about=about, reply_code="4821")
    assert dict(WECHAT.format_parameters(content))["thing6"] == text


def make_referred(department: str) -> RequestReferred:
    return RequestReferred(
        person_id="P-1",
        policy="temporary_aid",
        policy_zh="临时救助",
        department=department,
        answer_on="2026-08-20",
        area=Area(town_code="441900101"),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("request_referred", "您的诉求已转民政部门优先办理，最迟8月20日答复"),
        ("request_referred.en", "Your request is with 民政部门, which answers by Aug 20."),
    ],
)
def test_who_is_referred_hears_to_whom_and_by_when(name: str, text: str) -> None:
    harness = DecisionHarness()
    harness.on_event(make_referred("镇街公共服务办（民政）"))
    notice = harness.notice
    assert notice.about is not None
    content = Content(TEMPLATES[name], REQUEST_ID, detail=notice.detail, about=notice.about)
    assert text in fill(content)
    fields = dict(WECHAT.format_parameters(content))
    assert fields["thing12"] == "镇街公共服务办（民政）"
    assert fields["time11"] == "2026年8月20日"
    assert notice.valid_until is None, "who hears of it late hears of it all the same"


def test_every_department_of_the_table_has_a_name_that_an_sms_carries() -> None:
    names = {row.department_zh: format_office(row.department_zh) for row in load_policies().rows}
    assert all(0 < len(name) <= SMS_VARIABLE_MAX for name in names.values())
    assert SOME_OFFICE not in names.values(), names


@pytest.mark.parametrize("department", ["", "一个谁也没有听说过的办事机构", "a.cn/12"])
def test_a_department_without_a_short_name_is_the_one_in_charge(department: str) -> None:
    assert format_office(department) == SOME_OFFICE
