"""Small logs, built fact by fact, for the tests of reports: published as unsigned files.

Every method does what it says only where the ledger would (else it returns None), so a random
sequence of calls is a legal log.
"""

import base64
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

from services.audit.ledger import entries as drafts
from services.audit.ledger.accounts import load_chart
from services.audit.ledger.books import Books
from services.audit.ledger.canonical import encode_entry
from services.audit.ledger.corrections import find_named
from services.audit.ledger.entries import format_timestamp
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.merkle import Frontier, hash_leaf
from services.audit.tlog.tiles import TILE_WIDTH, format_tile_path, pack_bundle
from shared.contracts.ledger import SCHEMA, LedgerEntry
from shared.contracts.ledger_fields import (
    Authorisation,
    EntryRef,
    Event,
    PreviousLog,
    Purpose,
    Refused,
    Terms,
)

FUND, GENERAL = "FUND-NEWYEAR", "fund.general+2@茶园"
RICE = drafts.Goods("大米 5kg", "袋", 1)
ANYTHING = Terms(beneficiary_classes=[], categories=[], fee_permille_max=100, purpose="", towns=[])
TWO_PEOPLE = Authorisation(maker="staff-1", checker="staff-2", reference="捐赠人同意书 7; [号]")


@dataclass
class LogBuilder:
    """One year's log. Time passes by `step` between entries, from the first of the year on."""

    year: int = 2026
    step: timedelta = timedelta(hours=30)
    entries: list[LedgerEntry] = field(default_factory=list)
    funds: dict[str, drafts.FundRef] = field(default_factory=dict)
    books: Books = field(default_factory=Books)

    @property
    def origin(self) -> str:
        return f"guanjia.test/ledger/{self.year}"

    @property
    def now(self) -> datetime:
        return datetime(self.year, 1, 1, tzinfo=UTC) + self.step * len(self.entries)

    def add(self, draft: dict[str, Any]) -> int | None:
        """The entry's index, or None where the books do not allow it."""
        index = len(self.entries)
        assigned = {"schema": SCHEMA, "log": self.origin, "index": index}
        recorded_at = format_timestamp(self.now)
        entry = cast(LedgerEntry, {**draft, **assigned, "recorded_at": recorded_at})
        named = find_named(entry)
        trial = deepcopy(self.books)  # a refused entry leaves no trace
        try:
            trial.apply(entry, None if named is None else self.entries[named])
        except BrokenError:
            return None
        self.books = trial
        self.entries.append(entry)
        return index

    def fact(self, subject: str) -> drafts.Fact:
        event = Event(source="/bank/ccb", id=f"{subject}#{len(self.entries)}, [1] a: b")
        return drafts.Fact(event, subject, self.now)

    def open(self, fund: str = FUND, *, restricted: bool = True) -> int | None:
        self.funds[fund] = ref = drafts.FundRef(fund, load_chart().of_fund(restricted=restricted))
        opening = drafts.Opening(ref, "新年“暖留”; 基金", restricted, ANYTHING)
        return self.add(drafts.draft_fund_opened(self.fact(fund), opening, "maker", "checker"))

    def give(
        self,
        amount_fen: int,
        fund: str = FUND,
        donation: str = "",
        arrived: datetime | None = None,
    ) -> int | None:
        """arrived: when the bank received it, where that is not when it is entered."""
        fact = self.fact(donation or f"D-{self.year}-{len(self.entries)}")
        fact = replace(fact, effective_at=arrived or fact.effective_at)
        return self.add(drafts.draft_donation_received(fact, self.funds[fund], amount_fen))

    def promise(
        self, match: str, amount_fen: int, fund: str = FUND, purpose: Purpose | None = None
    ) -> int | None:
        draft = drafts.draft_commitment(
            self.fact(match), self.funds[fund], amount_fen, purpose or {}
        )
        return self.add(draft)

    def pay(self, promised: int, amount_fen: int) -> int | None:
        named = cast(Any, self.entries[promised])
        ref = self.funds[named["fund"]]
        fact = self.fact(named["subject"])
        return self.add(drafts.draft_disbursement(fact, ref, amount_fen, promised))

    def release(self, promised: int, amount_fen: int) -> int | None:
        named = cast(Any, self.entries[promised])
        fact = self.fact(named["subject"])
        return self.add(drafts.draft_release(fact, self.funds[named["fund"]], amount_fen, promised))

    def transfer(self, amount_fen: int, giver: str = FUND, taker: str = GENERAL) -> int | None:
        pair = self.funds[giver], self.funds[taker]
        return self.add(drafts.draft_transfer(self.fact("T-1"), *pair, amount_fen, TWO_PEOPLE))

    def fee(self, amount_fen: int, fund: str = FUND) -> int | None:
        return self.add(drafts.draft_management_fee(self.fact("FEE"), self.funds[fund], amount_fen))

    def move_own(
        self, kind: Literal["bank_interest", "bank_charge"], amount_fen: int, fund: str = FUND
    ) -> int | None:
        """Interest of a bank, or a charge."""
        moved = (self.funds[fund], amount_fen)
        return self.add(drafts.draft_entry(kind, self.fact("OWN"), moved, fund=fund))

    def refund(self, gift: int, amount_fen: int) -> int | None:
        named = cast(Any, self.entries[gift])
        ref = EntryRef(log=self.origin, index=gift)
        fact = self.fact(named["subject"])
        return self.add(drafts.draft_refund(fact, self.funds[named["fund"]], amount_fen, ref))

    def recall(self, gift: int, amount_fen: int) -> int | None:
        """The bank takes it back, whatever the fund has left."""
        named = cast(Any, self.entries[gift])
        ref = EntryRef(log=self.origin, index=gift)
        draft = drafts.draft_refund(
            self.fact(named["subject"]), self.funds[named["fund"]], amount_fen, ref
        )
        return self.add(draft | {"forced_by": "bank"})

    def reverse(self, index: int) -> int | None:
        fact = self.fact(f"R-{index}")
        return self.add(drafts.draft_reversal(fact, self.entries[index], TWO_PEOPLE))

    def store(self, quantity: int, fund: str = FUND, item: str = RICE.item) -> int | None:
        goods = drafts.Goods(item, RICE.unit, quantity)
        fact = self.fact(f"G-{self.year}-{len(self.entries)}")
        return self.add(drafts.draft_goods_received(fact, self.funds[fund], goods))

    def hand_out(self, match: str, quantity: int, fund: str = FUND) -> int | None:
        goods = drafts.Goods(RICE.item, RICE.unit, quantity)
        purpose = Purpose(category="supplies")
        draft = drafts.draft_goods_distributed(self.fact(match), self.funds[fund], goods, purpose)
        return self.add(draft)

    def refuse(self, match: str) -> int | None:
        refused = Refused(code="fund_insufficient", kind="commitment", fund=FUND, amount_fen=1)
        return self.add(drafts.draft_refusal(self.fact(match), refused))

    def next_year(self) -> "LogBuilder":
        """The year after, with all that remains brought forward into it."""
        later = LogBuilder(self.year + 1, self.step, funds=dict(self.funds))
        for fund, book in self.books.funds.items():
            opening = drafts.Opening(self.funds[fund], book.name, book.restricted, ANYTHING)
            outstanding = book.outstanding_fen
            balance = book.remaining_fen + outstanding
            fact, previous = later.fact(fund), self.frozen
            later.add(drafts.draft_fund_carried(fact, opening, previous, balance, outstanding))
        for index, promise in self.books.commitments.items():
            if promise.outstanding_fen:
                fact, left = later.fact(promise.subject), promise.outstanding_fen
                purpose = cast(Any, self.entries[index]).get("purpose", Purpose())
                earlier = EntryRef(log=self.origin, index=index)
                ref = later.funds[promise.fund]
                later.add(drafts.draft_commitment_carried(fact, ref, left, purpose, earlier))
        for (fund, item, unit), stock in self.books.goods.items():
            if stock.in_stock:
                goods = drafts.Goods(item, unit, stock.in_stock)
                ref, previous = later.funds[fund], self.frozen
                later.add(drafts.draft_goods_carried(later.fact(item), ref, goods, previous))
        return later

    @property
    def frozen(self) -> PreviousLog:
        return PreviousLog(log=self.origin, size=len(self.entries), root=self.root)

    @property
    def root(self) -> str:
        tree = Frontier().extend(map(hash_leaf, map(encode_entry, self.entries)))
        return base64.b64encode(tree.compute_root()).decode()

    def publish(self, path: Path) -> Path:
        """Bundles and a checkpoint, which nobody signed: reports do not verify."""
        leaves = [encode_entry(each) for each in self.entries]
        path.mkdir(parents=True, exist_ok=True)
        for at in range(0, len(leaves), TILE_WIDTH):
            some = leaves[at : at + TILE_WIDTH]
            width = 0 if len(some) == TILE_WIDTH else len(some)
            file = path / format_tile_path("entries", at // TILE_WIDTH, width)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(pack_bundle(some))
        body = f"{self.origin}\n{len(leaves)}\n{self.root}\n"
        signature = base64.b64encode(bytes(68)).decode()
        text = f"{body}\n\u2014 {self.origin} {signature}\n"
        (path / "checkpoint").write_text(text, encoding="utf-8")
        return path


def build_year(size: int = 60, log: LogBuilder | None = None) -> LogBuilder:
    """A log of about `size` entries of every kind that one year has, in two funds."""
    log = log or LogBuilder()
    log.open()
    log.open(GENERAL, restricted=False)
    number = 0
    while len(log.entries) < size:
        number += 1
        _a_month(log, number)
    return log


def _a_month(log: LogBuilder, number: int) -> None:
    match = f"M-{number}"
    purpose = Purpose(category="meals", beneficiary_class="elderly_alone", town="441900104")
    gift = log.give(200_00 + number)
    log.give(50_00, GENERAL)
    promised = log.promise(match, 100_00, purpose=purpose)
    if promised is not None:
        log.pay(promised, 60_01)
        paid = log.pay(promised, 9_99)
        log.release(promised, 20_00)
        if number % 3 == 0 and paid is not None:
            log.reverse(paid)
    log.refuse(f"{match}-b")
    log.store(20)
    log.hand_out(match, 3 + number % 15)
    log.fee(1_23)
    if number % 5 == 0:
        log.move_own("bank_interest", 12)
        log.move_own("bank_charge", 5)
    if gift is not None and number % 2:
        log.refund(gift, 5_00)
    moved = log.transfer(7_77)
    if moved is not None and number % 4 == 0:
        log.reverse(moved)
