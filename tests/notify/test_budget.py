"""A month's budget for SMS: counted as they are billed, said before it is gone, nothing lost."""

from typing import Any

import pytest

from services.notify.history import make_part
from services.notify.limits import count_parts
from services.notify.model import Backlog, Notice, RecordOutcome
from services.notify.spending import (
    BUDGET_GONE,
    SmsSpending,
    WarnOfBudget,
    compute_percent,
    find_alarm,
    find_month,
    sum_parts,
)
from services.notify.templates import TEMPLATES
from shared.contracts.events import MessageAnswered, NoticeChannel
from shared.messaging.decision import Ref
from tests.notify.decisions import DecisionHarness, make_rules, make_with_notice


def claim_gone(harness: DecisionHarness, *reachable: NoticeChannel, **more: Any) -> str:
    """The channel it goes by now that the budget is gone; empty where it waits."""
    data = harness.make_claim(reachable).model_copy(update={"is_budget_gone": True, **more})
    answer = harness.execute(data)
    assert answer is not None
    return str(answer.body["channel"]) if answer.status == 200 else ""


def test_an_ordinary_sms_waits_and_says_why() -> None:
    harness = make_with_notice()
    assert claim_gone(harness, "sms") == ""
    assert (harness.notice.state, harness.notice.code) == ("created", BUDGET_GONE)
    assert "预算" in make_part(harness.notice).zh
    harness.wait_until_due()
    assert harness.claim("sms") == (1, "sms"), "the budget was raised"


def test_wechat_goes_on_also_for_who_prefers_sms() -> None:
    assert claim_gone(make_with_notice(), "wechat", "sms", preferred="sms") == "wechat"


def test_answers_go_by_sms_all_the_same() -> None:
    harness = DecisionHarness()
    harness.on_event(MessageAnswered(person_id="P-1", answer="unread"))
    assert claim_gone(harness, "sms") == "sms"


@pytest.mark.parametrize("purpose", [*sorted(make_rules().urgent_purposes), "word_accept"])
def test_nothing_urgent_and_no_code_waits_for_money(purpose: str) -> None:
    harness = make_with_notice()
    notice = harness.notice.model_copy(update={"purpose": purpose})
    harness.states = {Ref(Notice, notice.id): notice}
    assert claim_gone(harness, "sms", own_phone=True) == "sms"


def test_what_waited_too_long_is_told_by_phone() -> None:
    harness = make_with_notice()
    claim_gone(harness, "sms")
    harness.pass_time(make_rules().notice_life_s + 1)
    claim_gone(harness, "sms")
    notice = harness.notice
    assert (notice.state, notice.code) == ("failed", BUDGET_GONE)
    assert notice.task is not None
    assert notice.task.why == BUDGET_GONE


@pytest.mark.parametrize(
    ("outcomes", "parts"),
    [
        (["sent"], 2),
        (["unknown"], 2),
        (["unknown", "sent"], 2),
        (["retry"], 0),
        (["refused"], 0),
    ],
)
def test_what_went_out_or_may_have_is_counted_once(outcomes: list[Any], parts: int) -> None:
    harness = make_with_notice()
    claimed = harness.claim("sms")
    assert claimed is not None
    for outcome in outcomes:
        fields = {"notice_id": harness.notice.id, "attempt": claimed[0], "channel": "sms"}
        record = {**fields, "provider": "tencent", "outcome": outcome, "parts": 2, "shard": 3}
        harness.execute(RecordOutcome.model_validate(record))
    rows = [state for state in harness.states.values() if isinstance(state, SmsSpending)]
    assert sum_parts(rows).get("tencent", 0) == parts
    assert all(row.id == f"{find_month(harness.now)}/3" for row in rows)


def test_each_alarm_is_said_once_a_month() -> None:
    harness = DecisionHarness()
    for percent in (80, 80, 100, 80, 100):
        harness.execute(WarnOfBudget(month="2026-11", percent=percent))
    backlogs = [state for state in harness.states.values() if isinstance(state, Backlog)]
    assert {(b.purpose, b.count, b.duty) for b in backlogs} == {
        ("staff_budget_low", 80, "operator"),
        ("staff_budget_gone", 100, "operator"),
    }
    assert all(backlog.due_at == harness.now for backlog in backlogs), "at once, by day and night"


@pytest.mark.parametrize(
    ("parts", "budget", "percent", "alarm"),
    [(100, 0, 0, 0), (799, 50, 79, 0), (800, 50, 80, 80), (999, 50, 99, 80), (1000, 50, 100, 100)],
)
def test_the_alarm_comes_before_it_is_gone(
    parts: int, budget: float, percent: int, alarm: int
) -> None:
    assert compute_percent(parts, 5, budget) == percent
    assert find_alarm(percent, 80) == alarm


def test_an_english_sms_is_counted_as_the_two_that_are_billed() -> None:
    sign, values = "东莞民政", ["0A1B2C"]
    assert count_parts(sign, TEMPLATES["request_opened"], values) == 1
    assert count_parts(sign, TEMPLATES["request_opened.en"], values) == 2
