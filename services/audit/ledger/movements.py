"""What the legs of an entry move: money in fen, or things in their own units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from services.audit.ledger.accounts import COMMITMENTS, RESERVE, classify_account
from shared.contracts.ledger import Commitment, CommitmentCarried, GoodsDistributed, LedgerEntry
from shared.contracts.ledger_fields import GoodsLeg, Leg, Side
from shared.contracts.values import format_yuan_plain


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """So many fen, or so many `unit` of `item`. Money has neither name."""

    item: str = ""
    unit: str = ""

    def format_number(self, amount: int) -> str:
        """For other programs: exact, yuan with two decimals or a whole number."""
        return str(amount) if self.item else format_yuan_plain(amount)

    def format(self, amount: int) -> str:
        """For people: `20 袋 大米`, `1,234.50 元`."""
        if self.item:
            return f"{amount:,} {self.unit} {self.item}"
        whole, _, cents = format_yuan_plain(amount).partition(".")
        sign = "-" if amount < 0 else ""
        return f"{sign}{int(whole.lstrip('-')):,}.{cents} 元"

    def to_json(self, amount: int) -> dict[str, int | str]:
        if self.item:
            return {"item": self.item, "quantity": amount, "unit": self.unit}
        return {"amount_fen": amount}


MONEY = Unit()


def amount_of(leg: Leg | GoodsLeg) -> tuple[Unit, int]:
    """What a leg moves, whatever its side."""
    if "item" in leg:
        goods = cast(GoodsLeg, leg)
        return Unit(goods["item"], goods["unit"]), goods["quantity"]
    return MONEY, leg["amount_fen"]


Purposes = tuple[tuple[str, str], ...]
"""The names and values of a purpose, sorted."""


def sum_entering(entry: LedgerEntry) -> dict[tuple[str, Unit], int]:
    """By fund and unit, what came into bank or store."""
    return _sum_assets(entry, "debit")


def sum_leaving(entry: LedgerEntry) -> dict[tuple[str, Unit], int]:
    """By fund and unit, what left bank or store."""
    return _sum_assets(entry, "credit")


def sum_promised(entry: LedgerEntry) -> int:
    """What is reserved or, in a release, no longer reserved; fen."""
    return sum(
        amount_of(leg)[1]
        for leg in entry["legs"]
        if leg["side"] == "debit" and classify_account(leg["account"]) in (COMMITMENTS, RESERVE)
    )


def sum_owed(entry: LedgerEntry) -> int:
    """What is owed by it, whoever is to get it; fen."""
    return sum(
        amount_of(leg)[1]
        for leg in entry["legs"]
        if leg["side"] == "credit" and classify_account(leg["account"]) == "Liabilities"
    )


def list_purpose(entry: Commitment | CommitmentCarried | GoodsDistributed) -> Purposes:
    """What the entry says the money or goods are for; empty where it says nothing."""
    purpose = cast(Mapping[str, str], entry.get("purpose", {}))
    return tuple(sorted(purpose.items()))


def _sum_assets(entry: LedgerEntry, side: Side) -> dict[tuple[str, Unit], int]:
    sums: dict[tuple[str, Unit], int] = {}
    for leg in entry["legs"]:
        if leg["side"] == side and classify_account(leg["account"]) == "Assets":
            unit, amount = amount_of(leg)
            place = (leg["fund"], unit)
            sums[place] = sums.get(place, 0) + amount
    return sums
