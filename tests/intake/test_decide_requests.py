"""Submitting, approving, declining, withdrawing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.history import list_own, name_voucher
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    RequestState,
    SeenPerson,
    StaffRequest,
    VouchForPerson,
    Vouching,
    WithdrawRequest,
)
from services.intake.rules import LEVELS, find_approval_level
from services.intake.settings import IntakeSettings
from services.intake.vault.needs import prepare_decline
from services.intake.vault.persons import open_note
from services.intake.vault.prepare import prepare_request
from shared.contracts.events import (
    RequestDeclined,
    RequestOpened,
    RequestRecorded,
    RequestSubmitted,
)
from shared.contracts.values import Area, Category, Kind, Need
from shared.errors import Invalid
from tests.intake.builders import (
    CHASHAN,
    COMMANDS,
    EVENTS,
    RULES,
    VAULT,
    DecisionHarness,
    find_credential,
    get_body,
    list_facts,
    make_command,
    make_event,
    make_submission,
)

MONEY = "fen"


def waiting() -> tuple[DecisionHarness, str]:
    """A request that needs the town."""
    harness = DecisionHarness()
    decision = harness.submit(make_submission(need={"unit": MONEY, "quantity": 300_000}))
    return harness, get_body(decision)["request_id"]


def approve(harness: DecisionHarness, id_: str, **changed: Any) -> Any:
    fields = {"request_id": id_, "levels": ("village", "town"), "area": "", "approver_id": "a"}
    asked = ApproveRequest.model_validate(fields | changed)
    return harness.handle(COMMANDS[ApproveRequest], make_command(asked))


def test_a_small_wish_opens_by_itself() -> None:
    decision = DecisionHarness().submit()
    assert get_body(decision)["decision"] == "opened"
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestOpened)
    assert fact.need == Need(unit=MONEY, quantity=20_000)


def test_nothing_personal_is_in_an_event_an_answer_or_a_state() -> None:
    decision = DecisionHarness().submit()
    said = repr(decision) + repr([s.model_dump() for s in decision.states])
    for personal in ("张三", "13800138000", "棉被"):
        assert personal not in said


def test_the_limit_itself_still_opens_and_one_fen_more_waits() -> None:
    limit = RULES.small_wish_limit_fen
    at = DecisionHarness().submit(make_submission(need={"unit": MONEY, "quantity": limit}))
    above = DecisionHarness().submit(make_submission(need={"unit": MONEY, "quantity": limit + 1}))
    assert get_body(at)["decision"] == "opened"
    assert get_body(above)["decision"] == "waiting_for_approval"
    assert list_facts(above) == ["RequestRecorded"]


def test_the_limit_is_a_setting() -> None:
    rules = replace(RULES, small_wish_limit_fen=100)
    assert get_body(DecisionHarness().submit(rules=rules))["decision"] == "waiting_for_approval"


@pytest.mark.parametrize("changed", [{"kind": "project"}, {"category": "other"}])
def test_projects_and_what_has_no_category_always_wait(changed: dict[str, str]) -> None:
    decision = DecisionHarness().submit(make_submission(**changed))
    assert get_body(decision)["approval_level"] == "village"


def test_where_the_town_is_unknown_the_city_judges() -> None:
    decision = DecisionHarness().submit(make_submission(area={"town_code": "441900000"}))
    assert get_body(decision)["approval_level"] == "city"


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.sampled_from(Kind))
def test_more_never_needs_a_lower_level(one: int, other: int, kind: Kind) -> None:
    less, more = sorted((one, other))

    def rank(quantity: int, unit: str, item: str) -> int:
        need = Need(unit=unit, quantity=quantity, item=item)
        area = Area(town_code=CHASHAN)
        level = find_approval_level(RULES, kind, Category.MEALS, need, area)
        return LEVELS.index(level) if level else -1

    assert rank(less, MONEY, "") <= rank(more, MONEY, "")
    assert rank(less, "床", "棉被") <= rank(more, "床", "棉被")


def test_the_same_message_twice_is_one_request() -> None:
    harness = DecisionHarness()
    first = harness.submit()
    again = harness.submit()
    assert get_body(again) == get_body(first)
    assert not again.events
    assert not again.states


def test_the_same_message_by_topic_and_by_http_is_one_request() -> None:
    harness = DecisionHarness()
    first = harness.submit(message="m-7")
    again = harness.decide_submission(make_event(make_submission(), id_="m-7"))
    assert get_body(again) == get_body(first)
    assert not again.events


def test_the_same_message_id_with_other_content_is_refused() -> None:
    harness = DecisionHarness()
    harness.submit()
    with pytest.raises(Invalid) as refused:
        harness.submit(make_submission(text="别的内容"))
    assert refused.value.problems[0].code == "idempotency_key_reused"


def test_nothing_but_the_same_message_is_closed_as_a_duplicate() -> None:
    """Mother's medicine and son's operation are two needs."""
    harness = DecisionHarness()
    harness.submit(message="m-1")
    second = harness.submit(make_submission(channel="hotline"), message="m-2")
    third = harness.submit(message="m-3")
    assert [get_body(each)["decision"] for each in (second, third)] == ["opened", "opened"]
    person = harness.person(harness.requests()[0].person_id)
    assert sorted(person.unfinished) == sorted(request.id for request in harness.requests())


def test_an_approval_opens_what_waits() -> None:
    harness, id_ = waiting()
    decision = approve(harness, id_)
    assert list_facts(decision) == ["RequestOpened"]
    assert harness.request(id_).state is RequestState.OPEN
    assert harness.request(id_).approved_by == "a"


def test_a_village_cannot_approve_what_the_town_must() -> None:
    harness, id_ = waiting()
    decision = approve(harness, id_, levels=("village",))
    assert decision.answer.status == 403
    assert not decision.states


def test_another_town_does_not_see_it() -> None:
    harness, id_ = waiting()
    assert approve(harness, id_, area="441900104").answer.status == 404
    assert approve(harness, id_, area=CHASHAN).answer.status == 200


def test_nothing_is_approved_twice() -> None:
    harness, id_ = waiting()
    approve(harness, id_)
    again = approve(harness, id_)
    assert again.answer.status == 409
    assert not again.events


def test_an_unknown_request_is_not_found() -> None:
    assert approve(DecisionHarness(), "R-none").answer.status == 404


def test_declining_says_why_and_frees_the_person() -> None:
    harness, id_ = waiting()
    asked = DeclineRequest(
        request_id=id_, levels=LEVELS, approver_id="a", reason="policy_first", note="张三已有低保"
    )
    decision = harness.handle(COMMANDS[DeclineRequest], prepare_decline(VAULT, make_command(asked)))
    assert list_facts(decision) == ["RequestDeclined"]
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestDeclined)
    assert fact.code == "policy_first"
    assert fact.reason == harness.request(id_).reason == "可先申请政策性救助，请到村（居）委会办理"
    assert "张三" not in repr(decision)
    person = harness.person(harness.request(id_).person_id)
    assert open_note(VAULT, person, harness.request(id_)) == "张三已有低保"
    assert not harness.person(harness.request(id_).person_id).unfinished


def test_a_channel_withdraws_only_its_own() -> None:
    harness, id_ = waiting()
    handler = COMMANDS[WithdrawRequest]
    other = WithdrawRequest(request_id=id_, source="/channels/other")
    own = WithdrawRequest(request_id=id_, source="/channels/grid")
    refused = harness.handle(handler, make_command(other))
    assert refused.answer is not None
    assert refused.answer.status == 404
    assert list_facts(harness.handle(handler, make_command(own))) == ["RequestWithdrawn"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"need": {"unit": "元", "quantity": 200}}, "need.unit"),
        ({"need": {"unit": MONEY, "quantity": 200, "item": "棉被"}}, "need.item"),
        ({"need": {"unit": "床", "quantity": 2}}, "need.item"),
        ({"need": {"unit": "给李四", "quantity": 2, "item": "棉被"}}, "need.unit"),
        ({"need": {"unit": "床", "quantity": 2, "item": "棉被13900139000"}}, "need.item"),
        (
            {"need": {"unit": "床", "quantity": 2, "item": "被一三九零零一三九零零零"}},
            "need.item",
        ),
        (
            {"need": {"unit": "台", "quantity": 1, "item": "441900１９９００１０１１２３４"}},
            "need.item",
        ),
        ({"area": {"town_code": "441900999"}}, "area.town_code"),
        ({"area": {"town_code": CHASHAN, "village_code": "441900104001"}}, "area.village_code"),
        ({"applicant": {"name": "张三", "phone": "+8611111111111"}}, "applicant.phone"),
        ({"applicant": {"name": "张三"}}, "applicant.phone"),
        ({"kind": "project", "text": ""}, "text"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        DecisionHarness().submit(make_submission(**changed))
    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.zh
    assert problem.en


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        DecisionHarness().submit(
            make_submission(area={"town_code": "441900999"}, applicant={"name": "张三"})
        )
    assert len(refused.value.problems) == 2


def test_a_command_and_an_event_of_it_are_both_understood() -> None:
    assert RequestSubmitted in EVENTS
    assert RequestSubmitted in COMMANDS


@pytest.mark.parametrize(
    ("by", "zh", "en"),
    [
        ("/channels/village", "征集渠道 village", "channel village"),
        ("/partners/chamber", "合作方 chamber", "partner chamber"),
        ("g-lin", "g-lin", "g-lin"),
    ],
)
def test_who_met_a_person_is_named_and_not_addressed(by: str, zh: str, en: str) -> None:
    assert name_voucher(by) == (zh, en)


def test_the_history_names_the_channel_whose_staff_met_the_person() -> None:
    harness = DecisionHarness()
    harness.submit()
    (request,) = harness.requests()
    assert request.sighting is not None
    assert request.sighting.by == "/channels/grid"
    texts = [text for part in list_own(request) for text in (part.zh, part.en)]
    assert any("见到本人（征集渠道 grid）" in text for text in texts)
    assert not any("/channels" in text for text in texts)


DANGER = "我不想活了，没有人管我"


def test_words_of_danger_open_nothing_by_themselves_and_alarm_staff() -> None:
    """A small wish with nobody to decide it otherwise, whoever brings it: the staff hear of it."""
    harness = DecisionHarness()
    decision = harness.submit(make_submission(text=DANGER))
    body = get_body(decision)
    assert body["decision"] == "waiting_for_approval"
    assert [each["code"] for each in body["waits_for"]] == ["danger_named"]
    request = harness.request(body["request_id"])
    assert request.urgent
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestRecorded)
    assert fact.danger
    assert IntakeSettings().clock.find_days("recorded", request) == 0, "it stands first on the desk"


def test_danger_is_read_where_a_sheet_asks_for_the_thing() -> None:
    need = {"unit": "次", "quantity": 1, "item": "不想活了，要人陪"}
    harness = DecisionHarness()
    decision = harness.submit(make_submission(category="counselling", need=need, text=""))
    assert harness.request(get_body(decision)["request_id"]).danger


def test_a_person_who_met_somebody_in_danger_does_not_open_it_by_that() -> None:
    harness = DecisionHarness()
    id_ = get_body(harness.submit(make_submission(text=DANGER)))["request_id"]
    vouching = Vouching(seen=SeenPerson(manner="visit", on=None))
    vouch = VouchForPerson(request_id=id_, by="lin", vouching=vouching)
    harness.handle(COMMANDS[VouchForPerson], make_command(vouch))
    assert harness.request(id_).state is RequestState.RECORDED
    approve(harness, id_)
    assert harness.request(id_).state is RequestState.OPEN


@pytest.mark.parametrize("urgent", [True, False])
def test_who_read_the_words_says_whether_it_is_urgent(*, urgent: bool) -> None:
    staff = StaffRequest(
        request=make_submission(text=DANGER),
        recorded_by="lin",
        met=False,
        classified=True,
        urgent=urgent,
    )
    sealed = prepare_request(VAULT, RULES, find_credential, make_command(staff)).data
    assert (sealed.danger, sealed.urgent) == (urgent, urgent)


def test_a_row_of_a_sheet_that_nobody_judged_alarms() -> None:
    staff = StaffRequest(request=make_submission(text=DANGER), recorded_by="lin", met=True)
    sealed = prepare_request(VAULT, RULES, find_credential, make_command(staff)).data
    assert (sealed.danger, sealed.urgent) == (True, True)
