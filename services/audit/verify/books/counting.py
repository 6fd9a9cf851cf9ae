"""What each kind of entry does to a fund's totals and to its commitments and stock.

A reversal takes off what its original had added: `signed` is negative, or `sign` is -1.
"""

from services.audit.verify.books.balances import Balances, CommitmentBook, FundBook, GoodsBook
from services.audit.verify.books.legs import TAKING, Amounts, InOneFund, Thing
from services.audit.verify.books.terms import check_purpose
from services.audit.verify.findings import BrokenError
from shared.contracts import ledger

Settling = ledger.Disbursement | ledger.Release


def count(books: Balances, book: FundBook, entry: InOneFund, signed: int) -> None:
    """Add an entry's amount to the totals of its fund (reversing, `signed` is negative)."""
    match entry["kind"]:
        case "donation_received":
            book.received_fen += signed
        case "commitment":
            _count_commitment(books, book, entry, signed)
            book.committed_fen += signed
        case "disbursement":
            _settle(books, entry, signed).disbursed_fen += signed
            book.disbursed_fen += signed
        case "release":
            _settle(books, entry, signed).released_fen += signed
            book.released_fen += signed
        case "management_fee":
            book.fees_fen += signed
        case "refund":
            _count_refund(books, book, entry, signed)
            book.refunded_fen += signed


def count_transfer(books: Balances, entry: ledger.Transfer, moved: Amounts, sign: int) -> None:
    signed = {
        fund: sign * (amount if shape == TAKING else -amount)
        for fund, (shape, amount) in moved.items()
    }
    if sum(signed.values()) != 0:
        raise BrokenError(8, "a transfer gives what it takes", entry["index"])
    for fund, amount in signed.items():
        books.funds[fund].transferred_fen += amount


def count_goods(
    books: Balances,
    entry: ledger.GoodsReceived | ledger.GoodsDistributed,
    moved: dict[Thing, int],
    sign: int,
) -> None:
    """Add (or take off) goods; BrokenError where more would leave than is in stock."""
    for thing, quantity in moved.items():
        book = books.goods.setdefault(thing, GoodsBook())
        if entry["kind"] == "goods_received":
            book.received += sign * quantity
        else:
            book.distributed += sign * quantity
        if book.in_stock < 0:
            fund, item, unit = thing
            message = f"{item} of fund {fund} would be at {book.in_stock} {unit}"
            raise BrokenError(8, message, entry["index"])


def _count_commitment(
    books: Balances, book: FundBook, entry: ledger.Commitment, signed: int
) -> None:
    index = entry["index"]
    check_purpose(book, entry.get("purpose"), index)
    known = books.commitments.get(index)
    if known is None:
        known = books.commitments[index] = CommitmentBook(entry["subject"], entry["fund"])
    if known.outstanding_fen + signed < 0:
        raise BrokenError(9, "the commitment was settled already", index)
    known.reserved_fen += signed


def _settle(books: Balances, entry: Settling, signed: int) -> CommitmentBook:
    """The commitment the entry names, with so much still outstanding."""
    known = books.commitments.get(entry["commitment"])
    if known is None or (known.subject, known.fund) != (entry["subject"], entry["fund"]):
        raise BrokenError(9, f"entry {entry['commitment']} is not its commitment", entry["index"])
    if known.outstanding_fen < signed:
        raise BrokenError(9, f"only {known.outstanding_fen} fen outstanding", entry["index"])
    return known


def _count_refund(books: Balances, book: FundBook, entry: ledger.Refund, signed: int) -> None:
    """Of a gift on this log, or on one of an earlier year: see `earlier`."""
    gift = entry["gift"]
    if gift["log"] == entry["log"]:
        books.refunds[gift["index"]] = books.refunds.get(gift["index"], 0) + signed
        return
    if not book.carried:
        message = f"a fund of this year has no gift on {gift['log']}"
        raise BrokenError(8, message, entry["index"])
    place = (gift["log"], gift["index"], entry["fund"])
    books.earlier_refunds[place] = books.earlier_refunds.get(place, 0) + signed
