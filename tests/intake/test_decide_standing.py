"""Who is believed about a person, who has met him, and how much opens by itself."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.channels import text
from services.intake.channels.typed_requests import build_typed_request, format_answer
from services.intake.events import build_commands, build_events
from services.intake.model import (
    ApproveRequest,
    ErasePerson,
    OpeningTally,
    RequestState,
    SeenPerson,
    StaffRequest,
    VouchForPerson,
    Vouching,
    WithdrawRequest,
)
from services.intake.settings import IntakeSettings
from services.intake.vault.prepare import prepare_request
from shared.contracts.events import RequestClassified, RequestOpened, RequestSubmitted
from shared.contracts.values import BeneficiaryClass, Channel
from shared.errors import Invalid
from shared.messaging.decision import Answer, Command, Decision
from tests.intake.builders import (
    CHASHAN,
    PHONE,
    VAULT,
    DecisionHarness,
    find_credential,
    get_body,
    list_facts,
    make_command,
    make_event,
    make_submission,
)
from tests.support.answers import code

RULES = IntakeSettings().rules
COMMANDS = build_commands(VAULT, RULES, find_credential)
WISH = "心愿 生活物资 500元 长安镇 低保 王五"
GOODS: dict[str, Any] = {"need": {"unit": "床", "quantity": 1, "item": "棉被"}}
SEEN = {"manner": "visit"}
LOW = {"beneficiary_class": "subsistence", "basis": "document"}


class Town(DecisionHarness):
    """The doors of intake: phones, a village's system, members of staff."""

    def write(self, words: str = WISH, phone: str = PHONE, message: str = "1") -> Decision:
        """An SMS."""
        wanted = text.understand(words)
        assert isinstance(wanted, text.Draft)
        request = build_typed_request(wanted, Channel.SMS, words, phone=phone, openid=None)
        key = f"/callbacks/tencent|{phone}-{message}"
        return self.decide_submission(make_command(request, key=key), RULES)

    def record(
        self, by: str = "lin", message: str = "1", *, met: bool = True, **changed: Any
    ) -> Decision:
        """A member of staff records it."""
        request = make_submission(**{"channel": "household_visit"} | changed)
        data = StaffRequest(request=request, recorded_by=by, met=met)
        command = Command(data, key=f"{by}|{message}", principal=by)
        item = prepare_request(VAULT, RULES, find_credential, command)
        return self.handle(COMMANDS[StaffRequest], item)

    def vouch(self, decision: Decision, by: str = "lin", area: str = "", **said: Any) -> Decision:
        data = VouchForPerson(
            request_id=get_body(decision)["request_id"],
            area=area,
            by=by,
            vouching=Vouching.model_validate(said),
        )
        return self.handle(COMMANDS[VouchForPerson], make_command(data))

    def approve(self, decision: Decision, by: str = "chen", **said: Any) -> Decision:
        data = ApproveRequest(
            request_id=get_body(decision)["request_id"],
            levels=("village", "town", "city"),
            approver_id=by,
            vouching=Vouching.model_validate(said),
        )
        return self.handle(COMMANDS[ApproveRequest], make_command(data))

    def list_reasons(self, decision: Decision) -> list[str]:
        return [reason["code"] for reason in get_body(decision).get("waits_for", [])]


def get_opened(decision: Decision) -> RequestOpened:
    (fact,) = [fact for _, fact in decision.events if isinstance(fact, RequestOpened)]
    return fact


# --- what a phone says ---


def test_a_wish_of_nobody_known_waits_and_says_why() -> None:
    town = Town()
    written = town.write()
    assert list_facts(written) == ["RequestRecorded"]
    assert town.list_reasons(written) == ["person_unseen"]
    assert written.answer is not None
    assert "首次申请资金，须先由工作人员见到本人" in format_answer(written.answer)


def test_thirteen_wishes_from_one_phone_in_a_minute_open_nothing() -> None:
    town = Town()
    categories = ("生活物资", "医疗救助", "助学", "助残", "配餐", "就业", "儿童关爱")
    wishes = [
        town.write(f"心愿 {category} {yuan}元 长安镇 特困 {name}", message=f"{category}{name}")
        for category in categories
        for yuan, name in ((500, "王五"), (400, "赵六"))
    ][:13]
    assert [list_facts(wish) for wish in wishes if get_body(wish)["decision"] == "opened"] == []


