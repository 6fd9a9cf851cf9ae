"""Whatever one contact writes: kept, read once, answered or read by staff, and never a guess."""

import asyncio
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.channels.answers import Sense, read_answer
from services.intake.model import Message
from shared.contracts.events import ReplyUnderstood
from shared.contracts.values import Channel
from tests.intake.door import Door, Outcome, reads_in_memory
from tests.support.examples import count_examples

State = Literal["nothing", "a dialogue", "one delivery", "two deliveries", "opted out"]
STATES: tuple[State, ...] = (
    "nothing",
    "a dialogue",
    "one delivery",
    "two deliveries",
    "opted out",
)
CHANNELS = (Channel.SMS, Channel.WECHAT)
PHRASES = (
    *(
        "收到",
        "没收到",
        "1",
        "2",
        "收到👍",
        "都收到了",
        "收到一半",
        "一部分",
        "轮椅收到了",
        "棉被收到",
    ),
    *("N", "Y", "y4821", "同意4821", "退订", "恢复", "谢谢", "😭", "👍", "取消", "算了不要了"),
    *("求助", "求轮椅1辆", "棉被2床", "茶山镇", "虎门", "不知道", "张三", "我妈妈叫陈阿妹", "3000"),
    *("求轮椅1辆，虎门镇，张三", "2床被子和一袋米，茶山，李四", "学费2000元，茶山，王五"),
    *("不是虎门,是厚街", "石碣水南村", "催一下", "还没有人来", "批了没", "我想捐款", "给我回电话"),
    *("我不想活了", "在寮步", "绑定", "绑定 12345678", "本人 12345678", "心愿", "你好", "收到了吗"),
)
TEXTS = (
    st.sampled_from(PHRASES)
    | st.text(max_size=40)
    | st.lists(
        st.sampled_from((*PHRASES, "，", " ", "\x00", "\u200b", "\ud7ff", "𠮷")), max_size=4
    ).map("".join)
)
SILENT = frozenset({"thanks", "received", "donor", "binding", "request", "part_of_request"})
"""Readings after which nothing is sent at once: a courtesy, a second yes, and what another event
answers (matching's, the binding's, the request's own notice)."""


class Talk:
    """One contact in a state, and every claim about each of its messages."""

    def __init__(self, channel: Channel) -> None:
        self.door, self._channel = Door(channel), channel

    async def begin(self, state: State) -> None:
        """By messages, so that it is a state that there is."""
        if state == "a dialogue":
            await self.door.write("求轮椅1辆")
        elif state == "opted out":
            await self.door.write("退订")
        deliveries = {"one delivery": 1, "two deliveries": 2}.get(state, 0)
        for number, thing in enumerate(("轮椅1辆", "棉被2床")[:deliveries], 1):
            first = await self.door.write(f"求{thing}，虎门镇，张三")
            self.door.deliver(
                str(first.message.request_id), f"M-{first.message.request_id}-{number}"
            )

    async def write(self, text: str) -> None:
        awaited = self.list_awaited()
        doubts = [m for m in self.list_messages() if m.id in self.door.thread.doubts]
        outcome = await self.door.write(text)
        self._check_money(text, outcome, awaited, any(m.may_doubt for m in doubts))
        self._check_heard(outcome)
        count, facts = len(self.list_messages()), len(self.door.facts)
        again = await self.door.write(text, number=self.door.written)
        assert len(self.list_messages()) == count, "pushed once more it is the same message"
        if outcome.message.answer != "which":
            assert (again.facts, len(self.door.facts)) == ((), facts), "and is read once"

    def _check_money(
        self, text: str, outcome: Outcome, awaited: list[str], is_doubted: bool
    ) -> None:
        """Only a yes confirms, of the one that is open or that it names, and behind no doubt."""
        facts = [fact for fact in outcome.facts if isinstance(fact, ReplyUnderstood)]
        arrived = [fact.match_id for fact in facts if fact.meaning == "received"]
        if not arrived:
            return
        answer = read_answer(text)
        assert answer.sense in (Sense.RECEIVED, Sense.REFERENCE)
        assert set(arrived) <= set(awaited)
        assert not is_doubted
        is_named = bool(answer.references) or "轮椅" in text or "棉被" in text or "被子" in text
        assert len(awaited) == 1 or answer.is_about_all or (is_named and len(arrived) == 1)

    def _check_heard(self, outcome: Outcome) -> None:
        message = outcome.message
        assert message.is_settled
        assert message.cipher
        is_told = bool(outcome.answers) if self._channel is Channel.SMS else bool(outcome.said)
        is_read = message.state in ("unread", "asked")
        is_carried_out = any(isinstance(fact, ReplyUnderstood) for fact in outcome.facts)
        assert is_told or is_read or is_carried_out or message.reading in SILENT

    def list_awaited(self) -> list[str]:
        return [id_ for person in self.door.persons() for id_ in person.awaiting]

    def list_messages(self) -> list[Message]:
        return [state for state in self.door.states.values() if isinstance(state, Message)]


@settings(max_examples=count_examples(200, 5_000), deadline=None)
@given(
    st.sampled_from(CHANNELS),
    st.sampled_from(STATES),
    st.lists(TEXTS, min_size=1, max_size=5),
)
def test_every_message_is_kept_read_once_and_heard(
    channel: Channel, state: State, texts: list[str]
) -> None:
    async def talk() -> None:
        one = Talk(channel)
        await one.begin(state)
        for text in texts:
            await one.write(text)
            one.door.later(minutes=7)

    with reads_in_memory():
        asyncio.run(talk())
