"""“批了没”: the state of the latest case to its one person; of a shared phone nothing of any."""

from dataclasses import replace

import pytest

from services.intake.channels.answers import Sense, read_answer
from services.intake.channels.typed_requests import format_code
from services.intake.model import Reading, Request, RequestState
from shared.contracts.events import MatchCommitted, MatchDelivered, MessageAnswered
from shared.messaging.decision import Ref
from tests.intake.builders import (
    EVENTS,
    PHONE,
    get_body,
    make_match_event,
    make_submission,
)
from tests.intake.test_decide_inbox import SMS, Inbox

ASKED = replace(SMS, text="批了没", message_id="p")


def ask(inbox: Inbox) -> MessageAnswered:
    message = inbox.keep(ASKED)
    decision = inbox.settle(message, "understood", asks_progress=True)
    (fact,) = [fact for _, fact in decision.events if isinstance(fact, MessageAnswered)]
    assert not inbox.message(message.id).waits
    assert format_code(fact.full_answer) != format_code("nothing_awaited")
    return fact


def submit(inbox: Inbox, **changed: object) -> Request:
    return inbox.request(str(get_body(inbox.submit(make_submission(**changed)))["request_id"]))


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (RequestState.RECORDED, "progress_waiting"),
        (RequestState.RETURNED, "progress_returned"),
        (RequestState.OPEN, "progress_open"),
        (RequestState.REFERRED, "progress_where"),
    ],
)
def test_each_state_has_an_answer(state: RequestState, answer: str) -> None:
    inbox = Inbox()
    request = submit(inbox)
    inbox.states[Ref(Request, request.id)] = request.model_copy(update={"state": state})
    fact = ask(inbox)
    assert (fact.full_answer, fact.answer) == (answer, "unread")
    assert fact.detail == request.id[-6:].upper()


@pytest.mark.parametrize(
    ("kind", "answer"),
    [(MatchCommitted, "progress_promised"), (MatchDelivered, "progress_delivered")],
)
def test_what_is_promised_or_delivered_is_said(kind: type, answer: str) -> None:
    inbox = Inbox()
    request = submit(inbox).model_copy(update={"state": RequestState.OPEN})
    inbox.states[Ref(Request, request.id)] = request
    inbox.handle(EVENTS[kind], make_match_event(kind, request, 20_000))
    assert ask(inbox).full_answer == answer


def test_nothing_is_said_of_anybody_on_a_shared_phone() -> None:
    inbox = Inbox()
    submit(inbox)
    inbox.submit(make_submission(applicant={"name": "李四", "phone": PHONE}), "m-2")
    fact = ask(inbox)
    assert (fact.full_answer, fact.detail) == ("progress_where", "")


def test_who_has_no_case_is_told_how_to_ask() -> None:
    assert ask(Inbox()).full_answer == "progress_none"


@pytest.mark.parametrize(
    "written",
    [
        *("查进度", "我的申请怎么样了", "批了没", "到哪了", "我妈的申请批了吗", "申请批咗未"),
        *("有结果了吗", "轮椅什么时候送到", "还没有消息", "幾時有得批", "我想查一下我的申请进度"),
        *(
            "办得怎么样了",
            "我的事办得怎么样了",
            "处理得怎么样了",
            "申请办得如何了",
            "审批到哪一步了",
        ),
        *(
            "送到哪了",
            "有没有消息",
            "结果出来了吗",
            "搞定了吗",
            "查询",
            "查诉求",
            "进度查询",
            "看看进度",
        ),
        *(
            "轮椅的事怎么样了",
            "现在什么情况",
            "status",
            "progress",
            "Where is my request?",
            "any news",
        ),
    ],
)
def test_progress_is_asked_for_in_many_words(written: str) -> None:
    assert read_answer(written).sense is Sense.PROGRESS


@pytest.mark.parametrize(
    "written", ["收到了吗", "怎么申请", "为什么不批给我们村修路", "什么时候下班", "批了没收到", "1"]
)
def test_other_questions_are_no_question_for_progress(written: str) -> None:
    assert read_answer(written).sense is not Sense.PROGRESS


@pytest.mark.parametrize(
    "written",
    [
        *("催一下", "催催", "快点啦", "麻烦快点处理", "请尽快安排", "还没有人来", "怎么还没人来"),
        *("等了一个月了", "等了一个月了还没人来", "你们什么时候来", "没人联系我", "等了很久"),
    ],
)
def test_who_presses_wants_more_than_to_be_told(written: str) -> None:
    assert read_answer(written).sense is Sense.PRESSING


@pytest.mark.parametrize(
    "written", ["没有人给我做饭", "家里没人照顾", "我们村没人修路", "等了一个月收到了", "没人"]
)
def test_who_says_what_is_missing_does_not_press(written: str) -> None:
    assert read_answer(written).sense is not Sense.PRESSING


def test_who_says_that_nothing_came_hears_how_far_his_case_is() -> None:
    """Nothing is delivered yet; a person reads it too."""
    inbox = Inbox()
    submit(inbox)
    message = inbox.keep(ASKED)
    decision = inbox.settle(message, "unread", reading="not_received", answer="unread")
    (fact,) = [fact for _, fact in decision.events if isinstance(fact, MessageAnswered)]
    assert fact.full_answer == "progress_open"
    assert inbox.message(message.id).waits


@pytest.mark.parametrize(("reading", "answer"), [("partly", "none_awaited"), ("call", "unread")])
def test_who_speaks_of_a_delivery_and_awaits_none_is_not_told_to_apply(
    reading: Reading, answer: str
) -> None:
    inbox = Inbox()
    message = inbox.keep(ASKED)
    decision = inbox.settle(message, "unread", reading=reading, answer="unread")
    (fact,) = [fact for _, fact in decision.events if isinstance(fact, MessageAnswered)]
    assert fact.full_answer == answer
    assert inbox.message(message.id).waits