def test_a_declared_class_gives_no_urgency() -> None:
    """Goods open by themselves: as for anybody."""
    town = Town()
    opened = get_opened(town.write("心愿 生活物资 棉被1床 长安镇 特困 王五"))
    assert opened.beneficiary_class is BeneficiaryClass.GENERAL
    request = town.request(
        get_body(town.write("心愿 生活物资 棉被1床 长安镇 特困 王五"))["request_id"]
    )
    assert request.declared_class is BeneficiaryClass.EXTREME_POVERTY


def test_goods_for_one_phone_open_three_times_a_month() -> None:
    town = Town()
    items = ("棉被1床", "大米1袋", "书包1个", "轮椅1台", "毛毯1条")
    wishes = [town.write(f"心愿 生活物资 {item} 长安镇 王五", message=item) for item in items]
    reasons = [town.list_reasons(wish) for wish in wishes]
    assert reasons == [[], [], [], ["person_often"], ["person_often"]]
    assert get_body(wishes[3])["approval_level"] == "village"
    town.later(days=RULES.opening_days)
    again = town.write("心愿 生活物资 电饭锅1个 长安镇 王五", message="later")
    assert get_body(again)["decision"] == "opened"


def test_what_opens_is_counted_by_household_contact_and_channel_too() -> None:
    town = Town()
    for n in range(RULES.household_openings_max + 1):
        phone = f"+8613800138{n:03}"
        applicant = {"name": f"王{n}", "phone": phone, "household": "H-12"}
        last = town.record(message=f"{n}", applicant=applicant, **GOODS)
    assert town.list_reasons(last) == ["household_often"]
    for n in range(RULES.contact_openings_max):
        applicant = {"name": "李", "phone": f"+8613900139{n:03}", "wechat_openid": "oSAME_1"}
        last = town.record(message=f"c{n}", applicant=applicant, **GOODS)
        assert get_body(last)["decision"] == "opened"
    applicant = {"name": "李", "phone": "+8613900139999", "wechat_openid": "oSAME_1"}
    assert town.list_reasons(town.record(message="c", applicant=applicant, **GOODS)) == [
        "contact_often"
    ]


def test_money_is_counted_as_money_and_a_channel_by_the_day() -> None:
    town = Town()
    rules = IntakeSettings(
        meeting_sources=frozenset({"/channels/grid"}), channel_opening_limit_fen=50_000
    ).rules
    for n, expected in enumerate(([], [], ["channel_often"])):
        applicant = {"name": "王", "phone": f"+8613800138{n:03}"}
        wish = town.submit(make_submission(applicant=applicant), message=f"{n}", rules=rules)
        assert town.list_reasons(wish) == expected
    town.later(days=1)
    applicant = {"name": "王", "phone": "+8613800138777"}
    wish = town.submit(make_submission(applicant=applicant), message="next", rules=rules)
    assert get_body(wish)["decision"] == "opened"
    (tally,) = [
        state
        for state in town.states.values()
        if isinstance(state, OpeningTally) and state.id == "channel:/channels/grid"
    ]
    assert list(tally.days.values()) == [(1, 20_000)]


# --- what the house saw ---


def test_who_is_seen_opens_with_the_class_that_was_checked() -> None:
    town = Town()
    wish = town.write()
    vouched = town.vouch(wish, by="lin", seen={**SEEN, "on": "2022-01-19"}, confirmed=LOW)
    opened = get_opened(vouched)
    assert opened.beneficiary_class is BeneficiaryClass.SUBSISTENCE
    assert opened.vouched_by == ("lin",)
    request = town.request(get_body(wish)["request_id"])
    assert request.sighting is not None
    assert request.confirmation is not None
    assert (request.sighting.manner, request.sighting.on) == ("visit", "2022-01-19")
    assert (request.confirmation.basis, request.confirmation.by) == ("document", "lin")


