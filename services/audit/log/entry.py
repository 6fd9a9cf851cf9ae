"""Drafts: which entry a fact becomes. Each is balanced by form; the log adds number and time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit.log.head import Draft, timestamp
from services.audit.verify.accounts import (
    BANK,
    CHART,
    COMMITMENTS,
    DONATIONS,
    PROGRAMME,
    RESERVE,
    TRANSFERS,
)
from services.audit.verify.balances import mirror
from shared.contracts.ledger import Authorisation, Event, LedgerEntry, Leg, Refused, Side


@dataclass(frozen=True, slots=True)
class Fact:
    """What an entry records: the event, the thing it is about, and since when it is so."""

    event: Event
    subject: str
    effective_at: datetime


def fund_opened(
    fact: Fact, fund: str, name: str, *, restricted: bool, accounts: Iterable[str] = CHART
) -> Draft:
    """Open `fund`; every later leg must be on one of its `accounts`."""
    opened = {"fund": fund, "name": name, "restricted": restricted, "accounts": sorted(accounts)}
    return _draft(fact, "fund_opened", []) | opened


def donation_received(fact: Fact, fund: str, amount_fen: int) -> Draft:
    legs = _moved(fund, amount_fen, debit=BANK, credit=DONATIONS)
    return _draft(fact, "donation_received", legs) | {"fund": fund}


def commitment(fact: Fact, fund: str, amount_fen: int) -> Draft:
    """Reserve money for the match `fact.subject`."""
    legs = _moved(fund, amount_fen, debit=RESERVE, credit=COMMITMENTS)
    return _draft(fact, "commitment", legs) | {"fund": fund}


def disbursement(fact: Fact, fund: str, amount_fen: int, committed_in: int) -> Draft:
    """Pay `amount_fen` of the commitment in entry `committed_in`: one instalment, or all of it."""
    paid = _moved(fund, amount_fen, debit=PROGRAMME, credit=BANK)
    unreserved = _moved(fund, amount_fen, debit=COMMITMENTS, credit=RESERVE)
    named = {"fund": fund, "commitment": committed_in}
    return _draft(fact, "disbursement", [*paid, *unreserved]) | named


def release(fact: Fact, fund: str, amount_fen: int, committed_in: int) -> Draft:
    """Give back `amount_fen` of the commitment in entry `committed_in`."""
    legs = _moved(fund, amount_fen, debit=COMMITMENTS, credit=RESERVE)
    return _draft(fact, "release", legs) | {"fund": fund, "commitment": committed_in}


def transfer(
    fact: Fact, from_fund: str, to_fund: str, amount_fen: int, authorisation: Authorisation
) -> Draft:
    given = _moved(from_fund, amount_fen, debit=TRANSFERS, credit=BANK)
    taken = _moved(to_fund, amount_fen, debit=BANK, credit=TRANSFERS)
    return _draft(fact, "transfer", [*given, *taken]) | {"authorisation": authorisation}


def reversal(fact: Fact, original: LedgerEntry, authorisation: Authorisation) -> Draft:
    """Undo `original`, once and exactly."""
    named = {"reverses": original["index"], "authorisation": authorisation}
    return _draft(fact, "reversal", mirror(original["legs"])) | named


def refusal(fact: Fact, refused: Refused) -> Draft:
    """Say on the log what was asked and why it was not done."""
    return _draft(fact, "refusal", []) | {"refused": refused}


def _draft(fact: Fact, kind: str, legs: Sequence[Leg]) -> Draft:
    return {
        "kind": kind,
        "currency": "CNY",
        "event": fact.event,
        "subject": fact.subject,
        "effective_at": timestamp(fact.effective_at),
        "legs": list(legs),
    }


def _moved(fund: str, amount_fen: int, *, debit: str, credit: str) -> list[Leg]:
    sides: list[tuple[str, Side]] = [(debit, "debit"), (credit, "credit")]
    return [
        Leg(account=account, amount_fen=amount_fen, fund=fund, side=side) for account, side in sides
    ]
