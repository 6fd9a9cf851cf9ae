"""Drafts of entries, one builder for each kind, and sealing a draft as the log's next entry.

Each draft is balanced by form; sealing adds the number and the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from services.audit.ledger.accounts import FundAccounts
from services.audit.ledger.canonical import encode_entry
from services.audit.ledger.legs import mirror
from services.audit.tlog.merkle import TreeHead, leaf_hash
from shared.contracts.ledger import (
    SCHEMA,
    Authorisation,
    EntryRef,
    Event,
    GoodsLeg,
    LedgerEntry,
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


def timestamp(moment: datetime) -> str:
    """UTC with microseconds: text that sorts as time does."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def seal(head: TreeHead, draft: Draft, now: datetime) -> tuple[TreeHead, Sealed]:
    """Seal `draft` as the next entry. Recorded time never decreases, whatever the clock does.

    NotCanonicalError if the entry does not fit the schema.
    """
    recorded_at = max(timestamp(now), head.last_recorded_at)
    frontier = head.frontier
    assigned = {"schema": SCHEMA, "log": head.origin, "index": frontier.size}
    entry = cast(LedgerEntry, {**draft, **assigned, "recorded_at": recorded_at})
    raw = encode_entry(entry)
    grown = TreeHead(head.origin, frontier.append(leaf_hash(raw)), recorded_at)
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


@dataclass(frozen=True, slots=True)
class Goods:
    """So many `unit` of `item`."""

    item: str
    unit: str
    quantity: int


def fund_opened(fact: Fact, opening: Opening) -> Draft:
    return _draft(fact, "fund_opened", []) | _opened(opening)


def fund_carried(
    fact: Fact, opening: Opening, previous: PreviousLog, balance_fen: int, outstanding_fen: int
) -> Draft:
    """The fund goes on: `balance_fen` lies at the bank, `outstanding_fen` of it is promised."""
    fund, accounts = opening.fund, opening.fund.accounts
    legs = _moved(fund, balance_fen, debit=accounts.bank, credit=accounts.net_assets)
    promised = _moved(fund, outstanding_fen, debit=accounts.reserve, credit=accounts.commitments)
    draft = _draft(fact, "fund_carried", [*legs, *promised])
    return draft | _opened(opening) | {"previous": previous}


def donation_received(fact: Fact, fund: FundRef, amount_fen: int) -> Draft:
    accounts = fund.accounts
    legs = _moved(fund, amount_fen, debit=accounts.bank, credit=accounts.donations)
    return _draft(fact, "donation_received", legs) | {"fund": fund.id}


def goods_received(fact: Fact, fund: FundRef, goods: Goods) -> Draft:
    accounts = fund.accounts
    legs = _stored(fund, goods, debit=accounts.goods, credit=accounts.goods_donations)
    return _draft(fact, "goods_received", legs) | {"fund": fund.id}


def goods_carried(fact: Fact, fund: FundRef, goods: Goods, previous: PreviousLog) -> Draft:
    accounts = fund.accounts
    legs = _stored(fund, goods, debit=accounts.goods, credit=accounts.net_assets)
    return _draft(fact, "goods_carried", legs) | {"fund": fund.id, "previous": previous}


def goods_distributed(fact: Fact, fund: FundRef, goods: Goods, purpose: Purpose) -> Draft:
    accounts = fund.accounts
    legs = _stored(fund, goods, debit=accounts.goods_programme, credit=accounts.goods)
    return _draft(fact, "goods_distributed", legs) | {"fund": fund.id, "purpose": purpose}


def commitment(fact: Fact, fund: FundRef, amount_fen: int, purpose: Purpose) -> Draft:
    """Reserve money for the match `fact.subject`."""
    accounts = fund.accounts
    legs = _moved(fund, amount_fen, debit=accounts.reserve, credit=accounts.commitments)
    return _draft(fact, "commitment", legs) | {"fund": fund.id, "purpose": purpose}


def commitment_carried(
    fact: Fact, fund: FundRef, outstanding_fen: int, purpose: Purpose, previous: EntryRef
) -> Draft:
    """The fund carried the legs; this names whom the money is promised to."""
    named = {"fund": fund.id, "amount_fen": outstanding_fen, "previous": previous}
    return _draft(fact, "commitment_carried", []) | named | {"purpose": purpose}


