"""Plays whole request lifecycles against a running stack, as channels, donors and staff would.

Inbound event -> opened -> proposed -> accepted -> committed -> delivered -> confirmed -> due ->
ordered by two of finance -> paid, as the bank's statement says -> the donor told. It listens to the
house's topics and acts in batches; nothing inside is touched.
"""

import asyncio
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.chaos.giving import Giving
from deploy.chaos.outside import AGAIN_AFTER_S, BANK, Outside
from deploy.chaos.wishes import CHANNEL, WISH_FEN, make_wish, write_wish
from deploy.local.stack import Stack
from services.audit.model import LINES_MAX
from shared.contracts import topics
from shared.contracts.events import BankLineStated, RecordAnswered, RequestOpened, RequestRecorded
from shared.contracts.values import Channel
from shared.errors import Transient
from shared.ids import make_id
from shared.messaging.cluster import ClusterWatch, create_topics
from shared.messaging.connection import BrokerConnection

LOOK_EVERY_S = 1.0
UNANSWERED_S = 10.0
FLUSH_EVERY_S = 0.03
IDS_AT_ONCE = 300
LISTENED = (topics.MATCHES, topics.LEDGER, topics.NOTIFICATIONS, topics.FEEDBACK, topics.REQUESTS)
# A step of a match calls for the next one, by the route that takes many at once.
NEXT = {
    "guanjia.match.proposed.v1": "accept",
    "guanjia.match.committed.v1": "deliver",
    "guanjia.match.delivered.v1": "confirm",
}
# Who accepts or delivers may not confirm; the partner registered the offers.
ACTS = {"accept": "partner", "deliver": "collector", "confirm": "approver-village"}
ACCOUNT = {"kind": "person", "name": "示例", "number": "6222021234567890", "bank": "工商银行"}
SEEN = {"confirm": {"witness": {"evidence": "visit"}}}
VISITED = {
    "seen": {"manner": "visit"},
    "confirmed": {"beneficiary_class": "temporary_hardship", "basis": "document"},
}
# An ambiguous send is never repeated, so a notice that nobody can vouch for ends there too.
NOTICE_ENDS = frozenset(
    f"guanjia.notice.{end}.v1" for end in ("sent", "delivered", "failed", "unresolved", "cancelled")
)


@dataclass(slots=True)
class Lifecycle:
    """Seconds on this machine's monotonic clock; None is not yet. steps: by the match's events."""

    sent_at: float
    paid_at: float | None = None
    told_at: float | None = None
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        if self.paid_at is None or self.told_at is None:
            return None
        return max(self.paid_at, self.told_at) - self.sent_at


