"""What the legs of an entry move, read by the classes of their accounts."""

from collections.abc import Mapping
from typing import cast

from services.audit.report.units import Unit, amount_of
from services.audit.verify.accounts import COMMITMENTS, RESERVE, account_class
from shared.contracts.ledger import (
    Commitment,
    CommitmentCarried,
    GoodsDistributed,
    LedgerEntry,
    Side,
)

Purposes = tuple[tuple[str, str], ...]
"""The names and values of a purpose, sorted."""


def entering(entry: LedgerEntry) -> dict[tuple[str, Unit], int]:
    """By fund and unit, what came into bank or store."""
    return _of_assets(entry, "debit")


def leaving(entry: LedgerEntry) -> dict[tuple[str, Unit], int]:
    """By fund and unit, what left bank or store."""
    return _of_assets(entry, "credit")


def promising(entry: LedgerEntry) -> int:
    """What is reserved or, in a release, no longer reserved; fen."""
    return sum(
        amount_of(leg)[1]
        for leg in entry["legs"]
        if leg["side"] == "debit" and account_class(leg["account"]) in (COMMITMENTS, RESERVE)
    )


def purpose_of(entry: Commitment | CommitmentCarried | GoodsDistributed) -> Purposes:
    """What the entry says the money or goods are for; empty where it says nothing."""
    said = cast(Mapping[str, str], entry.get("purpose", {}))
    return tuple(sorted(said.items()))


def _of_assets(entry: LedgerEntry, side: Side) -> dict[tuple[str, Unit], int]:
    sums: dict[tuple[str, Unit], int] = {}
    for leg in entry["legs"]:
        if leg["side"] == side and account_class(leg["account"]) == "Assets":
            unit, amount = amount_of(leg)
            place = (leg["fund"], unit)
            sums[place] = sums.get(place, 0) + amount
    return sums
