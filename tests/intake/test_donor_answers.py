"""How people write yes and no with the number that they were sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels import text
from services.intake.channels.donor_answers import DonorAnswer, read_donor_answer
from services.intake.model import HearDonor, Message
from services.intake.vault.messages import Inbound, derive_earlier_id, seal_message
from shared.contracts.events import DonorReplied, MessageQueued
from shared.contracts.values import Channel
from shared.messaging.decision import Decision, Ref
from tests.intake.builders import (
    COMMANDS,
    PHONE,
    VAULT,
    DecisionHarness,
    make_command,
    make_submission,
)


@pytest.mark.parametrize(
    "written",
    [
        "Y 4821",
        "y4821",
        "Ｙ　4821",
        "Y-4821",
        "Y：４８２１",
        "同意4821",
        "同意 4821。",
        "4821 同意",
        "4821，同意！",
        "我们同意4821，谢谢",
        "接受 4821",
        "全部接受4821",
        "都同意 4821 谢谢你们",
        "回复Y4821",
        "“Y4821”",
        "yes 4821",
        "可以 4821",
        "4821愿意",
        "願意4821",
        "公司同意 编号4821",
        "【Y4821】",
        "\u202dY4821\u202c",
    ],
)
def test_a_yes(written: str) -> None:
    assert read_donor_answer(written) == DonorAnswer("accept", "4821")
    assert text.understand(written) == DonorAnswer("accept", "4821")


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("N 4821", "other"),
        ("n4821", "other"),
        ("N4821 太远了", "scope"),
        ("不同意 4821", "other"),
        ("不同意4821，最近资金紧张", "capacity"),
        ("4821 不接受", "other"),
        ("婉拒4821", "other"),
        ("4821拒绝，不在我们的服务范围", "scope"),
        ("不能4821 没空", "capacity"),
        ("不同意全部 4821", "other"),
        ("都不同意4821", "other"),
        ("謝絕4821", "other"),
    ],
)
def test_a_no_and_why(written: str, cause: str) -> None:
    answer = read_donor_answer(written)
    assert answer is not None
    assert (answer.verdict, answer.code, answer.cause) == ("decline", "4821", cause)


@pytest.mark.parametrize(
    "written",
    [
        "4821",
        "同意",
        "都同意",
        "Y",
        "N",
        "Y482",
        "Y482199",
        "Y 4821 4822",
        "Y4821 N4822",
        "N4821 打错了，同意",
        "N4821 但是另一个可以",
        "同意4821，但是要下周",
        "Y4821吗？那个地址在哪里",
        "不要2000元",
        "可以 1000 元吗",
        "同意5000个",
        "收到 4821",
        "没收到 4821",
        "张三同意4821元",
        "我不同意你们的做法，电话4821",
        "",
    ],
)
def test_what_is_no_such_answer_is_read_as_before(written: str) -> None:
    assert read_donor_answer(written) is None


@given(st.text(max_size=80))
def test_no_text_breaks_it(written: str) -> None:
    answer = read_donor_answer(written)
    assert answer is None or answer.code.isdecimal()


@given(
    code=st.from_regex(r"[1-9][0-9]{3,4}", fullmatch=True),
    words=st.sampled_from(["y", "Y", "同意", "接受", "n", "N", "不同意", "不接受", "婉拒", "拒绝"]),
    blank=st.sampled_from(["", " ", "　", "，", "：", "-", "\t"]),
    turned=st.booleans(),
)
def test_a_no_is_never_a_yes(code: str, words: str, blank: str, turned: bool) -> None:
    written = f"{code}{blank}{words}" if turned else f"{words}{blank}{code}"
    answer = read_donor_answer(written)
    assert answer is not None
    is_yes = words in ("y", "Y", "同意", "接受")
    assert (answer.code, answer.verdict) == (code, "accept" if is_yes else "decline")


# --- who may have written ---


def hear(harness: DecisionHarness, phone: str, id_: str = "1") -> Decision:
    inbound = Inbound("Y4821", id_, "/callbacks/tencent", Channel.SMS, phone=phone)
    kept = seal_message(VAULT, inbound, None)
    handle(harness, kept)
    data = HearDonor(
        message_id=kept.message_id,
        point_id=kept.point_id,
        earlier_id=derive_earlier_id(VAULT, inbound),
        verdict="accept",
        code="4821",
        cause="other",
    )
    return handle(harness, data)


def handle(harness: DecisionHarness, data: Any) -> Decision:
    return harness.handle(COMMANDS[type(data)], make_command(data))


def test_an_answer_is_his_whom_the_phone_reaches() -> None:
    harness = DecisionHarness()
    harness.submit(make_submission(applicant={"name": "王芳", "phone": PHONE}))
    [request] = harness.requests()
    decision = hear(harness, PHONE)
    [said] = [fact for _, fact in decision.events if isinstance(fact, DonorReplied)]
    assert (said.person_ids, said.verdict, said.code) == ((request.person_id,), "accept", "4821")
    assert not any(isinstance(fact, MessageQueued) for _, fact in decision.events)
    assert not hear(harness, PHONE).events, "a provider repeats what it had no answer to"


def test_an_answer_from_a_phone_that_reaches_nobody_is_read_by_a_person() -> None:
    harness = DecisionHarness()
    decision = hear(harness, "+8613700137000")
    assert any(isinstance(fact, MessageQueued) for _, fact in decision.events)
    assert not any(isinstance(fact, DonorReplied) for _, fact in decision.events)
    [message] = [state for state in harness.states.values() if isinstance(state, Message)]
    assert harness.states[Ref(Message, message.id)] == message
    assert message.state == "unread"
