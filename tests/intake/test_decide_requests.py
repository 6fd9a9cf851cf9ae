"""Submitting, approving, declining, withdrawing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import events
from services.intake.model import ApproveRequest, DeclineRequest, RequestState, WithdrawRequest
from services.intake.rules import LEVELS, Rules, approval_level
from shared.contracts.events import RequestOpened, RequestSubmitted
from shared.contracts.values import Area, Category, Kind, Need
from shared.errors import Invalid
from tests.intake.making import (
    CHASHAN,
    RULES,
    VAULT,
    Memory,
    command,
    event,
    facts,
    submitted,
    told,
)

COMMANDS = events.commands(VAULT, RULES)
MONEY = "fen"


def waiting() -> tuple[Memory, str]:
    """A request that needs the town."""
    memory = Memory()
    decision = memory.submit(submitted(need={"unit": MONEY, "quantity": 300_000}))
    return memory, told(decision)["request_id"]


def approve(memory: Memory, id_: str, **changed: Any) -> Any:
    fields = {"request_id": id_, "levels": ("village", "town"), "area": "", "approver_id": "a"}
    asked = ApproveRequest.model_validate(fields | changed)
    return memory.handle(COMMANDS[ApproveRequest], command(asked))


def test_a_small_wish_opens_by_itself() -> None:
    decision = Memory().submit()
    assert told(decision)["decision"] == "opened"
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestOpened)
    assert fact.need == Need(unit=MONEY, quantity=20_000)


def test_nothing_personal_is_in_an_event_an_answer_or_a_state() -> None:
    decision = Memory().submit()
    said = repr(decision) + repr([s.model_dump() for s in decision.states])
    for personal in ("张三", "13800138000", "棉被"):
        assert personal not in said


def test_the_limit_itself_still_opens_and_one_fen_more_waits() -> None:
    limit = Rules().small_wish_limit_fen
    at = Memory().submit(submitted(need={"unit": MONEY, "quantity": limit}))
    above = Memory().submit(submitted(need={"unit": MONEY, "quantity": limit + 1}))
    assert told(at)["decision"] == "opened"
    assert told(above)["decision"] == "waiting_for_approval"
    assert facts(above) == ["RequestRecorded"]


def test_the_limit_is_a_setting() -> None:
    rules = Rules(small_wish_limit_fen=100)
    assert told(Memory().submit(rules=rules))["decision"] == "waiting_for_approval"


@pytest.mark.parametrize("changed", [{"kind": "project"}, {"category": "other"}])
def test_projects_and_what_has_no_category_always_wait(changed: dict[str, str]) -> None:
    decision = Memory().submit(submitted(**changed))
    assert told(decision)["approval_level"] == "village"


def test_where_the_town_is_unknown_the_city_judges() -> None:
    decision = Memory().submit(submitted(area={"town_code": "441900000"}))
    assert told(decision)["approval_level"] == "city"


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.sampled_from(Kind))
def test_more_never_needs_a_lower_level(one: int, other: int, kind: Kind) -> None:
    less, more = sorted((one, other))

    def rank(quantity: int, unit: str, item: str) -> int:
        need = Need(unit=unit, quantity=quantity, item=item)
        area = Area(town_code=CHASHAN)
        level = approval_level(RULES, kind, Category.MEALS, need, area)
        return LEVELS.index(level) if level else -1

    assert rank(less, MONEY, "") <= rank(more, MONEY, "")
    assert rank(less, "床", "棉被") <= rank(more, "床", "棉被")


def test_the_same_message_twice_is_one_request() -> None:
    memory = Memory()
    first = memory.submit()
    again = memory.submit()
    assert told(again) == told(first)
    assert not again.events
    assert not again.states


def test_the_same_message_by_topic_and_by_http_is_one_request() -> None:
    memory = Memory()
    first = memory.submit(message="m-7")
    again = memory.decide_submission(event(submitted(), id_="m-7"))
    assert told(again) == told(first)
    assert not again.events


def test_the_same_message_id_with_other_content_is_refused() -> None:
    memory = Memory()
    memory.submit()
    with pytest.raises(Invalid) as refused:
        memory.submit(submitted(text="别的内容"))
    assert refused.value.problems[0].code == "idempotency_key_reused"


def test_the_same_need_of_the_same_person_is_a_duplicate() -> None:
    memory = Memory()
    first = told(memory.submit(message="m-1"))
    second = memory.submit(
        submitted(channel="hotline", need={"unit": MONEY, "quantity": 30_000}), message="m-2"
    )
    assert told(second)["decision"] == "duplicate"
    assert told(second)["duplicate_of"] == first["request_id"]
    assert not second.events


@pytest.mark.parametrize(
    "changed",
    [
        {"category": "meals"},
        {"need": {"unit": "床", "quantity": 1, "item": "棉被"}},
        {"applicant": {"name": "张三", "phone": "+8613800138001"}},
    ],
)
def test_another_need_or_person_is_no_duplicate(changed: dict[str, Any]) -> None:
    memory = Memory()
    memory.submit(message="m-1")
    assert told(memory.submit(submitted(**changed), message="m-2"))["decision"] == "opened"


def test_after_the_days_of_the_setting_it_is_a_new_need() -> None:
    memory = Memory()
    memory.submit(message="m-1")
    memory.later(days=RULES.duplicate_days - 0.01)
    assert told(memory.submit(message="m-2"))["decision"] == "duplicate"
    memory.later(days=0.01)
    assert told(memory.submit(message="m-3"))["decision"] == "opened"


def test_after_a_withdrawal_the_same_need_may_come_again() -> None:
    memory = Memory()
    id_ = told(memory.submit(message="m-1"))["request_id"]
    memory.handle(COMMANDS[WithdrawRequest], command(WithdrawRequest(request_id=id_)))
    assert told(memory.submit(message="m-2"))["decision"] == "opened"


def test_a_duplicate_withdrawn_leaves_the_first_one_found() -> None:
    memory = Memory()
    memory.submit(message="m-1")
    second = told(memory.submit(message="m-2"))["request_id"]
    withdrawn = memory.handle(
        COMMANDS[WithdrawRequest], command(WithdrawRequest(request_id=second))
    )
    assert withdrawn.answer is not None
    assert withdrawn.answer.status == 409
    assert told(memory.submit(message="m-3"))["decision"] == "duplicate"


def test_an_approval_opens_what_waits() -> None:
    memory, id_ = waiting()
    decision = approve(memory, id_)
    assert facts(decision) == ["RequestOpened"]
    assert memory.request(id_).state is RequestState.OPEN
    assert memory.request(id_).approved_by == "a"


def test_a_village_cannot_approve_what_the_town_must() -> None:
    memory, id_ = waiting()
    decision = approve(memory, id_, levels=("village",))
    assert decision.answer.status == 403
    assert not decision.states


def test_another_town_does_not_see_it() -> None:
    memory, id_ = waiting()
    assert approve(memory, id_, area="441900104").answer.status == 404
    assert approve(memory, id_, area=CHASHAN).answer.status == 200


def test_nothing_is_approved_twice() -> None:
    memory, id_ = waiting()
    approve(memory, id_)
    again = approve(memory, id_)
    assert again.answer.status == 409
    assert not again.events


def test_an_unknown_request_is_not_found() -> None:
    assert approve(Memory(), "R-none").answer.status == 404


def test_declining_says_why_and_frees_the_person() -> None:
    memory, id_ = waiting()
    asked = DeclineRequest(
        request_id=id_, levels=LEVELS, approver_id="a", reason="可由临时救助政策解决"
    )
    decision = memory.handle(COMMANDS[DeclineRequest], command(asked))
    assert facts(decision) == ["RequestDeclined"]
    assert memory.request(id_).reason == "可由临时救助政策解决"
    assert not memory.person(memory.request(id_).person_id).unfinished


def test_a_channel_withdraws_only_its_own() -> None:
    memory, id_ = waiting()
    handler = COMMANDS[WithdrawRequest]
    other = WithdrawRequest(request_id=id_, source="/channels/other")
    own = WithdrawRequest(request_id=id_, source="/channels/grid")
    refused = memory.handle(handler, command(other))
    assert refused.answer is not None
    assert refused.answer.status == 404
    assert facts(memory.handle(handler, command(own))) == ["RequestWithdrawn"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"need": {"unit": "元", "quantity": 200}}, "need.unit"),
        ({"need": {"unit": MONEY, "quantity": 200, "item": "棉被"}}, "need.item"),
        ({"need": {"unit": "床", "quantity": 2}}, "need.item"),
        ({"need": {"unit": MONEY, "quantity": 10**11}}, "need.quantity"),
        ({"area": {"town_code": "441900999"}}, "area.town_code"),
        ({"area": {"town_code": CHASHAN, "village_code": "441900104001"}}, "area.village_code"),
        ({"applicant": {"name": "张三", "phone": "+8611111111111"}}, "applicant.phone"),
        ({"applicant": {"name": "张三"}}, "applicant.phone"),
        ({"applicant": {"name": " ", "phone": "+8613800138000"}}, "applicant.name"),
        ({"kind": "project", "text": ""}, "text"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Memory().submit(submitted(**changed))
    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.zh
    assert problem.en


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        Memory().submit(submitted(area={"town_code": "441900999"}, applicant={"name": "张三"}))
    assert len(refused.value.problems) == 2


def test_a_command_and_an_event_of_it_are_both_understood() -> None:
    assert RequestSubmitted in events.events(VAULT, RULES)
    assert RequestSubmitted in COMMANDS