def test_who_records_again_what_somebody_wrote_has_met_him_and_closes_neither() -> None:
    """By a phone and name that are the person's: what he wrote waits for whoever compares them."""
    town = Town()
    wish = town.write()
    again: dict[str, Any] = {
        "applicant": {"name": "王五", "phone": PHONE},
        "area": {"town_code": "441900121"},
    }
    recorded = town.record(beneficiary_class="low_income_edge", **again)
    opened = get_opened(recorded)
    assert (opened.beneficiary_class, opened.vouched_by) == ("low_income_edge", ("lin",))
    first = town.request(get_body(wish)["request_id"])
    assert (first.state, first.person_id) == (RequestState.RECORDED, opened.person_id)


def test_a_class_alone_does_not_open_what_waits_for_a_meeting() -> None:
    town = Town()
    wish = town.write()
    assert list_facts(town.vouch(wish, confirmed=LOW)) == []
    assert get_opened(town.vouch(wish, seen=SEEN)).beneficiary_class == "subsistence"


def test_who_was_seen_once_is_known_for_a_year_under_that_name() -> None:
    town = Town()
    town.vouch(town.write(), seen=SEEN, confirmed=LOW)
    known = town.write("心愿 医疗救助 300元 长安镇 特困 王五", message="2")
    assert get_opened(known).beneficiary_class is BeneficiaryClass.SUBSISTENCE, "what was checked"
    other = town.write("心愿 助学 300元 长安镇 低保 赵六", message="3")
    assert town.list_reasons(other) == ["person_unseen"], "a phone has many names"
    town.later(days=RULES.standing_days + 1)
    later = town.write("心愿 助残 300元 长安镇 低保 王五", message="4")
    assert town.list_reasons(later) == ["person_unseen"]


def test_caps_hold_for_those_who_were_seen() -> None:
    town = Town()
    for n, category in enumerate(("生活物资", "医疗救助", "助学")):
        town.vouch(town.write(f"心愿 {category} 500元 长安镇 王五", message=f"{n}"), seen=SEEN)
    requests = [state for state in town.states.values() if getattr(state, "waits_for", None)]
    (over,) = [r for r in requests if getattr(r, "state", "") == RequestState.RECORDED]
    assert getattr(over, "waits_for", ()) == ("person_often",)


def test_an_open_request_gets_its_urgency_when_somebody_checks() -> None:
    town = Town()
    goods = town.write("心愿 生活物资 棉被1床 长安镇 特困 王五")
    ((_, fact),) = town.vouch(goods, seen=SEEN, confirmed=LOW).events
    assert isinstance(fact, RequestClassified)
    assert (fact.beneficiary_class, fact.vouched_by) == ("subsistence", ("lin",))


def test_nobody_is_seen_tomorrow_in_another_town_or_after_the_end() -> None:
    town = Town()
    wish = town.write()
    tomorrow = date.fromordinal((town.now + timedelta(days=1)).toordinal())
    for on in (tomorrow, tomorrow - timedelta(days=RULES.standing_days + 1)):
        assert code(town.vouch(wish, seen={**SEEN, "on": on}).answer) == "sighting_date_wrong"
    assert code(town.vouch(wish, area=CHASHAN, seen=SEEN).answer) == "request_unknown"
    withdrawn = WithdrawRequest(request_id=get_body(wish)["request_id"])
    town.handle(COMMANDS[WithdrawRequest], make_command(withdrawn))
    assert code(town.vouch(wish, seen=SEEN).answer) == "state_unsuitable"


def test_much_money_takes_one_who_met_the_person_and_another_who_approves() -> None:
    town = Town()
    large = town.write("心愿 医疗救助 9000元 长安镇 低保 王五")
    assert town.list_reasons(large) == ["need_large", "person_unseen"]
    assert code(town.approve(large).answer) == "sighting_own", "before anything is filled in"
    assert code(town.approve(large, seen=SEEN).answer) == "sighting_own"
    met = town.vouch(large, seen=SEEN)
    assert town.list_reasons(met) == ["need_large"]
    assert get_opened(town.approve(large)).vouched_by == ("lin",)


