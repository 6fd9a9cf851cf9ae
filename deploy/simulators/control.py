"""`/simulator/`: the messages on the phones, the counters, people who text back, and the providers'
consoles."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from deploy.simulators.callbacks import Answer, Callbacks
from deploy.simulators.faults import Chance, Faults
from deploy.simulators.phones import Entry, Phones
from deploy.simulators.scripts import PLANS, SUFFIXES, Script, Scripts
from deploy.simulators.settings import SimulatorSettings
from deploy.simulators.wechat import WeChat
from shared.clock import Clock

CONCURRENT_MAX = 16
BATCH_MAX = 1000

Number = Annotated[str, Field(pattern=r"^(\+86)?1[0-9]{10}$")]
Openid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{6,64}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
UnixTime = Annotated[int, Field(ge=0, lt=2**33)]

Provider = Literal["tencent", "aliyun", "wechat"]
Item = TypeVar("Item")


class ControlModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reply(ControlModel):
    """time: unix seconds, now if absent. The same reply twice carries the same time."""

    text: Text
    time: UnixTime | None = None


class AddressedReply(Reply):
    number: Number


class WeChatText(Reply):
    """message_id: the same one for a message that is pushed again."""

    message_id: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$")


class AddressedText(WeChatText):
    openid: Openid


class FollowEvent(ControlModel):
    event: Literal["subscribe", "unsubscribe"]


class Choice(ControlModel):
    """taken_back: in WeChat's settings, later."""

    template_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    accepted: bool
    taken_back: bool = False


class Behaviour(ControlModel):
    recipient: str
    script: Script


class RandomFaults(ControlModel):
    faults: Faults
    seed: int = 1


class IntakeAnswer(ControlModel):
    """What intake answered; queued when it will be pushed again."""

    status: int
    answer: str
    queued: bool


def _build_answer(answer: Answer) -> IntakeAnswer:
    return IntakeAnswer(status=answer.status, answer=answer.text, queued=answer.may_work_later)


def find_passive_text(answer: str) -> str:
    """What WeChat shows at once: the text of the answer to the push itself; empty of another."""
    content = re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", answer, re.DOTALL)
    return content[1] if content else ""


async def _push_each(
    items: Sequence[Item], push: Callable[[Item], Awaitable[IntakeAnswer]]
) -> list[IntakeAnswer]:
    """All items, some at a time; the answers in their order."""
    gate = asyncio.Semaphore(CONCURRENT_MAX)

    async def push_one(item: Item) -> IntakeAnswer:
        async with gate:
            return await push(item)

    return await asyncio.gather(*(push_one(item) for item in items))


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

    async def send_sms(self, number: str, reply: Reply) -> IntakeAnswer:
        number, at = f"+86{number.removeprefix('+86')}", self._compute_time(reply)
        self._counters["sms_replies"] += 1
        sender = self._phones.find_sender(number)
        self._record("sms", number, reply.text, at)
        return _build_answer(await self._callbacks.push_reply(number, reply.text, at, sender))

    async def send_text(self, openid: str, text: WeChatText) -> IntakeAnswer:
        at, message_id = (
            self._compute_time(text),
            text.message_id or str(self._wechat.take_next_id()),
        )
        self._counters["wechat_texts"] += 1
        self._record("wechat", openid, text.text, at)
        fields = self._build_fields(openid, at, "text") | {
            "Content": text.text,
            "MsgId": int(message_id),
        }
        answer = await self._callbacks.push_wechat(fields)
        if passive_text := find_passive_text(answer.text):
            self._record("wechat", openid, passive_text, self._now(), "answer")
        return _build_answer(answer)

    async def send_media(self, openid: str, kind: str, media_id: str, fmt: str) -> IntakeAnswer:
        self._counters["wechat_media"] += 1
        self._record("wechat", openid, f"[{kind}]", self._now())
        fields = self._build_fields(openid, self._now(), kind) | {
            "MediaId": media_id,
            "Format": fmt,
            "MsgId": self._wechat.take_next_id(),
        }
        return _build_answer(await self._callbacks.push_wechat(fields))

    async def follow(self, openid: str, event: Literal["subscribe", "unsubscribe"]) -> IntakeAnswer:
        self._wechat.set_following(openid, event == "subscribe")
        fields = self._build_fields(openid, self._now(), "event") | {"Event": event, "EventKey": ""}
        return _build_answer(await self._callbacks.push_wechat(fields))

    async def choose(self, openid: str, *choices: Choice) -> IntakeAnswer:
        """What was asked for together is one event, and was all taken back or none of it."""
        rows = []
        for choice in choices:
            accepted = choice.accepted and not choice.taken_back
            self._wechat.choose(openid, choice.template_id, accepted=accepted)
            status = "accept" if accepted else "reject"
            row = {"TemplateId": choice.template_id, "SubscribeStatusString": status}
            rows.append({**row, "PopupScene": "2"})
        is_taken_back = choices[0].taken_back
        kind = "subscribe_msg_change_event" if is_taken_back else "subscribe_msg_popup_event"
        fields = {**self._wechat.build_event(openid, kind), "SubscribeMsgPopupEvent": rows}
        return _build_answer(await self._callbacks.push_wechat(fields))

    def _compute_time(self, reply: Reply) -> datetime:
        return self._now() if reply.time is None else datetime.fromtimestamp(reply.time, UTC)

    def _build_fields(self, openid: str, at: datetime, kind: str) -> dict[str, str | int]:
        return {
            "ToUserName": self._settings.wechat_account,
            "FromUserName": openid,
            "CreateTime": int(at.timestamp()),
            "MsgType": kind,
        }

    def _record(
        self,
        channel: Literal["sms", "wechat"],
        recipient: str,
        text: str,
        at: datetime,
        direction: Literal["out", "answer"] = "out",
    ) -> None:
        seq = self._phones.take_next_seq()
        self._phones.add(Entry(seq, recipient, channel, direction, text, at))


