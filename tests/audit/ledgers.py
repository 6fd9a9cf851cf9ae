"""Logs for the tests: facts sealed into entries, and an independent, naive Merkle tree."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.ledger import entries
from services.audit.ledger.accounts import load_chart
from services.audit.ledger.entries import Draft, Sealed, seal
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.merkle import TreeHead
from services.audit.tlog.note import Note
from services.audit.tlog.writer import LogDirectory
from shared.contracts.ledger_fields import (
    Authorisation,
    EntryRef,
    Event,
    Position,
    PreviousLog,
    Purpose,
    Refused,
    Terms,
)

ORIGIN = "guanjia.test/ledger/2026"
LAST_YEAR = "guanjia.test/ledger/2025"
FUND = "FUND-NEWYEAR"
GENERAL = "FUND-GENERAL"
OLD = "FUND-OLD"
BEGUN = "FUND-BEGUN"
START = datetime(2026, 1, 1, tzinfo=UTC)
TWO_PEOPLE = Authorisation(maker="staff-1", checker="staff-2", reference="consent-7")
CHASHAN = "441900103"
TERMS = Terms(
    beneficiary_classes=[],
    categories=["home_care", "meals"],
    fee_permille_max=100,
    purpose="茶园暖留：送餐与居家照料",
    towns=[CHASHAN],
)
ANY = Terms(beneficiary_classes=[], categories=[], fee_permille_max=100, purpose="", towns=[])
MEALS = Purpose(beneficiary_class="elderly_living_alone", category="meals", town=CHASHAN)
RICE = entries.Goods("大米 rice", "kg", 50)
FROZEN = PreviousLog(
    log=LAST_YEAR, root=base64.b64encode(sha256(b"2025").digest()).decode(), size=1000
)
CHART = load_chart()
OTHER_PAYABLES = "Liabilities:Payables-Other"


def log_key(origin: str = ORIGIN) -> SigningKey:
    """A fixed key, so that published bytes are the same in every run."""
    return SigningKey(origin, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> bytes:
    """The signed note, as a log publishes it."""
    body = checkpoint.format_body()
    return bytes(Note(body, tuple(key.sign(body) for key in keys)))


def fund_ref(fund: str) -> entries.FundRef:
    """The general fund is unrestricted, every other one restricted."""
    return entries.FundRef(fund, CHART.of_fund(restricted=fund != GENERAL))


def opening(fund: str) -> entries.Opening:
    restricted = fund != GENERAL
    return entries.Opening(fund_ref(fund), "新年暖留基金", restricted, TERMS if restricted else ANY)


@dataclass
class Writer:
    """Seals drafts one after another, one a second."""

    head: TreeHead = field(default_factory=lambda: TreeHead(ORIGIN))
    sealed: list[Sealed] = field(default_factory=list)
    positions: bool = False
    """Whether events say where they stood on the broker."""
    begins: datetime = START

    def fact(self, subject: str, event_id: str | None = None) -> entries.Fact:
        event = Event(source="/test", id=event_id or f"{subject}:{self.head.size}")
        if self.positions:
            at = self.head.size
            event["position"] = Position(
                cluster="test", topic="donations", partition=at % 3, offset=at // 3
            )
        return entries.Fact(event, subject, START)

    def add(self, draft: Draft) -> int:
        now = self.begins + timedelta(seconds=self.head.size)
        self.head, sealed = seal(self.head, draft, now)
        self.sealed.append(sealed)
        return sealed.index

    def open(self, fund: str = FUND) -> int:
        return self.add(
            entries.draft_fund_opened(self.fact(fund), opening(fund), "maker", "checker")
        )

    def begin(self, balance_fen: int, fund: str) -> int:
        fields = {"fund": fund, "authorisation": TWO_PEOPLE}
        moved = (fund_ref(fund), balance_fen)
        draft = entries.draft_entry("opening_balance", self.fact(fund), moved, **fields)
        return self.add(draft)

    def carry(self, balance_fen: int, outstanding_fen: int = 0, fund: str = OLD) -> int:
        fact = self.fact(fund)
        return self.add(
            entries.draft_fund_carried(fact, opening(fund), FROZEN, balance_fen, outstanding_fen)
        )

    def carry_commitment(
        self, match: str, outstanding_fen: int, named: int = 7, fund: str = OLD
    ) -> int:
        previous = EntryRef(log=LAST_YEAR, index=named)
        fact = self.fact(match)
        return self.add(
            entries.draft_commitment_carried(fact, fund_ref(fund), outstanding_fen, MEALS, previous)
        )

    def carry_goods(self, goods: entries.Goods = RICE, fund: str = OLD) -> int:
        return self.add(
            entries.draft_goods_carried(self.fact("stock-1"), fund_ref(fund), goods, FROZEN)
        )

    def donate(self, amount_fen: int, fund: str = FUND) -> int:
        fact = self.fact("donation-1")
        return self.add(entries.draft_donation_received(fact, fund_ref(fund), amount_fen))

    def receive(self, goods: entries.Goods = RICE, fund: str = FUND) -> int:
        return self.add(
            entries.draft_goods_received(self.fact("donation-2"), fund_ref(fund), goods)
        )

    def distribute(
        self, match: str, goods: entries.Goods = RICE, fund: str = FUND, purpose: Purpose = MEALS
    ) -> int:
        return self.add(
            entries.draft_goods_distributed(self.fact(match), fund_ref(fund), goods, purpose)
        )

    def write_off(self, goods: entries.Goods = RICE, fund: str = FUND) -> int:
        fields = {"fund": fund, "authorisation": TWO_PEOPLE}
        moved = (fund_ref(fund), entries.Goods(goods.item, goods.unit, 1))
        draft = entries.draft_entry("goods_written_off", self.fact("count"), moved, **fields)
        return self.add(draft)

    def commit(
        self, match: str, amount_fen: int, fund: str = FUND, purpose: Purpose = MEALS
    ) -> int:
        return self.add(
            entries.draft_commitment(self.fact(match), fund_ref(fund), amount_fen, purpose)
        )

    def disburse(self, match: str, amount_fen: int, named: int, fund: str = FUND) -> int:
        fact = self.fact(match)
        return self.add(entries.draft_disbursement(fact, fund_ref(fund), amount_fen, named))

    def open_accounts(self, accounts: Iterable[str], fund: str = FUND) -> int:
        fact = self.fact(fund)
        return self.add(entries.draft_accounts_opened(fact, fund_ref(fund), accounts))

    def obligate(self, match: str, amount_fen: int, named: int, fund: str = FUND) -> int:
        fact = self.fact(match)
        return self.add(entries.draft_obligation(fact, fund_ref(fund), amount_fen, named))

    def pay(self, match: str, amount_fen: int, due: int, fund: str = FUND) -> int:
        fact, due_in = self.fact(match), EntryRef(log=self.head.origin, index=due)
        return self.add(entries.draft_payment(fact, fund_ref(fund), amount_fen, due_in, "BANK-1"))

    def return_payment(self, match: str, amount_fen: int, due: int, fund: str = FUND) -> int:
        fact, due_in = self.fact(match), EntryRef(log=self.head.origin, index=due)
        draft = entries.draft_payment_returned(fact, fund_ref(fund), amount_fen, due_in, "BANK-2")
        return self.add(draft)

    def release(self, match: str, amount_fen: int, named: int, fund: str = FUND) -> int:
        return self.add(entries.draft_release(self.fact(match), fund_ref(fund), amount_fen, named))

    def fee(self, amount_fen: int, fund: str = FUND) -> int:
        return self.add(
            entries.draft_management_fee(self.fact("fee-1"), fund_ref(fund), amount_fen)
        )

    def move_own(
        self, kind: Literal["bank_interest", "bank_charge"], amount_fen: int, fund: str = FUND
    ) -> int:
        moved = (fund_ref(fund), amount_fen)
        return self.add(entries.draft_entry(kind, self.fact("bank-1"), moved, fund=fund))

    def refund(self, amount_fen: int, gift: int, fund: str = FUND, log: str | None = None) -> int:
        named = EntryRef(log=log or self.head.origin, index=gift)
        return self.add(
            entries.draft_refund(self.fact("refund-1"), fund_ref(fund), amount_fen, named)
        )

    def reverse(self, index: int) -> int:
        original = self.sealed[index].entry
        return self.add(
            entries.draft_reversal(self.fact(f"reversal-{index}"), original, TWO_PEOPLE)
        )

    def transfer(self, amount_fen: int, from_fund: str, to_fund: str) -> int:
        giver, taker = fund_ref(from_fund), fund_ref(to_fund)
        fact = self.fact("transfer-1")
        return self.add(entries.draft_transfer(fact, giver, taker, amount_fen, TWO_PEOPLE))

    def refuse(self, match: str) -> int:
        refused = Refused(code="fund_insufficient", kind="commitment", fund=FUND, amount_fen=1)
        return self.add(entries.draft_refusal(self.fact(match), refused))

    @property
    def leaves(self) -> list[bytes]:
        return [each.raw for each in self.sealed]


def year_of_facts(size: int, *, positions: bool = False) -> Writer:
    """A log of `size` entries; of every kind, where it has 30 or more."""
    writer = Writer(positions=positions)
    writer.open(FUND)
    writer.open(GENERAL)
    steps = life(writer)
    while writer.head.size < size:
        next(steps)
    return writer


def life(writer: Writer) -> Iterator[int]:
    """Entries for ever, one at a step, with the index of each. Fund FUND and GENERAL are open."""
    yield from _round(writer, 1)
    yield writer.receive()
    yield writer.write_off()
    yield writer.open(BEGUN)
    yield writer.begin(7_000, BEGUN)
    yield writer.carry(90_000, 30_000)
    named = writer.carry_commitment("match-old", 30_000)
    yield named
    yield writer.disburse("match-old", 10_000, named, OLD)
    yield writer.carry_goods()
    yield writer.distribute("match-old-b", fund=OLD)
    yield from _round(writer, 2)
    yield from _pay_by_bank(writer)
    for number in count(3):
        yield from _round(writer, number)


def _pay_by_bank(writer: Writer) -> Iterator[int]:
    """It comes back, and is still owed."""
    yield writer.open_accounts([OTHER_PAYABLES])
    named = writer.commit("match-due", 2_000)
    yield named
    due = writer.obligate("match-due", 2_000, named)
    yield due
    yield writer.pay("match-due", 2_000, due)
    yield writer.return_payment("match-due", 2_000, due)
    yield writer.move_own("bank_interest", 12)
    yield writer.move_own("bank_charge", 5)


def _round(writer: Writer, number: int) -> Iterator[int]:
    match = f"match-{number}"
    gift = writer.donate(20_000)
    yield gift
    named = writer.commit(match, 10_000)
    yield named
    yield writer.disburse(match, 6_000, named)
    yield writer.release(match, 3_999, named)
    yield writer.refuse(f"{match}-b")
    if number % 2 == 1:
        yield writer.receive()
        yield writer.distribute(match)
    if number % 3 == 1:
        yield writer.fee(700)
        yield writer.refund(1_000, gift)
    if number % 6 == 2:
        yield writer.reverse(gift)
        goods = writer.receive()
        yield goods
        yield writer.reverse(goods)
    if number % 5 == 2:
        yield writer.transfer(5, FUND, GENERAL)


def publish_leaves(leaves: list[bytes], folder: Path) -> None:
    """Whatever they say, signed as it is."""
    LogDirectory(folder, log_key()).publish(enumerate(leaves))


def publish_all(writer: Writer, path: Path, step: int = 100) -> Checkpoint:
    """Publish a writer's entries to `path`, `step` entries a checkpoint."""
    log = LogDirectory(path, log_key(writer.head.origin))
    pairs = list(enumerate(writer.leaves))
    for at in range(0, len(pairs), step):
        log.publish(pairs[at : at + step])
    return log.find_checkpoint()


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    match len(leaves):
        case 0:
            return sha256().digest()
        case 1:
            return sha256(b"\x00" + leaves[0]).digest()
        case n:
            k = 1
            while k * 2 < n:
                k *= 2
            return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()
