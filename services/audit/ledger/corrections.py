"""Reversals and refunds: entries that name an earlier one of the same log are checked with it."""

from typing import cast

from services.audit.ledger.balances import Balances
from services.audit.ledger.findings import MIRRORED, WITHIN_FUND
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.legs import MoneyEntry, mirror
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger

NAMING = frozenset({"reversal", "refund"})
"""Kinds whose entries may name an earlier one."""

Reversible = MoneyEntry | ledger.GoodsReceived | ledger.GoodsDistributed | ledger.GoodsWrittenOff


def find_named(entry: ledger.LedgerEntry) -> int | None:
    """The index of the earlier entry of this log that `entry` must be checked against, if any."""
    if entry["kind"] == "reversal":
        return entry["reverses"]
    if entry["kind"] == "refund" and entry["gift"]["log"] == entry["log"]:
        return entry["gift"]["index"]
    return None


def check_reversal(
    books: Balances, entry: ledger.Reversal, original: ledger.LedgerEntry | None
) -> Reversible:
    """Invariant 10: an earlier entry that moved something, undone exactly and once."""
    index, named = entry["index"], entry["reverses"]
    if original is None or named >= index or original["index"] != named:
        raise BrokenError(MIRRORED, f"entry {named} is no earlier entry", index)
    if not kind_of(original).reversible:
        raise BrokenError(MIRRORED, f"a {original['kind']} cannot be reversed", index)
    if named in books.reversed_entries:
        raise BrokenError(MIRRORED, f"entry {named} was reversed before", index)
    if books.refunds.get(named):
        raise BrokenError(MIRRORED, f"the gift in entry {named} was refunded", index)
    if entry["legs"] != mirror(original["legs"]):
        raise BrokenError(MIRRORED, f"the legs do not mirror those of entry {named}", index)
    return cast(Reversible, original)


def check_refund(
    books: Balances, entry: ledger.Refund, original: ledger.LedgerEntry | None
) -> None:
    """Invariant 8: no more is given back than was given, to the fund it was given to."""
    gift, index = entry["gift"]["index"], entry["index"]
    if entry["gift"]["log"] != entry["log"]:
        return
    if original is None or original["kind"] != "donation_received" or gift >= index:
        raise BrokenError(WITHIN_FUND, f"entry {gift} is no gift", index)
    if original["fund"] != entry["fund"] or gift in books.reversed_entries:
        raise BrokenError(
            WITHIN_FUND, f"entry {gift} is no gift to this fund, or was reversed", index
        )
    gift_fen, refunded = sum_gift(original), books.refunds.get(gift, 0)
    if refunded > gift_fen:
        raise BrokenError(WITHIN_FUND, f"{refunded} fen refunded of a gift of {gift_fen}", index)


def sum_gift(gift: ledger.DonationReceived) -> int:
    return sum(leg["amount_fen"] for leg in gift["legs"] if leg["side"] == "debit")