def build_router(
    phones: Phones,
    scripts: Scripts,
    chance: Chance,
    callbacks: Callbacks,
    wechat: WeChat,
    people: People,
    counters: Counter[str],
    menu_url: str = "",
) -> APIRouter:
    router = APIRouter(prefix="/simulator")

    @router.get("/messages")
    async def list_messages(
        recipient: str = "", since: int = 0, limit: int = 200
    ) -> dict[str, object]:
        """After the cursor `since`, oldest first; ask again from `next`."""
        entries = phones.list_since(since, recipient, max(1, min(limit, 5000)))
        return {
            "messages": [entry.to_json() for entry in entries],
            "next": entries[-1].seq if entries else since,
        }

    @router.get("/recipients")
    async def list_recipients(limit: int = 60) -> list[dict[str, object]]:
        """The phones that were busy last, each with its newest message."""
        return [
            {**entry.to_json(), "messages": count, "script": scripts.find_script(entry.recipient)}
            for entry, count in phones.list_recent(max(1, min(limit, 500)))
        ]

    @router.get("/menu")
    async def read_menu() -> dict[str, str]:
        """Of the account, on each WeChat phone."""
        return {"url": menu_url}

    @router.get("/counters")
    async def read_counters() -> dict[str, int]:
        waiting = {
            "receipts_pending": callbacks.pending_receipts,
            "pushes_pending": callbacks.others.pending,
        }
        return dict(sorted((counters | Counter(waiting)).items())) | waiting

    @router.get("/behaviours")
    async def list_behaviours() -> dict[str, dict[str, str]]:
        return {"by_suffix": {s: str(script) for s, script in SUFFIXES.items()}}

    @router.post("/behaviours")
    async def assign_behaviour(body: Behaviour) -> dict[str, str]:
        assert body.script in PLANS
        scripts.assign(body.recipient, body.script)
        return {"recipient": body.recipient, "script": body.script}

    @router.get("/faults")
    async def read_faults() -> RandomFaults:
        return RandomFaults(faults=chance.faults, seed=chance.seed)

    @router.post("/faults")
    async def set_faults(body: RandomFaults) -> RandomFaults:
        """From the next call on; the same seed brings each recipient the same again."""
        chance.restart(body.faults, body.seed)
        return body

    @router.post("/phones/{number}/reply")
    async def send_reply(number: Annotated[Number, Path()], body: Reply) -> IntakeAnswer:
        return await people.send_sms(number, body)

    @router.post("/phones/replies")
    async def send_replies(
        body: Annotated[list[AddressedReply], Field(max_length=BATCH_MAX)],
    ) -> list[IntakeAnswer]:
        return await _push_each(body, lambda one: people.send_sms(one.number, one))

    @router.post("/wechat/{openid}/text")
    async def send_text(openid: Annotated[Openid, Path()], body: WeChatText) -> IntakeAnswer:
        return await people.send_text(openid, body)

    @router.post("/wechat/texts")
    async def send_texts(
        body: Annotated[list[AddressedText], Field(max_length=BATCH_MAX)],
    ) -> list[IntakeAnswer]:
        return await _push_each(body, lambda one: people.send_text(one.openid, one))

    @router.post("/wechat/{openid}/event")
    async def send_event(openid: Annotated[Openid, Path()], body: FollowEvent) -> IntakeAnswer:
        return await people.follow(openid, body.event)

    @router.post("/wechat/{openid}/subscription")
    async def send_choice(openid: Annotated[Openid, Path()], body: Choice) -> IntakeAnswer:
        """What he taps where he is asked for one more subscribe message."""
        return await people.choose(openid, body)

    @router.post("/wechat/expire-tokens")
    async def expire_tokens() -> dict[str, str]:
        """Every access token issued so far is dead from now on."""
        wechat.tokens.expire()
        return {"tokens": "expired"}

    return router


class Template(ControlModel):
    """text: with {1}, {2} …; of WeChat's, its title."""

    provider: Provider
    template_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    text: Annotated[str, Field(min_length=1, max_length=500)]


def build_console_router(templates: Mapping[Provider, dict[str, str]]) -> APIRouter:
    """The providers' consoles: a template that somebody registers is approved at once.

    templates: of each provider, id and text; where there is none, any is taken.
    """
    router = APIRouter(prefix="/simulator")

    @router.post("/templates")
    async def register_template(body: Template) -> Template:
        """From now on a message may be sent by it. An id that is there already gets this text."""
        if templates[body.provider]:
            templates[body.provider][body.template_id] = body.text
        return body

    return router
