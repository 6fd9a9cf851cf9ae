"""Donors, staff and applicants: each does what a person would, with what lies on the phone."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import uuid4

from deploy.demo.desks import Desk, Desks
from services.notify.templates import TEMPLATES

LOOK_EVERY_S = 0.3
WORK_EVERY_S = 1.0
PAGE = 500
REPLIED_AGAIN_AFTER_S = 4.0
REASONS = ("暂时没有余力 No capacity now", "不在服务范围 Not what we can give")

# Channel: where it is written, whose it is called there, what is written.
WAYS_TO_WRITE = {
    "sms": ("/simulator/phones/replies", "number", "1"),
    "wechat": ("/simulator/wechat/texts", "openid", "收到"),
}

T = TypeVar("T")
Match = dict[str, Any]
Message = dict[str, Any]


Answer = Literal["accept", "decline", "leave"]


@dataclass(frozen=True, slots=True)
class Manners:
    """answer: what is done with the how-manieth proposal, from 0.

    confirmed_by_staff: whether staff confirm for the person, who has no phone.
    """

    answer: Callable[[int], Answer]
    confirmed_by_staff: Callable[[Match], bool]


@dataclass(slots=True)
class Done:
    """What was done so far, by whom."""

    proposals: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    confirmed: Counter[str] = field(default_factory=Counter)


class Tasks:
    """Things under way; the first failure is raised at the next look."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None

    def begin(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._running.add(task)
        task.add_done_callback(self._end)

    def check(self) -> None:
        if self._failed:
            raise self._failed

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception():
            self._failed = task.exception()


class Phones:
    """Reads every simulated phone once, and hands each message to who acts on it."""

    def __init__(self, desks: Desks, donors: "Donors", applicants: "Applicants") -> None:
        self._desk = desks.at("simulators")
        self._acts: dict[str, Callable[[Message], Awaitable[None]]] = {
            "match_proposed": donors.answer,
            "match_delivered": applicants.confirm,
        }
        self._purposes = {
            id_: name for name, t in TEMPLATES.items() for id_ in (t.sms_id, t.wechat_id)
        }
        self._tasks = Tasks()
        self._since = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            found = await self._desk.get("/simulator/messages", since=self._since, limit=5000)
            self._since = found["next"]
            for message in found["messages"]:
                act = self._acts.get(self._purposes.get(message["template"], ""))
                if act and message["direction"] == "in":
                    self._tasks.begin(_done(act, message))
            self._tasks.check()
            await asyncio.sleep(LOOK_EVERY_S)


async def _done(act: Callable[[Message], Awaitable[None]], message: Message) -> None:
    await act(message)


class Donors:
    """Answer by the link in the message, as it came."""

    def __init__(self, desks: Desks, manners: Manners, done: Done) -> None:
        self._link, self._manners, self._done = desks.at("matching"), manners, done

    async def answer(self, message: Message) -> None:
        number, self._done.proposals = self._done.proposals, self._done.proposals + 1
        match self._manners.answer(number):
            case "accept":
                self._count("accepted", await self._link.ask(f"{message['url']}/accept"))
            case "decline":
                body = {"reason": REASONS[number % len(REASONS)]}
                self._count("declined", await self._link.ask(f"{message['url']}/decline", body))
            case "leave":
                self._done.answers["left"] += 1

    def _count(self, what: str, answer: Any) -> None:
        """409: it expired before the donor came to it."""
        self._done.answers[what if answer.is_success else f"too_late_{answer.status_code}"] += 1


class Applicants:
    """Say that it arrived, by the link or by writing 收到 or 1; who is not heard says it again."""

    def __init__(self, desks: Desks, done: Done) -> None:
        self._simulators, self._link = desks.at("simulators"), desks.at("matching")
        self._done = done
        self._said: dict[str, tuple[float, Message]] = {}
        self._letters: list[tuple[str, dict[str, str]]] = []

    async def confirm(self, message: Message) -> None:
        if message["channel"] == "sms" or int(message["seq"]) % 2:
            self._write(message)
        else:
            answer = await self._link.ask(f"{message['url']}/confirm")
            self._done.confirmed["link" if answer.is_success else "link_refused"] += 1

    def repeat(self, waiting: list[Match]) -> None:
        """A person who is still asked writes once more: the first answer came too early."""
        now = time.monotonic()
        for match in waiting:
            at, message = self._said.get(match["request_id"][-6:].upper(), (now, {}))
            if message and now - at > REPLIED_AGAIN_AFTER_S:
                self._done.confirmed["repeated"] += 1
                self._write(message)

    async def run(self) -> None:
        """Until cancelled: what was written meanwhile goes out together."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            letters, self._letters = self._letters, []
            for channel, (path, _, _) in WAYS_TO_WRITE.items():
                mine = [body for way, body in letters if way == channel]
                for page in _pages(mine):
                    await self._simulators.post(path, page)
                    self._done.confirmed[channel] += len(mine)

    def _write(self, message: Message) -> None:
        words, channel = message["text"].upper(), message["channel"]
        reference = words.rpartition("尾号")[2][:6] if channel == "sms" else words.split("\n")[1]
        self._said[reference] = (time.monotonic(), message)
        _, whom, text = WAYS_TO_WRITE[channel]
        self._letters.append((channel, {whom: message["recipient"], "text": text}))


class Staff:
    """Approve what waits, deliver what stands, confirm for those who have no phone."""

    def __init__(
        self, desks: Desks, manners: Manners, done: Done, applicants: Applicants, approver: str
    ) -> None:
        self._matching, self._intake = (
            desks.at("matching", "collector"),
            desks.at("intake", approver),
        )
        self._manners, self._done, self._applicants = manners, done, applicants
        self._approved: set[str] = set()

    async def run(self) -> None:
        """Until cancelled; each at a desk of its own."""
        async with asyncio.TaskGroup() as group:
            for work in (self._approve, self._deliver, self._confirm):
                group.create_task(_again_and_again(work))

    async def _approve(self) -> None:
        after = ""
        while True:
            page = await self._intake.get("/requests", state="recorded", after=after, limit=PAGE)
            fresh = [r["request_id"] for r in page["requests"]]
            fresh = [id_ for id_ in fresh if id_ not in self._approved]
            await asyncio.gather(*(self._approve_one(id_) for id_ in fresh))
            if not page["next"]:
                return
            after = page["next"]

    async def _approve_one(self, request_id: str) -> None:
        self._approved.add(request_id)
        await self._intake.post(f"/requests/{request_id}/approve", key=f"approve-{request_id}")

    async def _deliver(self) -> None:
        for ids in _pages([m["match_id"] for m in await self._matches("committed")]):
            self._done.delivered += await _batch(self._matching, "/matches/deliver", ids)

    async def _confirm(self) -> None:
        delivered = await self._matches("delivered")
        theirs = [m["match_id"] for m in delivered if self._manners.confirmed_by_staff(m)]
        for ids in _pages(theirs):
            count = await _batch(self._matching, "/matches/confirm", ids)
            self._done.confirmed["staff"] += count
        self._applicants.repeat(delivered)

    async def _matches(self, state: str) -> list[Match]:
        found: list[Match] = []
        after: str | None = ""
        while after is not None:
            page = await self._matching.get("/matches", state=state, after=after, limit=PAGE)
            found += [m | {"match_id": m["id"]} for m in page["matches"]]
            after = page["next"]
        return found


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await work()
        await asyncio.sleep(WORK_EVERY_S)


def _pages(all_of_them: list[T]) -> list[list[T]]:
    return [all_of_them[start : start + PAGE] for start in range(0, len(all_of_them), PAGE)]


async def _batch(desk: Desk, path: str, ids: list[str]) -> int:
    """How many were done; what was not is looked at again, as a new command."""
    answers = await desk.post(path, {"match_ids": ids}, key=uuid4().hex)
    return sum(answer["status"] == 200 for answer in answers["answers"])