def disbursement(fact: Fact, fund: FundRef, amount_fen: int, committed_in: int) -> Draft:
    """Pay `amount_fen` of the commitment in entry `committed_in`: one instalment, or all of it."""
    accounts = fund.accounts
    paid = _moved(fund, amount_fen, debit=accounts.programme, credit=accounts.bank)
    unreserved = _moved(fund, amount_fen, debit=accounts.commitments, credit=accounts.reserve)
    named = {"fund": fund.id, "commitment": committed_in}
    return _draft(fact, "disbursement", [*paid, *unreserved]) | named


def release(fact: Fact, fund: FundRef, amount_fen: int, committed_in: int) -> Draft:
    """Give back `amount_fen` of the commitment in entry `committed_in`."""
    accounts = fund.accounts
    legs = _moved(fund, amount_fen, debit=accounts.commitments, credit=accounts.reserve)
    return _draft(fact, "release", legs) | {"fund": fund.id, "commitment": committed_in}


def transfer(
    fact: Fact, giver: FundRef, taker: FundRef, amount_fen: int, authorisation: Authorisation
) -> Draft:
    given = _moved(giver, amount_fen, debit=giver.accounts.transfers, credit=giver.accounts.bank)
    taken = _moved(taker, amount_fen, debit=taker.accounts.bank, credit=taker.accounts.transfers)
    return _draft(fact, "transfer", [*given, *taken]) | {"authorisation": authorisation}


def management_fee(fact: Fact, fund: FundRef, amount_fen: int) -> Draft:
    accounts = fund.accounts
    legs = _moved(fund, amount_fen, debit=accounts.management, credit=accounts.bank)
    return _draft(fact, "management_fee", legs) | {"fund": fund.id}


def refund(fact: Fact, fund: FundRef, amount_fen: int, gift: EntryRef) -> Draft:
    accounts = fund.accounts
    legs = _moved(fund, amount_fen, debit=accounts.donations, credit=accounts.bank)
    return _draft(fact, "refund", legs) | {"fund": fund.id, "gift": gift}


def reversal(fact: Fact, original: LedgerEntry, authorisation: Authorisation) -> Draft:
    """Undo `original`, once and exactly."""
    named = {"reverses": original["index"], "authorisation": authorisation}
    draft = _draft(fact, "reversal", [])
    return draft | {"legs": mirror(original["legs"])} | named


def refusal(fact: Fact, refused: Refused) -> Draft:
    """Say on the log what was asked and why it was not done."""
    return _draft(fact, "refusal", []) | {"refused": refused}


def _opened(opening: Opening) -> Draft:
    return {
        "fund": opening.fund.id,
        "name": opening.name,
        "restricted": opening.restricted,
        "terms": opening.terms,
        "accounts": sorted(opening.fund.accounts),
    }


def _draft(fact: Fact, kind: str, legs: Sequence[Leg] | Sequence[GoodsLeg]) -> Draft:
    return {
        "kind": kind,
        "currency": "CNY",
        "event": fact.event,
        "subject": fact.subject,
        "effective_at": timestamp(fact.effective_at),
        "legs": list(legs),
    }


def _moved(fund: FundRef, amount_fen: int, *, debit: str, credit: str) -> list[Leg]:
    """Two legs; none where nothing is moved (a fund carried over with nothing left)."""
    return [
        Leg(account=account, amount_fen=amount_fen, fund=fund.id, side=side)
        for account, side in _sides(debit, credit)
        if amount_fen
    ]


def _stored(fund: FundRef, goods: Goods, *, debit: str, credit: str) -> list[GoodsLeg]:
    return [
        GoodsLeg(
            account=account,
            fund=fund.id,
            item=goods.item,
            quantity=goods.quantity,
            side=side,
            unit=goods.unit,
        )
        for account, side in _sides(debit, credit)
    ]


def _sides(debit: str, credit: str) -> tuple[tuple[str, Side], tuple[str, Side]]:
    return (debit, "debit"), (credit, "credit")
