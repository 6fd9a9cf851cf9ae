"""What leaves the house of a need are the catalogue's words; what was written stays sealed."""

from typing import Any

import pytest

from services.intake.channels.text import Draft, understand
from services.intake.channels.typed_requests import build_typed_request
from services.intake.model import ApproveRequest, Request
from services.intake.rules import LEVELS, find_problems
from services.intake.vault.persons import open_text
from shared.contracts.events import RequestOpened
from shared.contracts.values import Channel
from shared.messaging.decision import Decision
from shared.text import fold_text
from tests.intake.builders import (
    COMMANDS,
    RULES,
    VAULT,
    DecisionHarness,
    get_body,
    make_command,
    make_submission,
)

PERSONAL = ("端木", "司徒", "13788000999", "李四")


def ask(harness: DecisionHarness, item: str, unit: str = "床", **changed: Any) -> Decision:
    need = {"unit": unit, "quantity": 2, "item": item}
    return harness.submit(make_submission(need=need, **changed))


def get_only(harness: DecisionHarness) -> Request:
    (request,) = harness.requests()
    return request


def read_text(harness: DecisionHarness) -> str:
    request = get_only(harness)
    return open_text(VAULT, harness.person(request.person_id), request) or ""


def test_a_synonym_leaves_by_its_name_and_says_why() -> None:
    harness = DecisionHarness()
    decision = ask(harness, "被子", "条")
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestOpened)
    assert (fact.need.item, fact.need.unit, fact.need.quantity) == ("棉被", "床", 2)
    assert get_body(decision)["item"]["reason"] == "被子 → 棉被：别名；条 → 床：棉被的单位"


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("端木测红棉被", "棉被"),
        ("棉被两床给司徒甲", "棉被"),
        ("轮椅（联系李四）", "轮椅"),
        ("给李四的香云纱", "生活物资"),
    ],
)
def test_a_name_that_is_glued_to_an_item_stays_inside(written: str, named: str) -> None:
    harness = DecisionHarness()
    decision = ask(harness, written, "个")
    request = get_only(harness)
    assert (request.state, request.waits_for) == ("recorded", ("item_unclear",))
    assert request.need.item == named
    stored = repr(harness.states) + repr(decision)
    assert not any(word in stored for word in PERSONAL)
    assert read_text(harness) == f"所写物品：{fold_text(written)}\n想要一床新棉被"


def test_an_sms_with_a_name_in_its_item_tells_nobody() -> None:
    harness = DecisionHarness()
    text = "心愿 生活物资 端木测红棉被2床 茶山镇 低保 张三"
    understood = understand(text)
    assert isinstance(understood, Draft)
    request = build_typed_request(
        understood, Channel.SMS, text, phone="+8613788000999", openid=None
    )
    decision = harness.submit(request)
    assert get_only(harness).need.item == "棉被"
    assert not any(word in repr(decision) + repr(harness.states) for word in PERSONAL)
    assert "端木测" in read_text(harness)


def test_a_service_may_be_called_as_its_category() -> None:
    decision = ask(DecisionHarness(), "居家养老服务", "次", category="home_care")
    ((_, fact),) = decision.events
    assert isinstance(fact, RequestOpened)
    assert (fact.need.item, fact.need.unit) == ("居家养老服务", "次")


def test_the_approver_says_what_is_needed() -> None:
    harness = DecisionHarness()
    ask(harness, "给李四的香云纱", "条")
    request = get_only(harness)

    def approve(item: str) -> Decision:
        asked = ApproveRequest(request_id=request.id, levels=LEVELS, approver_id="judge", item=item)
        return harness.handle(COMMANDS[ApproveRequest], make_command(asked, key="judge|1"))

    refused = approve("香云纱")
    assert refused.answer is not None
    assert refused.answer.status == 422
    opened = approve("被子")
    ((_, fact),) = opened.events
    assert isinstance(fact, RequestOpened)
    assert (fact.need.item, fact.need.unit) == ("棉被", "床")


@pytest.mark.parametrize("collector", ["13788000999", "李四", "C-13788000999"])
def test_a_collector_who_is_named_by_phone_or_name_leaves_as_a_digest(collector: str) -> None:
    harness = DecisionHarness()
    decision = harness.submit(make_submission(collector_id=collector))
    assert (get_only(harness).collector_id or "").startswith("K-")
    assert not any(word in repr(decision) + repr(harness.states) for word in PERSONAL)
    assert read_text(harness).startswith(f"收集人：{collector}\n")


def test_a_collectors_number_of_the_house_stays() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission(collector_id="grid-2022000017"))
    assert get_only(harness).collector_id == "grid-2022000017"


@pytest.mark.parametrize(
    ("need", "is_phone"),
    [
        ({"unit": "床", "quantity": 13_788_000_999, "item": "棉被"}, True),
        ({"unit": "fen", "quantity": 13_788_000_999}, True),
        ({"unit": "fen", "quantity": 15_000_000_000}, False),
        ({"unit": "床", "quantity": 12_000, "item": "棉被"}, False),
    ],
)
def test_a_phone_in_the_column_of_quantities_or_sums_leaves_nothing(
    need: dict[str, object], is_phone: bool
) -> None:
    """It would stand in clear on the topic; a project of 150 million yuan is none."""
    problems = [problem.code for problem in find_problems(RULES, make_submission(need=need))]
    assert problems == (["quantity_is_phone"] if is_phone else [])