def test_who_records_at_a_visit_has_seen_and_who_takes_a_call_has_not() -> None:
    town = Town()
    visited = get_opened(town.record())
    assert (visited.beneficiary_class, visited.vouched_by) == ("subsistence", ("lin",))
    called = town.record(
        message="2", channel="hotline", applicant={"name": "李", "phone": "+8613900139000"}
    )
    assert town.list_reasons(called) == ["person_unseen"]
    imported = town.record(
        "operator", met=False, applicant={"name": "周", "phone": "+8613900139001"}
    )
    assert town.list_reasons(imported) == ["person_unseen"]


@pytest.mark.parametrize(
    ("source", "channel", "opens", "class_"),
    [
        ("/channels/village", "committee", True, "subsistence"),
        ("/channels/village", "hotline", False, "general"),
        ("/channels/other", "committee", False, "general"),
        ("/channels/register", "partner", False, "subsistence"),
    ],
)
def test_a_system_is_believed_as_far_as_the_house_says(
    source: str, channel: str, opens: bool, class_: str
) -> None:
    rules = IntakeSettings(
        meeting_sources=frozenset({"/channels/village"}),
        register_sources=frozenset({"/channels/register"}),
    ).rules
    town = Town()
    event = make_event(make_submission(channel=channel), source=source)
    submitted = town.handle(
        build_events(VAULT, rules, find_credential)[RequestSubmitted],
        prepare_request(VAULT, rules, find_credential, event),
    )
    assert (get_body(submitted)["decision"] == "opened") is opens
    assert town.request(get_body(submitted)["request_id"]).beneficiary_class == class_


def test_an_erased_person_is_nobody_we_have_met() -> None:
    town = Town()
    wish = town.write()
    town.vouch(wish, seen=SEEN)
    person_id = town.request(get_body(wish)["request_id"]).person_id
    town.handle(COMMANDS[ErasePerson], make_command(ErasePerson(person_id=person_id)))
    again = town.write("心愿 助学 300元 长安镇 王五", message="2")
    assert town.list_reasons(again) == ["person_unseen"]


# --- two people ---


def test_an_approval_says_who_met_the_person() -> None:
    town = Town()
    wish = town.write()
    refused = town.approve(wish).answer
    assert code(refused) == "sighting_missing"
    assert isinstance(refused, Answer)
    assert "请收集人先登记" in refused.body["problems"][0]["zh"]
    assert get_opened(town.approve(wish, seen=SEEN)).beneficiary_class == "general"


def test_an_approver_corrects_the_class() -> None:
    town = Town()
    wish = town.write("心愿 生活物资 500元 长安镇 特困 王五")
    opened = get_opened(town.approve(wish, seen=SEEN, confirmed=LOW))
    assert opened.beneficiary_class is BeneficiaryClass.SUBSISTENCE
    request = town.request(get_body(wish)["request_id"])
    assert request.declared_class is BeneficiaryClass.EXTREME_POVERTY


def test_an_approver_of_the_city_does_not_approve_his_own_900_000_yuan() -> None:
    town = Town()
    large = town.record(by="chen", need={"unit": "fen", "quantity": 90_000_000})
    refused = town.approve(large, by="chen", seen=SEEN).answer
    assert code(refused) == "recorder_same"
    assert get_opened(town.approve(large, by="huang")).vouched_by == ("chen",)


def test_a_sighting_of_an_old_request_without_a_name_counts_for_it_alone() -> None:
    """Recorded before names were told apart."""
    town = Town()
    wish = town.write()
    old = town.request(get_body(wish)["request_id"])
    stored = old.model_copy(update={"name_id": "", "declared_class": None, "tally_ids": ()})
    town.save(Decision(states=(stored,)))
    assert get_opened(town.approve(wish, seen=SEEN)).person_id == old.person_id


def test_a_message_of_before_households_is_the_same_message() -> None:
    assert "household" not in make_submission().model_dump_json()
    with pytest.raises(Invalid):
        Town().record(need={"unit": "元", "quantity": 1})


def test_the_word_for_how_somebody_was_met_is_enough() -> None:
    assert Vouching.model_validate({"seen": "visit"}) == Vouching(seen=SeenPerson(manner="visit"))
    with pytest.raises(ValidationError, match="visit"):
        Vouching.model_validate({"seen": "yes"})
