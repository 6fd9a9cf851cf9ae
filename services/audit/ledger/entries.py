"""Drafts of entries, one builder for each kind, and sealing a draft as the log's next entry.

Each draft is balanced by form; sealing adds the number and the time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from services.audit.ledger.accounts import FundAccounts
from services.audit.ledger.canonical import encode_entry
from services.audit.ledger.kinds import KINDS, Pair
from services.audit.ledger.legs import mirror
from services.audit.tlog.merkle import TreeHead, hash_leaf
from shared.contracts.ledger import SCHEMA, LedgerEntry
from shared.contracts.ledger_fields import (
    Authorisation,
    EntryRef,
    Event,
    GoodsLeg,
    Leg,
    PreviousLog,
    Purpose,
    Refused,
    Side,
    Terms,
)

Draft = dict[str, Any]
"""An entry without what the log assigns: `schema`, `log`, `index`, `recorded_at`."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry with its number, and the exact bytes that are hashed and kept."""

    index: int
    raw: bytes
    entry: LedgerEntry


@lru_cache(maxsize=16)  # all entries of a batch are recorded at one moment
def format_timestamp(moment: datetime) -> str:
    """UTC with microseconds: text that sorts as time does."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def seal(head: TreeHead, draft: Draft, now: datetime) -> tuple[TreeHead, Sealed]:
    """Seal `draft` as the next entry. Recorded time never decreases, whatever the clock does.

    NotCanonicalError if the entry does not fit the schema.
    """
    recorded_at = max(format_timestamp(now), head.last_recorded_at)
    frontier = head.frontier
    assigned = {"schema": SCHEMA, "log": head.origin, "index": frontier.size}
    entry = cast(LedgerEntry, {**draft, **assigned, "recorded_at": recorded_at})
    raw = encode_entry(entry)
    grown = TreeHead(head.origin, frontier.append(hash_leaf(raw)), recorded_at)
    return grown, Sealed(frontier.size, raw, entry)


@dataclass(frozen=True, slots=True)
class Fact:
    """What an entry records: the event, the thing it is about, and since when it is so."""

    event: Event
    subject: str
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class FundRef:
    """A fund and its accounts: every later leg is on one of them."""

    id: str
    accounts: FundAccounts


@dataclass(frozen=True, slots=True)
class Opening:
    """What the log says of a fund when it opens, or goes on in another year."""

    fund: FundRef
    name: str
    restricted: bool
    terms: Terms

    def as_fields(self) -> dict[str, object]:
        return {
            "fund": self.fund.id,
            "name": self.name,
            "restricted": self.restricted,
            "terms": self.terms,
            "accounts": sorted(self.fund.accounts),
        }


@dataclass(frozen=True, slots=True)
class Goods:
    """So many `unit` of `item`."""

    item: str
    unit: str
    quantity: int


def draft_entry(kind: str, fact: Fact, *moved: tuple[FundRef, int | Goods], **fields: Any) -> Draft:
    """A draft of any kind, balanced as the kind's row says. `moved` has for each part of the kind
    the fund and the amount (0: the part is left out); `fields` are what only this kind has.
    """
    parts = KINDS[kind].parts if moved else ()
    legs = [
        leg
        for (fund, amount), part in zip(moved, parts, strict=True)
        if amount
        for pair in part.pairs
        for leg in _make_legs(fund, pair, amount)
    ]
    return {
        "kind": kind,
        "currency": "CNY",
        "event": fact.event,
        "subject": fact.subject,
        "effective_at": format_timestamp(fact.effective_at),
        "legs": legs,
        **fields,
    }


def draft_fund_opened(fact: Fact, opening: Opening, maker: str, checker: str) -> Draft:
    """maker, checker: who proposed and who approved it."""
    return draft_entry("fund_opened", fact, **opening.as_fields(), maker=maker, checker=checker)


def draft_fund_carried(
    fact: Fact,
    opening: Opening,
    previous: PreviousLog,
    balance_fen: int,
    outstanding_fen: int,
    payable_fen: int = 0,
) -> Draft:
    """The fund goes on: `balance_fen` lies at the bank, of it `outstanding_fen` is promised and
    `payable_fen` is due. Less than that, even less than nothing, is there where the bank took gifts
    back."""
    fund, overdrawn_fen = opening.fund, outstanding_fen + payable_fen - balance_fen
    amounts = (max(0, balance_fen), outstanding_fen, payable_fen, max(0, -balance_fen))
    fields = opening.as_fields() | {"previous": previous}
    if overdrawn_fen > 0:
        fields["overdrawn_fen"] = overdrawn_fen
    return draft_entry("fund_carried", fact, *((fund, amount) for amount in amounts), **fields)


def draft_donation_received(fact: Fact, fund: FundRef, amount_fen: int) -> Draft:
    return draft_entry("donation_received", fact, (fund, amount_fen), fund=fund.id)


def draft_goods_received(fact: Fact, fund: FundRef, goods: Goods) -> Draft:
    return draft_entry("goods_received", fact, (fund, goods), fund=fund.id)


def draft_goods_carried(fact: Fact, fund: FundRef, goods: Goods, previous: PreviousLog) -> Draft:
    return draft_entry("goods_carried", fact, (fund, goods), fund=fund.id, previous=previous)


def draft_goods_distributed(fact: Fact, fund: FundRef, goods: Goods, purpose: Purpose) -> Draft:
    return draft_entry("goods_distributed", fact, (fund, goods), fund=fund.id, purpose=purpose)


def draft_commitment(fact: Fact, fund: FundRef, amount_fen: int, purpose: Purpose) -> Draft:
    """Reserve money for the match `fact.subject`."""
    return draft_entry("commitment", fact, (fund, amount_fen), fund=fund.id, purpose=purpose)


def draft_commitment_carried(
    fact: Fact, fund: FundRef, outstanding_fen: int, purpose: Purpose, previous: EntryRef
) -> Draft:
    """The fund carried the legs; this names whom the money is promised to."""
    named = {"fund": fund.id, "amount_fen": outstanding_fen, "previous": previous}
    return draft_entry("commitment_carried", fact, **named, purpose=purpose)


def draft_disbursement(fact: Fact, fund: FundRef, amount_fen: int, committed_in: int) -> Draft:
    """Pay `amount_fen` of the commitment in entry `committed_in`: one instalment, or all of it."""
    return draft_entry(
        "disbursement", fact, (fund, amount_fen), fund=fund.id, commitment=committed_in
    )


def draft_accounts_opened(fact: Fact, fund: FundRef, accounts: Iterable[str]) -> Draft:
    return draft_entry("accounts_opened", fact, fund=fund.id, accounts=sorted(accounts))


def draft_obligation(fact: Fact, fund: FundRef, amount_fen: int, committed_in: int) -> Draft:
    """`amount_fen` of the commitment in entry `committed_in` is due."""
    return draft_entry(
        "obligation", fact, (fund, amount_fen), fund=fund.id, commitment=committed_in
    )


def draft_payment(
    fact: Fact, fund: FundRef, amount_fen: int, due_in: EntryRef, reference: str
) -> Draft:
    """The bank has paid `amount_fen` of what the entry `due_in` says is due."""
    named = {"obligation": due_in, "reference": reference}
    return draft_entry("payment", fact, (fund, amount_fen), fund=fund.id, **named)


def draft_payment_returned(
    fact: Fact, fund: FundRef, amount_fen: int, due_in: EntryRef, reference: str
) -> Draft:
    named = {"obligation": due_in, "reference": reference}
    return draft_entry("payment_returned", fact, (fund, amount_fen), fund=fund.id, **named)


def draft_release(fact: Fact, fund: FundRef, amount_fen: int, committed_in: int) -> Draft:
    """Give back `amount_fen` of the commitment in entry `committed_in`."""
    return draft_entry("release", fact, (fund, amount_fen), fund=fund.id, commitment=committed_in)


def draft_transfer(
    fact: Fact, giver: FundRef, taker: FundRef, amount_fen: int, authorisation: Authorisation
) -> Draft:
    moved = (giver, amount_fen), (taker, amount_fen)
    return draft_entry("transfer", fact, *moved, authorisation=authorisation)


def draft_management_fee(fact: Fact, fund: FundRef, amount_fen: int) -> Draft:
    return draft_entry("management_fee", fact, (fund, amount_fen), fund=fund.id)


def draft_refund(fact: Fact, fund: FundRef, amount_fen: int, gift: EntryRef) -> Draft:
    return draft_entry("refund", fact, (fund, amount_fen), fund=fund.id, gift=gift)


def draft_reversal(fact: Fact, original: LedgerEntry, authorisation: Authorisation) -> Draft:
    """Undo `original`, once and exactly."""
    draft = draft_entry("reversal", fact, reverses=original["index"], authorisation=authorisation)
    return draft | {"legs": mirror(original["legs"])}


def draft_refusal(fact: Fact, refused: Refused) -> Draft:
    """Say on the log what was asked and why it was not done."""
    return draft_entry("refusal", fact, refused=refused)


def _make_legs(fund: FundRef, pair: Pair, amount: int | Goods) -> list[Leg | GoodsLeg]:
    accounts: tuple[tuple[str, Side], ...] = (
        (getattr(fund.accounts, pair.debit), "debit"),
        (getattr(fund.accounts, pair.credit), "credit"),
    )
    if isinstance(amount, Goods):
        return [
            GoodsLeg(
                account=account,
                fund=fund.id,
                item=amount.item,
                quantity=amount.quantity,
                side=side,
                unit=amount.unit,
            )
            for account, side in accounts
        ]
    return [
        Leg(account=account, amount_fen=amount, fund=fund.id, side=side)
        for account, side in accounts
    ]
