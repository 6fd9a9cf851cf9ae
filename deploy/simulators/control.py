"""`/simulator/`: what lies on the phones, what was counted, and people who text back."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from deploy.simulators.callbacks import Answer, Callbacks
from deploy.simulators.phones import Entry, Phones
from deploy.simulators.scripts import PLANS, SUFFIXES, Script, Scripts
from deploy.simulators.settings import SimulatorSettings
from deploy.simulators.wechat import WeChat
from shared.clock import Clock

AT_ONCE_MAX = 16
BATCH_MAX = 1000

Number = Annotated[str, Field(pattern=r"^(\+86)?1[0-9]{10}$")]
Openid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{6,64}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
UnixTime = Annotated[int, Field(ge=0, lt=2**33)]

Said = TypeVar("Said")


class Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reply(Asked):
    """time: unix seconds, now if absent. The same reply twice carries the same time."""

    text: Text
    time: UnixTime | None = None


class NumberedReply(Reply):
    number: Number


class WeChatWords(Reply):
    """message_id: given again for a message that is pushed again."""

    message_id: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$")


class NumberedWords(WeChatWords):
    openid: Openid


class Following(Asked):
    event: Literal["subscribe", "unsubscribe"]


class Behaviour(Asked):
    recipient: str
    script: Script


class IntakeSaid(Asked):
    """What intake answered; queued when it will be pushed again."""

    status: int
    answer: str
    queued: bool


def _said(answer: Answer) -> IntakeSaid:
    return IntakeSaid(status=answer.status, answer=answer.text, queued=answer.may_work_later)


async def _each(
    items: Sequence[Said], push: Callable[[Said], Awaitable[IntakeSaid]]
) -> list[IntakeSaid]:
    """All of them, some at a time, answered in order."""
    gate = asyncio.Semaphore(AT_ONCE_MAX)

    async def one(item: Said) -> IntakeSaid:
        async with gate:
            return await push(item)

    return await asyncio.gather(*(one(item) for item in items))


class People:
    """The persons who hold the phones."""

    def __init__(
        self,
        settings: SimulatorSettings,
        phones: Phones,
        callbacks: Callbacks,
        wechat: WeChat,
        counters: Counter[str],
        now: Clock,
    ) -> None:
        self._settings, self._phones, self._callbacks = settings, phones, callbacks
        self._wechat, self._counters, self._now = wechat, counters, now

    async def text(self, number: str, reply: Reply) -> IntakeSaid:
        number, at = f"+86{number.removeprefix('+86')}", self._at(reply)
        self._counters["sms_replies"] += 1
        self._note("sms", number, reply.text, at)
        return _said(await self._callbacks.reply(number, reply.text, at))

    async def write(self, openid: str, words: WeChatWords) -> IntakeSaid:
        at, message_id = self._at(words), words.message_id or str(self._wechat.next_id())
        self._counters["wechat_texts"] += 1
        self._note("wechat", openid, words.text, at)
        fields = self._fields(openid, at, "text") | {
            "Content": words.text,
            "MsgId": int(message_id),
        }
        return _said(await self._callbacks.wechat(fields))

    async def follow(self, openid: str, event: Literal["subscribe", "unsubscribe"]) -> IntakeSaid:
        self._wechat.follow(openid, event == "subscribe")
        fields = self._fields(openid, self._now(), "event") | {"Event": event, "EventKey": ""}
        return _said(await self._callbacks.wechat(fields))

    def _at(self, reply: Reply) -> datetime:
        return self._now() if reply.time is None else datetime.fromtimestamp(reply.time, UTC)

    def _fields(self, openid: str, at: datetime, kind: str) -> dict[str, str | int]:
        return {
            "ToUserName": self._settings.wechat_account,
            "FromUserName": openid,
            "CreateTime": int(at.timestamp()),
            "MsgType": kind,
        }

    def _note(
        self, channel: Literal["sms", "wechat"], recipient: str, text: str, at: datetime
    ) -> None:
        seq = self._phones.next_seq()
        self._phones.add(Entry(seq, recipient, channel, "out", text, at))


def router(
    phones: Phones,
    scripts: Scripts,
    callbacks: Callbacks,
    wechat: WeChat,
    people: People,
    counters: Counter[str],
) -> APIRouter:
    routes = APIRouter(prefix="/simulator")

    @routes.get("/messages")
    async def messages(recipient: str = "", since: int = 0, limit: int = 200) -> dict[str, Any]:
        """After the cursor `since`, oldest first; ask again from `next`."""
        found = phones.since(since, recipient, max(1, min(limit, 5000)))
        return {
            "messages": [entry.as_json() for entry in found],
            "next": found[-1].seq if found else since,
        }

    @routes.get("/recipients")
    async def recipients(limit: int = 60) -> list[dict[str, Any]]:
        """The phones that were busy last, each with its newest message."""
        return [
            {**entry.as_json(), "messages": count, "script": scripts.script(entry.recipient)}
            for entry, count in phones.recent(max(1, min(limit, 500)))
        ]

    @routes.get("/counters")
    async def count() -> dict[str, int]:
        waiting = {
            "receipts_pending": callbacks.receipts.pending,
            "pushes_pending": callbacks.others.pending,
        }
        return dict(sorted((counters | Counter(waiting)).items())) | waiting

    @routes.get("/behaviours")
    async def behaviours() -> dict[str, dict[str, str]]:
        return {"by_suffix": {s: str(script) for s, script in SUFFIXES.items()}}

    @routes.post("/behaviours")
    async def behave(asked: Behaviour) -> dict[str, str]:
        assert asked.script in PLANS
        scripts.assign(asked.recipient, asked.script)
        return {"recipient": asked.recipient, "script": asked.script}

    @routes.post("/phones/{number}/reply")
    async def reply(number: Annotated[Number, Path()], asked: Reply) -> IntakeSaid:
        return await people.text(number, asked)

    @routes.post("/phones/replies")
    async def replies(
        asked: Annotated[list[NumberedReply], Field(max_length=BATCH_MAX)],
    ) -> list[IntakeSaid]:
        return await _each(asked, lambda one: people.text(one.number, one))

    @routes.post("/wechat/{openid}/text")
    async def text(openid: Annotated[Openid, Path()], asked: WeChatWords) -> IntakeSaid:
        return await people.write(openid, asked)

    @routes.post("/wechat/texts")
    async def texts(
        asked: Annotated[list[NumberedWords], Field(max_length=BATCH_MAX)],
    ) -> list[IntakeSaid]:
        return await _each(asked, lambda one: people.write(one.openid, one))

    @routes.post("/wechat/{openid}/event")
    async def event(openid: Annotated[Openid, Path()], asked: Following) -> IntakeSaid:
        return await people.follow(openid, asked.event)

    @routes.post("/wechat/expire-tokens")
    async def expire_tokens() -> dict[str, str]:
        """Every access token given so far is dead from here on."""
        wechat.tokens.expire()
        return {"tokens": "expired"}

    return routes