@dataclass(slots=True)
class Lifecycles:
    """Use as a context; then `give`, `submit`, `list_finished`.

    announce: called with each try that failed. sent: by the channel and the bank, by message id.
    settled: matches that were paid before. pays: whether finance is at work. requested: fen by the
    id of each request that was acknowledged to who waited for it.
    """

    stack: Stack
    run: str = "run"
    sent: dict[str, bytes] = field(default_factory=dict)
    announce: Callable[[str], None] = print
    settled: frozenset[str] = frozenset()
    pays: bool = True
    started: dict[str, Lifecycle] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    requested: dict[str, int] = field(default_factory=dict)
    done: int = 0
    _texted: dict[int, float] = field(default_factory=dict)
    _of_match: dict[str, str] = field(default_factory=dict)
    _todo: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _early: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    _empty_again: asyncio.Event = field(default_factory=asyncio.Event)
    _leave: AsyncExitStack = field(default_factory=AsyncExitStack)
    outside: Outside = field(init=False)
    giving: Giving = field(init=False)

    async def __aenter__(self) -> Self:
        outside = Outside(self.stack, self.announce, self.sent)
        self.outside = await self._leave.enter_async_context(outside)
        self.giving = Giving(self.outside, self.run)
        acting = [self._act(step) for step in ("accept", "deliver", "confirm")]
        others = (self._vouch(), self._settle(), self._listen(), self._resend_unanswered())
        for task in (*acting, *others):
            self._leave.callback(asyncio.create_task(task).cancel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave.aclose()

    # --- before ---

    async def give(self, wishes: int) -> None:
        """See `Giving`."""
        await self.giving.give(wishes)

    def token(self, who: str) -> str:
        return self.outside.token(who)

    # --- the channel ---

    async def submit(self, numbers: Sequence[int]) -> None:
        """One wish a number: each of another person, over the inbound topic."""
        for number in numbers:
            message_id = f"{self.run}-{number}"
            request_id = make_id("R", CHANNEL, message_id)
            self.started.setdefault(request_id, Lifecycle(time.monotonic()))
            await self.outside.publish(CHANNEL, message_id, make_wish(self.run, number))
            self.requested[request_id] = WISH_FEN
        await self.outside.flush()

    async def submit_by_topic(self, number: int, amount_fen: int) -> None:
        """Returns when it is acknowledged."""
        message_id = f"{self.run}-{number}"
        request_id = make_id("R", CHANNEL, message_id)
        self.started.setdefault(request_id, Lifecycle(time.monotonic()))
        fact = make_wish(self.run, number, amount_fen)
        await self.outside.publish_surely(CHANNEL, message_id, fact)
        self.requested[request_id] = amount_fen

    async def submit_by_http(self, number: int, amount_fen: int) -> None:
        """By another channel, at the front; again under the same key until it is answered."""
        body = make_wish(self.run, number, amount_fen).model_dump(mode="json", exclude_none=True)
        sent_at = time.monotonic()

        async def post() -> None:
            path, key = "/api/intake/requests", f"{self.run}-{number}"
            answer = await self.outside.post("front", path, "channel-station", body, key)
            self.started.setdefault(answer["request_id"], Lifecycle(sent_at))
            self.requested[answer["request_id"]] = amount_fen

        await self._until_done(post)

    async def submit_by_sms(self, number: int, amount_fen: int) -> None:
        """No id comes back: the request is known by its amount, which no other has, once it is
        open. For that a collector visits the person."""
        self._texted[amount_fen] = time.monotonic()
        # The same time makes it the same SMS where the answer was lost.
        text = {**write_wish(self.run, number, amount_fen), "time": int(time.time())}
        await self._until_done(partial(self.outside.send_text, text))

    @property
    def wishes(self) -> int:
        """How many were sent."""
        return len(self.started) + len(self._texted)

    async def _resend_unanswered(self) -> None:
        """Until cancelled: sends again what was not answered for a while, and reads all again where
        the broker came back empty."""
        watch = ClusterWatch(BrokerConnection(self.stack.kafka_bootstrap))
        cluster = ""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(Transient):
                before, cluster = cluster, await watch.look()
                if before and cluster != before:
                    self._empty_again.set()
            await self.outside.resend_unanswered(UNANSWERED_S)

    async def resend(self) -> None:
        await self.outside.resend()

    # --- what happens ---

    def list_finished(self) -> list[Lifecycle]:
        return [each for each in self.started.values() if each.seconds is not None]

    def list_paid(self) -> frozenset[str]:
        """Matches."""
        return frozenset(
            event["subject"]
            for event in self.events.values()
            if event["type"] == "guanjia.ledger.disbursed.v1"
        )

    async def _listen(self) -> None:
        """All partitions from the start, and again when the broker came back empty."""
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.stack.kafka_bootstrap,
                fetch_max_wait_ms=20,
                request_timeout_ms=5000,
                auto_offset_reset="earliest",
            )
            try:
                await create_topics(BrokerConnection(self.stack.kafka_bootstrap))
                await consumer.start()
                await self._follow(consumer)
            except Exception as error:
                self.announce(f"listening again after {type(error).__name__}")
                await asyncio.sleep(0.2)
            finally:
                await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign(
            [
                TopicPartition(name, p)
                for name in LISTENED
                for p in range(topics.BY_NAME[name].partitions)
            ]
        )
        await consumer.seek_to_beginning()
        self._empty_again.clear()
        while not self._empty_again.is_set():
            batches = await consumer.getmany(timeout_ms=200)
            for records in batches.values():
                for record in records:
                    self._hear(json.loads(record.value))

    def _hear(self, event: dict[str, Any]) -> None:
        if event["id"] in self.events:
            return
        self.events[event["id"]] = event
        kind, subject = event["type"], event["subject"]
        if kind == "guanjia.match.proposed.v1":
            self._of_match[subject] = event["data"]["request_id"]
            for what in self._early.pop(subject, ()):
                self._mark(subject, what)
        self._note_step(kind, subject)
        if kind == RecordAnswered.TYPE:
            self.outside.unanswered.pop(event["data"]["message_id"], None)
        elif kind in (RequestRecorded.TYPE, RequestOpened.TYPE):
            self._hear_request(event)
        elif kind in NEXT:
            self._todo[NEXT[kind]].append(subject)
        elif kind == "guanjia.ledger.obligated.v1" and subject not in self.settled:
            self._todo["pay"].append(subject)
        elif kind == "guanjia.ledger.disbursed.v1":
            self._mark(subject, "paid_at")
        elif kind in NOTICE_ENDS and event["data"]["purpose"] == "ledger_disbursed":
            self._mark(event["data"]["regarding"], "told_at")

    def _hear_request(self, event: dict[str, Any]) -> None:
        """Of those who wrote an SMS."""
        request_id, data = event["subject"], event["data"]
        if data["channel"] != Channel.SMS:
            return
        if event["type"] == RequestRecorded.TYPE:
            self._todo["vouch"].append(request_id)
        elif sent_at := self._texted.pop(data["need"]["quantity"], None):
            self.started[request_id] = Lifecycle(sent_at)
            self.requested[request_id] = data["need"]["quantity"]

    def _mark(self, match_id: str, what: str) -> None:
        """A topic that was filled again may be ahead of another."""
        if match_id not in self._of_match:
            self._early[match_id].append(what)
        lifecycle = self.started.get(self._of_match.get(match_id, ""))
        if lifecycle is not None and getattr(lifecycle, what) is None:
            setattr(lifecycle, what, time.monotonic())
            self.done += lifecycle.seconds is not None

    def _note_step(self, kind: str, match_id: str) -> None:
        lifecycle = self.started.get(self._of_match.get(match_id, ""))
        if lifecycle is not None:
            lifecycle.steps.setdefault(kind, time.monotonic())

    # --- donors and staff ---

    # Each of these is somebody else: nobody waits for what another's call takes.

    async def _act(self, step: str) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            waiting = self._take(step)
            for at in range(0, len(waiting), IDS_AT_ONCE):
                await self._do(step, waiting[at : at + IDS_AT_ONCE])

    async def _vouch(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            for request_id in self._take("vouch"):
                path, key = f"/requests/{request_id}/vouch", f"vouch-{request_id}"
                vouch = partial(self.outside.post, "intake", path, "collector", VISITED, key)
                await self._until_done(vouch)

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            due = self._take("pay") if self.pays else []
            for at in range(0, len(due), LINES_MAX):
                # Drawn, as a form draws it: who orders anew what a restore has lost makes another
                # order. By the same key it would be the lost one, whose lines the bank has stated.
                key = uuid4().hex
                await self._until_done(partial(self._pay, key, due[at : at + LINES_MAX]))

    def _take(self, step: str) -> list[str]:
        waiting, self._todo[step] = self._todo[step], []
        return waiting

    async def _do(self, step: str, match_ids: list[str]) -> None:
        key = hashlib.sha256("".join([step, *match_ids]).encode()).hexdigest()
        body = {"match_ids": match_ids, **SEEN.get(step, {})}
        path = f"/matches/{step}"
        await self._until_done(partial(self.outside.post, "matching", path, ACTS[step], body, key))

    async def _until_done(self, act: Callable[[], Awaitable[object]]) -> None:
        """Until the service has answered: the same key, so a lost answer repeats nothing."""
        while True:
            try:
                await act()
            except (httpx.HTTPError, AssertionError) as error:
                self.announce(f"again after {type(error).__name__} {str(error)[:200]}")
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return

    async def _pay(self, key: str, match_ids: list[str]) -> None:
        """Finance orders it, and the bank's statement says that it is paid."""
        post = self.outside.post
        payees = {"payees": [{"match_id": id_, **ACCOUNT} for id_ in match_ids]}
        if key not in self._orders:
            await post("audit", "/payees", "finance-maker", payees, f"{key}-p")
            body = {"match_ids": match_ids}
            self._orders[key] = await post("audit", "/payment-orders", "finance-maker", body, key)
        order, path = self._orders[key], f"/payment-orders/{self._orders[key]['id']}"
        await post("audit", f"{path}/approve", "finance-checker", {}, f"{key}-a")
        await post("audit", f"{path}/export", "finance-maker", {}, f"{key}-e")
        lines = enumerate(order["lines"], 1)
        await asyncio.gather(*(self._state_paid(order["id"], n, line) for n, line in lines))

    async def _state_paid(self, order_id: str, number: int, line: dict[str, Any]) -> None:
        reference = f"{order_id}-{number:03d}"
        paid = BankLineStated(
            direction="paid",
            memo=reference,
            amount_fen=line["amount_fen"],
            at=datetime.now(UTC),
            bank_reference=reference,
            account=ACCOUNT["number"],
        )
        await self.outside.publish_surely(BANK, reference, paid)
