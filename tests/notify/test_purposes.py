"""The table of who is told what, and its words."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.donor_answers import read_donor_answer
from services.intake.model.approval import ReturnReason
from services.notify.channels import SMS, WECHAT, Content, Donor
from services.notify.events import build_events
from services.notify.limits import count_segments, list_problems
from services.notify.model import About
from services.notify.provider_accounts import list_template_ids
from services.notify.purposes import BY_NAME, PURPOSES
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES, name_template
from services.notify.wording import format_short_yuan, format_town
from shared.contracts.events import (
    FACTS,
    MatchAccepted,
    MatchCommitted,
    MatchDeclined,
    MatchDelivered,
    MatchExpired,
    MatchFact,
    MatchPaid,
    MatchProposed,
    MatchReleased,
    MatchReopened,
    MatchScheduled,
    ProposalsGathered,
    RequestReturned,
)
from shared.contracts.topics import list_consumed
from shared.contracts.values import CHINA, Area, Category, DonorKind, NoticeLanguage
from shared.references import format_reference
from shared.towns import load_towns
from tests.notify.decisions import MATCH_ID

LONG = Donor("东莞市茶山镇慈善事业与社会工作联合促进总会", DonorKind.SOCIAL_ORGANISATION)
UNTIL = datetime(2026, 12, 1, 7, 30, tzinfo=CHINA)
MEDICAL = About(
    category=Category.MEDICAL, quantity=200_000, unit="fen", town_code="441900101", until=UNTIL
)
LARGE = About(
    category=Category.HOME_CARE,
    quantity=10**12,
    unit="人次上门服务",
    item="十二个字的物品名称很长了",
    town_code="441900119",
    until=UNTIL.replace(day=31),
)
MAY_STILL_VANISH = (MatchProposed, MatchAccepted, MatchDeclined, MatchExpired, MatchReleased)


@pytest.mark.parametrize("fact", MAY_STILL_VANISH)
def test_no_applicant_hears_of_a_gift_that_may_vanish(fact: type[MatchFact]) -> None:
    """Nor of its end, unless it was promised to him."""
    for purpose in PURPOSES.get(fact, ()):
        assert purpose.recipient == "donor" or purpose.when == "promised"


def test_applicant_hears_of_a_match_only_from_commitment_on() -> None:
    facts = {f for f, ps in PURPOSES.items() if any(p.recipient == "applicant" for p in ps)}
    first_match_facts = [f for f in FACTS if f in facts and issubclass(f, MatchFact)]
    promised = {MatchCommitted, MatchScheduled, MatchReleased, MatchDelivered, MatchReopened}
    assert set(first_match_facts) == promised | {MatchPaid}


def test_every_recipient_is_named_by_its_fact() -> None:
    for fact, purposes in PURPOSES.items():
        for purpose in purposes:
            field = "person_id" if purpose.recipient == "applicant" else "donor_id"
            fields = set(purpose.holders) if purpose.recipient == "member" else {field}
            assert fields
            assert fields <= set(fact.model_fields), purpose.name


def test_every_purpose_has_one_template_and_no_template_is_unused() -> None:
    assert set(BY_NAME) == {name for name, each in TEMPLATES.items() if each.language == "zh"}
    assert len(set(list_template_ids("sms").values())) == len(TEMPLATES)
    assert len(set(list_template_ids("wechat").values())) == len(TEMPLATES)


def test_every_fact_comes_on_a_topic_that_notify_reads() -> None:
    read = {topic.name for topic in list_consumed("notify")}
    assert {fact.TOPIC for fact in build_events(NotifySettings().rules)} <= read


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("sign_name", [NotifySettings().sms_sign_name, "十二个字的签名名称最长了"])
def test_every_template_is_taken_by_every_provider(name: str, sign_name: str) -> None:
    """One SMS, its variables, fields that fit, no appeal and no link."""
    assert list(list_problems(TEMPLATES[name], sign_name)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sms": "您的诉求已登记。"}, "template_variables"),
        ({"sms": "您的诉求{1}已登记{2}。"}, "template_variables"),
        ({"sms": "您的诉求{1}已登记。" + "很" * 60}, "template_long"),
        ({"sms": "献爱心，{1}"}, "template_appeals"),
        ({"sms": "请点击 https://guanjia.example {1}"}, "template_links"),
        ({"status": ""}, "template_empty"),
        ({"hint": "长" * 21}, "template_field_long"),
    ],
)
def test_template_that_a_provider_refuses_says_why(changes: dict[str, str], code: str) -> None:
    fields: dict[str, Any] = dict(changes)
    template = replace(TEMPLATES["request_recorded"], **fields)
    assert code in {problem.code for problem in list_problems(template, "东莞民政")}


@pytest.mark.parametrize(
    ("units", "segments"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (500, 8)]
)
def test_long_texts_are_billed_by_parts(units: int, segments: int) -> None:
    assert count_segments(units) == segments


def test_donor_without_wechat_is_sent_to_people_and_not_to_a_platform() -> None:
    assert all("平台" not in t.sms and "登录" not in t.sms for t in TEMPLATES.values())
    assert "前请联系社工或12345" in TEMPLATES["match_proposed"].sms


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_wechat_field_fits_without_being_cut(name: str) -> None:
    for field, value in WECHAT.format_parameters(
        Content(TEMPLATES[name], MATCH_ID, 20_450_000, LONG, about=LARGE)
    ):
        assert len(value) <= (20 if field.startswith("thing") else 32), field


def test_variables_have_at_most_six_characters() -> None:
    for template in TEMPLATES.values():
        content = Content(
            template,
            MATCH_ID,
            12_345_678_901,
            LONG,
            "123456",
            detail="12月31日",
            about=LARGE,
            reply_code="48210",
        )
        values = SMS.format_parameters(content)
        assert all(0 < len(v) <= 6 for v in values if v or not template.has("count")), values


@pytest.mark.parametrize("name", ["match_asked", "match_asked_again"])
def test_what_a_donor_may_answer_stands_there_to_be_copied(name: str) -> None:
    text = fill(Content(TEMPLATES[name], MATCH_ID, about=MEDICAL, reply_code="4821"))
    assert "石碣镇对接2000元，1日7时前回" in text
    assert "Y4821接受，N4821婉拒。" in text
    read_both(text)


@pytest.mark.parametrize("name", ["proposals_proposed", "proposals_reminded"])
def test_what_a_donor_may_answer_to_all_stands_there_too(name: str) -> None:
    gathered = ProposalsGathered(donor_id="P-1", news="proposed", count=57, reply_code="48213")
    content = Content(TEMPLATES[name], MATCH_ID, detail=gathered.detail, reply_code="48213")
    text = fill(content)
    assert text.startswith("有57项对接")
    assert "回复Y48213全部接受，N48213全部婉拒。" in text
    read_both(text)


@pytest.mark.parametrize(("language", "total"), [("zh", "共57项"), ("en", "57")])
def test_who_is_told_of_many_together_hears_on_wechat_too_how_many(
    language: NoticeLanguage, total: str
) -> None:
    gathered = ProposalsGathered(donor_id="P-1", news="proposed", count=57, reply_code="48213")
    template = TEMPLATES[name_template("proposals_proposed", language)]
    fields = dict(WECHAT.format_parameters(Content(template, "P-1", detail=gathered.detail)))
    assert fields["thing6"] == total
    of_before = dict(WECHAT.format_parameters(Content(template, "P-1")))
    assert "thing6" not in of_before


def fill(content: Content) -> str:
    """The SMS as it arrives."""
    text = content.template.sms
    for number, value in enumerate(SMS.format_parameters(content), start=1):
        text = text.replace(f"{{{number}}}", value)
    return text


def read_both(text: str) -> None:
    """Each half is an answer as it stands, and both together are none."""
    (both,) = re.findall("回复?Y[^。]*", text)
    yes, no = both.split("，")
    answers = [read_donor_answer(each) for each in (yes, no, yes[yes.index("Y") :])]
    assert [each and each.verdict for each in answers] == ["accept", "decline", "accept"]
    assert read_donor_answer(both) is None


@pytest.mark.parametrize(
    ("purpose", "says"),
    [
        ("word_accept", ("2000元", "石碣镇", "123456")),
        ("word_decline", ("2000元", "石碣镇", "123456")),
        ("word_claim", ("2000元", "石碣镇", "123456")),
        ("word_give", ("20万元", "123456")),
        ("word_withdraw", ("20万元", "123456")),
    ],
)
def test_a_code_comes_with_what_it_is_for(purpose: str, says: tuple[str, ...]) -> None:
    content = Content(TEMPLATES[purpose], MATCH_ID, 20_000_000, code="123456", about=MEDICAL)
    assert SMS.format_parameters(content)[1:] == says


def test_proposal_says_what_how_much_where_and_until_when() -> None:
    content = Content(TEMPLATES["match_proposed"], MATCH_ID, about=MEDICAL)
    assert SMS.format_parameters(content)[1:] == ("医疗救助", "2000元", "石碣镇", "1日7时")
    fields = dict(WECHAT.format_parameters(replace(content, number="0769-12345678")))
    assert (fields["thing6"], fields["thing7"]) == ("医疗救助 2000元", "石碣镇")
    assert fields["time8"] == "2026年12月1日 07:30"
    assert fields["phone_number9"] == "0769-12345678"


@pytest.mark.parametrize("purpose", ["ledger_received", "ledger_disbursed", "payment_made"])
def test_an_sms_of_money_says_how_much(purpose: str) -> None:
    assert "2000元" in fill(Content(TEMPLATES[purpose], MATCH_ID, 200_000))


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (1, "0.01元"),
        (20_000, "200元"),
        (9_999, "99.99元"),
        (123_456, "1234余元"),
        (9_999_900, "99999元"),
        (20_000_000, "20万元"),
        (20_450_000, "20.45万"),
        (20_450_005, "20万余元"),
        (12_345_678_900, "1亿余元"),
    ],
)
def test_sum_is_exact_or_says_that_it_is_more(fen: int, text: str) -> None:
    assert format_short_yuan(fen) == text


@given(st.integers(1, 2**53 - 1))
def test_every_sum_fits(fen: int) -> None:
    assert 0 < len(format_short_yuan(fen)) <= 6


def test_every_town_fits_and_none_is_a_number() -> None:
    names = {format_town(code) for code in load_towns()}
    assert all(0 < len(name) <= 6 for name in names)
    assert "滨海湾新区" in names
    assert format_town("") == format_town("441900999") == "东莞市"


@pytest.mark.parametrize(
    ("donor", "sms", "wechat"),
    [
        (Donor(), "爱心人士", "爱心人士"),
        (Donor(kind=DonorKind.ENTERPRISE), "爱心企业", "爱心企业"),
        (Donor("李四", DonorKind.INDIVIDUAL), "李四", "李四"),
        (Donor("茶山镇粮油商行", DonorKind.ENTERPRISE), "爱心企业", "茶山镇粮油商行"),
        (LONG, "爱心组织", "爱心组织"),
    ],
)
def test_donor_is_named_in_full_or_by_what_he_is(donor: Donor, sms: str, wechat: str) -> None:
    content = Content(TEMPLATES["match_committed"], MATCH_ID, donor=donor)
    assert SMS.format_parameters(content)[1] == sms
    assert dict(WECHAT.format_parameters(content))["thing5"] == wechat
    assert not donor.name or donor.name not in repr(donor)


def test_person_and_donor_see_the_same_reference_for_one_request() -> None:
    assert format_reference(MATCH_ID) == format_reference(MATCH_ID.split("-O-")[0][2:])
    assert format_reference("D-00000000000000abcdef") == "ABCDEF"


def test_amount_is_written_to_the_fen() -> None:
    fields = dict(
        WECHAT.format_parameters(Content(TEMPLATES["ledger_received"], "D-1", 20_450_005))
    )
    assert fields["amount4"] == "¥204500.05"


@pytest.mark.parametrize("code", [*get_args(ReturnReason), "of_later"])
def test_who_has_to_add_something_hears_what_it_is(code: str) -> None:
    fact = RequestReturned(
        person_id="P-1",
        code=code,
        reason="张三的低保证",
        to_person=True,
        area=Area(town_code="441900101"),
    )
    (purpose,) = [each for each in PURPOSES[RequestReturned] if each.is_called_for(fact)]
    assert purpose.name == (
        "request_returned" if code == "of_later" else f"request_returned_{code}"
    )
    assert not purpose.template.extras, "nothing that staff wrote goes out"
