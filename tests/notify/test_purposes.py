"""The table of who is told what, and its words."""

import re

import pytest

from services.notify.channels import SMS, WECHAT, Content, Donor
from services.notify.events import build_event_handlers
from services.notify.main import list_template_ids
from services.notify.purposes import BY_NAME, PURPOSES
from services.notify.settings import NotifySettings
from services.notify.templates import (
    TEMPLATES,
    Template,
    count_sms_units,
)
from shared.contracts.events import (
    FACTS,
    MatchAccepted,
    MatchCommitted,
    MatchDeclined,
    MatchDelivered,
    MatchExpired,
    MatchFact,
    MatchProposed,
    MatchReleased,
    MatchReopened,
)
from shared.contracts.topics import consumed_by
from shared.contracts.values import DonorKind
from shared.references import format_reference
from tests.notify.decisions import MATCH_ID

LONG = Donor("东莞市茶山镇慈善事业与社会工作联合促进总会", DonorKind.SOCIAL_ORGANISATION)
MAY_STILL_VANISH = (MatchProposed, MatchAccepted, MatchDeclined, MatchExpired, MatchReleased)


@pytest.mark.parametrize("fact", MAY_STILL_VANISH)
def test_no_applicant_hears_of_a_gift_that_may_vanish(fact: type[MatchFact]) -> None:
    """Nor of its end, unless it was promised to him."""
    for purpose in PURPOSES.get(fact, ()):
        assert purpose.recipient == "donor" or purpose.when == "promised"


def test_applicant_hears_of_a_match_only_from_commitment_on() -> None:
    facts = {f for f, ps in PURPOSES.items() if any(p.recipient == "applicant" for p in ps)}
    first_match_facts = [f for f in FACTS if f in facts and issubclass(f, MatchFact)]
    assert set(first_match_facts) == {MatchCommitted, MatchReleased, MatchDelivered, MatchReopened}


def test_every_recipient_is_named_by_its_fact() -> None:
    for fact, purposes in PURPOSES.items():
        for purpose in purposes:
            field = "person_id" if purpose.recipient == "applicant" else "donor_id"
            assert field in fact.model_fields, purpose.name


def test_every_purpose_has_one_template_and_no_template_is_unused() -> None:
    assert set(BY_NAME) == set(TEMPLATES)
    assert len(set(list_template_ids("sms").values())) == len(TEMPLATES)
    assert len(set(list_template_ids("wechat").values())) == len(TEMPLATES)


def test_every_fact_comes_on_a_topic_that_notify_reads() -> None:
    read = {topic.name for topic in consumed_by("notify")}
    assert {fact.TOPIC for fact in build_event_handlers(NotifySettings().rules)} <= read


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_sms_is_one_segment(name: str) -> None:
    text = TEMPLATES[name].sms
    for number, value in enumerate(
        SMS.format_parameters(Content(TEMPLATES[name], MATCH_ID, donor=LONG)), 1
    ):
        text = text.replace(f"{{{number}}}", value)
    assert "{" not in text
    assert count_sms_units(NotifySettings().sms_sign_name, text) <= 70
    assert count_sms_units("十二个字的签名名称最长了", text) <= 70


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_sms_solicits_or_carries_a_link(name: str) -> None:
    template = TEMPLATES[name]
    words = "".join((template.sms, template.title, template.status, template.hint))
    assert not re.search(r"募捐|捐款|捐赠|募集|献爱心|拒收请回复|http|www", words)


def test_donor_without_wechat_is_sent_to_people_and_not_to_a_platform() -> None:
    assert all("平台" not in t.sms and "登录" not in t.sms for t in TEMPLATES.values())
    assert "联系对接社工或莞家驿站" in TEMPLATES["match_proposed"].sms


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_wechat_field_fits_without_being_cut(name: str) -> None:
    for field, value in WECHAT.format_parameters(
        Content(TEMPLATES[name], MATCH_ID, 20_450_000, LONG)
    ):
        assert len(value) <= (20 if field.startswith("thing") else 32), field


def count_variables(template: Template) -> int:
    kinds = (template.with_donor, template.with_code, template.with_count, template.with_detail)
    return 1 + any(kinds)


def test_variables_have_at_most_six_characters() -> None:
    for template in TEMPLATES.values():
        assert all(
            len(v) <= 6 for v in SMS.format_parameters(Content(template, MATCH_ID, donor=LONG))
        )
        assert template.sms.count("{") == count_variables(template)


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
