"""Donors, staff and applicants: each does what a person would, with the messages on the phone."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import uuid4

from deploy.demo.clients import Client, Clients
from services.notify.templates import TEMPLATES
from shared.documents import Document
from shared.security import Keyring

READ_EVERY_S = 0.3
WORK_EVERY_S = 1.0
PAGE = 500
REPEATS_AFTER_S = 8.0
"""Twice as long before each next time: no client floods a service that is behind."""
SEEN = {"witness": {"evidence": "visit", "note": "上门见到本人，已收到"}}
REASONS = ("暂时没有余力 No capacity now", "不在服务范围 Not what we can give")

# Channel: path of the simulator, its field for the sender, the text.
REPLIES = {
    "sms": ("/simulator/phones/replies", "number", "1"),
    "wechat": ("/simulator/wechat/texts", "openid", "收到"),
}
REPEATED = "都收到了，谢谢"
"""Of who was not heard, also because two deliveries of one request carry the same number."""

T = TypeVar("T")
Match = Document
Message = Document


Answer = Literal["accept", "decline", "leave"]
OUTCOMES: Mapping[Answer, str] = {"accept": "accepted", "decline": "declined"}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """answer: what a donor does with the proposal of this number, from 0.

    confirmed_by_staff: whether staff confirm for the person, who has no phone.
    """

    answer: Callable[[int], Answer]
    confirmed_by_staff: Callable[[Match], bool]


@dataclass(slots=True)
class Tally:
    """What happened so far, and how."""

    proposals: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    confirmed: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)


class Tasks:
    """Tasks under way; `check` raises the first failure."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None

    def start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
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
    """Reads each message on the simulated phones once, and passes it to who acts on it."""

    def __init__(self, clients: Clients, donors: "Donors", applicants: "Applicants") -> None:
        self._simulators = clients.open("simulators")
        self._actions: dict[str, Callable[[Message], Awaitable[None]]] = {
            "match_proposed": donors.answer,
            "match_asked": donors.answer,
            "proposals_proposed": donors.answer_all,
            "match_delivered": applicants.confirm,
            "message_whom": applicants.say_name,
            "message_whom_again": applicants.say_name,
        }
        self._purposes = {
            id_: name for name, t in TEMPLATES.items() for id_ in (t.sms_id, t.wechat_id)
        }
        self._tasks = Tasks()
        self._since = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            page = await self._simulators.get("/simulator/messages", since=self._since, limit=5000)
            self._since = page["next"]
            for message in page["messages"]:
                action = self._actions.get(self._purposes.get(message["template"], ""))
                if action and message["direction"] == "in":
                    self._tasks.start(_act(action, message))
            self._tasks.check()
            await asyncio.sleep(READ_EVERY_S)


async def _act(action: Callable[[Message], Awaitable[None]], message: Message) -> None:
    await action(message)


def find_reference(message: Message) -> str:
    """The short number in it."""
    text = str(message["text"]).upper()
    return text.rpartition("尾号")[2][:6] if message["channel"] == "sms" else text.split("\n")[1]


class Donors:
    """Answer by the link in the message. Each proposal is decided on once, by its match id: a
    donor may be asked again, by another channel or together with others. What he left stays left.
    """

    def __init__(
        self, clients: Clients, keyring: Keyring, behaviour: Behaviour, tally: Tally
    ) -> None:
        self._link, self._keyring = clients.open("matching"), keyring
        self._behaviour, self._tally = behaviour, tally
        self._decided: set[str] = set()

    async def answer(self, message: Message) -> None:
        """One proposal."""
        token = str(message["url"]).rpartition("/")[2]
        if not self._take_undecided([self._keyring.read_link(token).subject]):
            return
        number, answer = self._choose()
        match answer:
            case "accept":
                self._count("accepted", await self._link.send(f"{message['url']}/accept"))
            case "decline":
                body = {"reason": REASONS[number % len(REASONS)]}
                self._count("declined", await self._link.send(f"{message['url']}/decline", body))
            case "leave":
                pass

    async def answer_all(self, message: Message) -> None:
        """All that wait, on one page: accepted together, declined together."""
        while match_ids := await self._list_undecided(message):
            answers: dict[Answer, list[str]] = {"accept": [], "decline": [], "leave": []}
            for match_id in match_ids:
                answers[self._choose()[1]].append(match_id)
            for act, outcome in OUTCOMES.items():
                if ids := answers[act]:
                    body = {"act": act, "match": ids, "reason": REASONS[0]}
                    page = await self._link.post(f"{message['url']}/answer", body)
                    self._tally.answers[outcome] += len(page["done"])
                    self._tally.answers["too_late_409"] += len(page["failed"])

    async def _list_undecided(self, message: Message) -> list[str]:
        page = await self._link.get(message["url"])
        return self._take_undecided([row["match_id"] for row in page["waiting"]])

    def _take_undecided(self, match_ids: list[str]) -> list[str]:
        undecided = [id_ for id_ in match_ids if id_ not in self._decided]
        self._decided.update(undecided)
        return undecided

    def _choose(self) -> tuple[int, Answer]:
        number, self._tally.proposals = self._tally.proposals, self._tally.proposals + 1
        answer = self._behaviour.answer(number)
        if answer == "leave":
            self._tally.answers["left"] += 1
        return number, answer

    def _count(self, outcome: str, answer: Any) -> None:
        """409: it expired before the donor came to it."""
        self._tally.answers[outcome if answer.is_success else f"too_late_{answer.status_code}"] += 1


@dataclass(slots=True)
class Reply:
    """To a message; repeat_at: by the monotonic clock."""

    message: Message
    repeat_at: float
    wait_s: float = REPEATS_AFTER_S


