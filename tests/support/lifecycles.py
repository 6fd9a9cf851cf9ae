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
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.stack import Stack
from services.audit.model import LINES_MAX
from shared.contracts import topics
from shared.contracts.envelope import Fact, build_foreign_event
from shared.contracts.events import BankLineStated, DonationReceived, RequestSubmitted
from shared.ids import make_id
from shared.messaging.cluster import create_topics
from shared.messaging.connection import BrokerConnection
from shared.messaging.encoding import encode
from shared.security import SIGNATURE_HEADER, derive_publisher_key, sign_record

CHANNEL = "/channels/village"
BANK = "/bank/demo"
PARTNER = "/partners/chamber"
FUND = "F-lifecycles"
WISH_FEN = 20_000
DONORS = 8
FLUSH_EVERY_S = 0.03
IDS_AT_ONCE = 300
LISTENED = (topics.MATCHES, topics.LEDGER, topics.NOTIFICATIONS)
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
# An ambiguous send is never repeated, so a notice that nobody can vouch for ends there too.
TOLD = frozenset(
    {"guanjia.notice.sent.v1", "guanjia.notice.delivered.v1", "guanjia.notice.unresolved.v1"}
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
    """Use as a context; then `give`, `submit`, `finished`.

    sent: by the channel and the bank, by message id. settled: matches that were paid before.
    pays: whether finance is at work.
    """

    stack: Stack
    run: str = "run"
    sent: dict[str, bytes] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    pays: bool = True
    started: dict[str, Lifecycle] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: int = 0
    _of_match: dict[str, str] = field(default_factory=dict)
    _todo: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _early: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    _leave: AsyncExitStack = field(default_factory=AsyncExitStack)
    _http: httpx.AsyncClient = field(init=False)
    _producer: AIOKafkaProducer = field(init=False)
    _root: bytes = field(init=False)

    async def __aenter__(self) -> Self:
        self._root = (self.stack.secrets_dir / "root.key").read_bytes()
        self._http = await self._leave.enter_async_context(httpx.AsyncClient(timeout=60))
        await create_topics(BrokerConnection(self.stack.kafka_bootstrap))
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.stack.kafka_bootstrap, acks="all", max_batch_size=200_000
        )
        await self._producer.start()
        self._leave.push_async_callback(self._producer.stop)
        for task in (self._listen(), self._act()):
            self._leave.callback(asyncio.create_task(task).cancel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave.aclose()

    # --- before ---

    async def give(self, wishes: int) -> None:
        """A fund, donors with offers for so many wishes and some to spare, and their gifts."""
        fund = {"fund_id": FUND, "name": "测试基金"}
        await self._post("audit", "/funds", "finance-maker", fund, "fund")
        await self._post("audit", f"/funds/{FUND}/approve", "finance-checker", {}, "approve")
        amount = (wishes * WISH_FEN // DONORS) * 2 + WISH_FEN
        for n in range(DONORS):
            name = f"{self.run}-donor-{n}"
            party = {"name": f"示例企业{n}", "phone": phone(self.run, 9_000_000 + n)}
            # The partner knows the donor by an id of his own, the bank by the house's.
            partners = await self._post("intake", "/parties", "partner", party, name)
            registered = await self._post("intake", "/parties", "collector", party, name)
            offer = {
                "donor_id": partners["person_id"],
                "unit": "fen",
                "quantity": amount,
                "fund_id": FUND,
                "mandate_id": await self._give_mandate(registered["person_id"], amount, name),
            }
            await self._offer(offer, name)
            gift = DonationReceived(
                donor_id=registered["person_id"],
                fund_id=FUND,
                amount_fen=amount,
                received_at=datetime.now(UTC),
                bank_reference=name,
            )
            await self._publish(BANK, name, gift)

    async def _give_mandate(self, donor_id: str, amount_fen: int, name: str) -> str:
        """By two people, on the fund's money in the donor's name. Its id."""
        until = datetime.now(UTC) + timedelta(days=30)
        mandate = {
            "fund_id": FUND,
            "donor_id": donor_id,
            "source": PARTNER,
            "covers": "fund",
            "sum_fen": amount_fen,
            "valid_until": until.isoformat(),
            "reference": "测试",
        }
        proposed = await self._post("audit", "/mandates", "finance-maker", mandate, f"{name}-m")
        path = f"/mandates/{proposed['id']}/approve"
        await self._post("audit", path, "finance-checker", {}, f"{name}-a")
        return str(proposed["id"])

    async def _offer(self, offer: dict[str, Any], key: str) -> None:
        """Until matching has heard of the mandate."""
        while True:
            try:
                await self._post("matching", "/offers", "partner", offer, key)
            except AssertionError as error:
                if "mandate_unknown" not in str(error):
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    async def _post(
        self, service: str, path: str, who: str, body: dict[str, Any], key: str
    ) -> dict[str, Any]:
        answer = await self._http.post(
            self.stack.urls[service] + path,
            json=body,
            headers={"Authorization": f"Bearer {self.token(who)}", "Idempotency-Key": key},
        )
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def token(self, who: str) -> str:
        return (self.stack.secrets_dir / f"{who}.token").read_text().strip()

    # --- the channel ---

    async def submit(self, numbers: Sequence[int]) -> None:
        """One wish a number: each of another person, over the inbound topic."""
        for number in numbers:
            message_id = f"{self.run}-{number}"
            request_id = make_id("R", CHANNEL, message_id)
            self.started.setdefault(request_id, Lifecycle(time.monotonic()))
            await self._publish(CHANNEL, message_id, wish(self.run, number), wait=False)
        await self._producer.flush()

    async def resend(self) -> None:
        """What a channel does when the broker came back empty: all it ever sent, again."""
        for message_id, value in list(self.sent.items()):
            source = json.loads(value)["source"]
            topic = topics.REQUESTS_INBOUND if source == CHANNEL else topics.DONATIONS_INBOUND
            await self._send(source, topic, message_id, value, wait=False)
        await self._producer.flush()

    async def _publish(
        self, source: str, message_id: str, fact: Fact, *, wait: bool = True
    ) -> None:
        event = build_foreign_event(
            source=source, message_id=message_id, time=datetime.now(UTC), data=fact
        )
        self.sent[message_id] = encode(event)
        await self._send(source, fact.TOPIC, message_id, self.sent[message_id], wait=wait)

    async def _send(
        self, source: str, topic: str, message_id: str, value: bytes, *, wait: bool
    ) -> None:
        signature = sign_record(derive_publisher_key(self._root, source), topic, value)
        sent = await self._producer.send(
            topic, value, key=message_id.encode(), headers=[(SIGNATURE_HEADER, signature)]
        )
        if wait:
            await sent

    # --- what happens ---

    def finished(self) -> list[Lifecycle]:
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
                print(f"listening again after {type(error).__name__}")
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
        while True:
            found = await consumer.getmany(timeout_ms=200)
            for records in found.values():
                for record in records:
                    self._heard(json.loads(record.value))

    def _heard(self, event: dict[str, Any]) -> None:
        if event["id"] in self.events:
            return
        self.events[event["id"]] = event
        kind, subject = event["type"], event["subject"]
        if kind == "guanjia.match.proposed.v1":
            self._of_match[subject] = event["data"]["request_id"]
            for what in self._early.pop(subject, ()):
                self._mark(subject, what)
        self._note_step(kind, subject)
        if kind in NEXT:
            self._todo[NEXT[kind]].append(subject)
        elif kind == "guanjia.ledger.obligated.v1" and subject not in self.settled:
            self._todo["pay"].append(subject)
        elif kind == "guanjia.ledger.disbursed.v1":
            self._mark(subject, "paid_at")
        elif kind in TOLD and event["data"]["purpose"] == "ledger_disbursed":
            self._mark(event["data"]["regarding"], "told_at")

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

    async def _act(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            for step in ("accept", "deliver", "confirm"):
                waiting, self._todo[step] = self._todo[step], []
                for at in range(0, len(waiting), IDS_AT_ONCE):
                    await self._do(step, waiting[at : at + IDS_AT_ONCE])
            due: list[str] = []
            if self.pays:
                due, self._todo["pay"] = self._todo["pay"], []
            for at in range(0, len(due), LINES_MAX):
                await self._until_done(self._pay, due[at : at + LINES_MAX])

    async def _do(self, step: str, match_ids: list[str]) -> None:
        key = hashlib.sha256("".join([step, *match_ids]).encode()).hexdigest()
        body = {"match_ids": match_ids, **SEEN.get(step, {})}

        async def act(_ids: list[str]) -> None:
            await self._post("matching", f"/matches/{step}", ACTS[step], body, key)

        await self._until_done(act, match_ids)

    async def _until_done(
        self, act: Callable[[list[str]], Awaitable[None]], match_ids: list[str]
    ) -> None:
        """Until the service has answered: the same key, so a lost answer repeats nothing."""
        while True:
            try:
                await act(match_ids)
            except (httpx.HTTPError, AssertionError) as error:
                print(f"again after {type(error).__name__} {str(error)[:200]}")
                await asyncio.sleep(0.3)
            else:
                return

    async def _pay(self, match_ids: list[str]) -> None:
        """Finance orders it, and the bank's statement says that it is paid."""
        key = hashlib.sha256("".join(["pay", *match_ids]).encode()).hexdigest()
        payees = {"payees": [{"match_id": id_, **ACCOUNT} for id_ in match_ids]}
        if key not in self._orders:
            await self._post("audit", "/payees", "finance-maker", payees, f"{key}-p")
            body = {"match_ids": match_ids}
            order = await self._post("audit", "/payment-orders", "finance-maker", body, key)
            self._orders[key] = order
        order, path = self._orders[key], f"/payment-orders/{self._orders[key]['id']}"
        await self._post("audit", f"{path}/approve", "finance-checker", {}, f"{key}-a")
        await self._post("audit", f"{path}/export", "finance-maker", {}, f"{key}-e")
        for number, line in enumerate(order["lines"], 1):
            reference = f"{order['id']}-{number:03d}"
            paid = BankLineStated(
                direction="paid",
                memo=reference,
                amount_fen=line["amount_fen"],
                at=datetime.now(UTC),
                bank_reference=reference,
                account=ACCOUNT["number"],
            )
            await self._publish(BANK, reference, paid, wait=False)
        await self._producer.flush()


def wish(run: str, number: int) -> RequestSubmitted:
    return RequestSubmitted.model_validate(
        {
            "kind": "wish",
            "category": "supplies",
            "beneficiary_class": "temporary_hardship",
            "channel": "committee",
            "need": {"unit": "fen", "quantity": WISH_FEN},
            "area": {"town_code": "441900104"},
            "applicant": {"name": "示例", "phone": phone(run, number)},
            "text": "测试心愿",
        }
    )


def phone(run: str, number: int) -> str:
    """154: a prefix no operator has. Each run its own people, ten million of them."""
    tenth = int(hashlib.sha256(run.encode()).hexdigest()[:4], 16) % 10
    return f"+86154{tenth}{number:07d}"