class Applicants:
    """Confirm the delivery, by the link or by writing 收到 or 1; repeat it when not heard.

    names: by phone, of who is asked for it.
    """

    def __init__(self, clients: Clients, tally: Tally, names: Mapping[str, str]) -> None:
        self._simulators, self._link = clients.open("simulators"), clients.open("matching")
        self._tally, self._names = tally, names
        self._replies: dict[str, Reply] = {}
        self._outgoing: list[tuple[str, dict[str, str]]] = []

    async def confirm(self, message: Message) -> None:
        if message["channel"] == "sms" or int(message["seq"]) % 2:
            self._write(message)
        else:
            answer = await self._link.send(f"{message['url']}/confirm")
            self._tally.confirmed["link" if answer.is_success else "link_refused"] += 1

    async def say_name(self, message: Message) -> None:
        """“请问是为谁申请？”"""
        self._tally.messages["白话短信补问姓名 plain words, asked for the name"] += 1
        name = self._names[message["recipient"]]
        self._outgoing.append(("sms", {"number": message["recipient"], "text": name}))

    def repeat(self, waiting: list[Match]) -> None:
        """A person who is still waiting writes once more: the first answer came too early."""
        now = time.monotonic()
        for match in waiting:
            reply = self._replies.get(match["request_id"][-6:].upper())
            if reply and now > reply.repeat_at:
                reply.wait_s *= 2
                reply.repeat_at = now + reply.wait_s
                self._tally.confirmed["repeated"] += 1
                self._send(reply.message, REPEATED)

    async def run(self) -> None:
        """Until cancelled: sends together what was written meanwhile."""
        while True:
            await asyncio.sleep(READ_EVERY_S)
            outgoing, self._outgoing = self._outgoing, []
            for channel, (path, _, _) in REPLIES.items():
                bodies = [body for name, body in outgoing if name == channel]
                for page in _split_pages(bodies):
                    await self._simulators.post(path, page)
                    self._tally.confirmed[channel] += len(bodies)

    def _write(self, message: Message) -> None:
        reply = Reply(message, time.monotonic() + REPEATS_AFTER_S)
        self._replies[find_reference(message)] = reply
        self._send(message, REPLIES[message["channel"]][2])

    def _send(self, message: Message, text: str) -> None:
        channel = message["channel"]
        self._outgoing.append((channel, {REPLIES[channel][1]: message["recipient"], "text": text}))


class Staff:
    """Visit and approve who waits, deliver what is committed, confirm for those without a phone.

    The collector visits and delivers: another says for the person that it arrived.
    """

    def __init__(
        self,
        clients: Clients,
        behaviour: Behaviour,
        tally: Tally,
        applicants: Applicants,
        approver: str,
    ) -> None:
        self._matching, self._intake = (
            clients.open("matching", "collector"),
            clients.open("intake", approver),
        )
        self._visitor = clients.open("intake", "collector")
        self._witness = clients.open("matching", "approver-village")
        self._behaviour, self._tally, self._applicants = behaviour, tally, applicants
        self._approved: set[str] = set()

    async def run(self) -> None:
        """Until cancelled; the three tasks run concurrently."""
        async with asyncio.TaskGroup() as group:
            for work in (self._approve, self._deliver, self._confirm):
                group.create_task(_repeat(work))

    async def _approve(self) -> None:
        after = ""
        while True:
            page = await self._intake.get("/requests", state="recorded", after=after, limit=PAGE)
            fresh = [r for r in page["requests"] if r["request_id"] not in self._approved]
            await asyncio.gather(*(self._approve_request(request) for request in fresh))
            if not page["next"]:
                return
            after = page["next"]

    async def _approve_request(self, request: Document) -> None:
        """Whom nobody has met is visited first; with that alone the small ones open."""
        request_id = request["request_id"]
        self._approved.add(request_id)
        if not request["class_confirmed"]:
            confirmed = {"beneficiary_class": request["declared_class"], "basis": "document"}
            vouching = {"seen": {"manner": "visit"}, "confirmed": confirmed}
            path = f"/requests/{request_id}/vouch"
            vouched = await self._visitor.post(path, vouching, key=f"vouch-{request_id}")
            if vouched["state"] == "open":
                return
        await self._intake.post(f"/requests/{request_id}/approve", key=f"approve-{request_id}")

    async def _deliver(self) -> None:
        for ids in _split_pages([m["match_id"] for m in await self._list_matches("committed")]):
            self._tally.delivered += await _send_batch(self._matching, "/matches/deliver", ids)

    async def _confirm(self) -> None:
        delivered = await self._list_matches("delivered")
        match_ids = [m["match_id"] for m in delivered if self._behaviour.confirmed_by_staff(m)]
        for ids in _split_pages(match_ids):
            count = await _send_batch(self._witness, "/matches/confirm", ids, SEEN)
            self._tally.confirmed["staff"] += count
        self._applicants.repeat(delivered)

    async def _list_matches(self, state: str) -> list[Match]:
        matches: list[Match] = []
        after: str | None = ""
        while after is not None:
            page = await self._matching.get("/matches", state=state, after=after, limit=PAGE)
            matches += [m | {"match_id": m["id"]} for m in page["matches"]]
            after = page["next"]
        return matches


async def _repeat(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await work()
        await asyncio.sleep(WORK_EVERY_S)


def _split_pages(items: list[T]) -> list[list[T]]:
    return [items[start : start + PAGE] for start in range(0, len(items), PAGE)]


async def _send_batch(
    client: Client, path: str, ids: list[str], more: Document | None = None
) -> int:
    """How many succeeded; the others are tried again, as a new command."""
    answers = await client.post(path, {"match_ids": ids, **(more or {})}, key=uuid4().hex)
    return sum(answer["status"] == 200 for answer in answers["answers"])
