"""What each kind of entry does to a fund's totals and to its commitments and stock, and what a
fund may be used for.

A reversal takes off what its original had added: `signed` is negative, or `sign` is -1."""

from services.audit.ledger.balances import Balances, CommitmentBook, FundBook, GoodsBook
from services.audit.ledger.findings import COMMITTED, WITHIN_FUND
from services.audit.ledger.legs import TAKING, Amounts, InOneFund, Thing
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger


def check_purpose(book: FundBook, purpose: ledger.Purpose | None, index: int) -> None:
    """Restricted money is spent on its purpose: where terms name values, one of them is said."""
    terms, said = book.terms, purpose or {}
    for allowed, value in (
        (terms["categories"], said.get("category")),
        (terms["beneficiary_classes"], said.get("beneficiary_class")),
        (terms["towns"], said.get("town")),
    ):
        if allowed and value not in allowed:
            raise BrokenError(WITHIN_FUND, f"{value} is outside the fund's terms", index)


def check_fee(book: FundBook, index: int) -> None:
    """Fees, this one included, stay within so many permille of what was received this year."""
    limit = book.terms["fee_permille_max"]
    if book.fees_fen * 1000 > limit * (book.received_fen - book.refunded_fen):
        raise BrokenError(
            WITHIN_FUND, f"fees of {book.fees_fen} fen are beyond {limit} permille", index
        )


def check_promise(fund: str, book: FundBook, index: int) -> None:
    """Nobody promises, moves, keeps or gives back what a fund has not got."""
    if book.remaining_fen < 0:
        raise BrokenError(WITHIN_FUND, f"fund {fund} would be at {book.remaining_fen} fen", index)


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
        raise BrokenError(WITHIN_FUND, "a transfer gives what it takes", entry["index"])
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
            raise BrokenError(WITHIN_FUND, message, entry["index"])


def _count_commitment(
    books: Balances, book: FundBook, entry: ledger.Commitment, signed: int
) -> None:
    index = entry["index"]
    check_purpose(book, entry.get("purpose"), index)
    known = books.commitments.get(index)
    if known is None:
        known = books.commitments[index] = CommitmentBook(entry["subject"], entry["fund"])
    if known.outstanding_fen + signed < 0:
        raise BrokenError(COMMITTED, "the commitment was settled already", index)
    known.reserved_fen += signed


def _settle(books: Balances, entry: Settling, signed: int) -> CommitmentBook:
    """The commitment the entry names, with so much still outstanding."""
    known = books.commitments.get(entry["commitment"])
    if known is None or (known.subject, known.fund) != (entry["subject"], entry["fund"]):
        raise BrokenError(
            COMMITTED, f"entry {entry['commitment']} is not its commitment", entry["index"]
        )
    if known.outstanding_fen < signed:
        raise BrokenError(
            COMMITTED, f"only {known.outstanding_fen} fen outstanding", entry["index"]
        )
    return known


def _count_refund(books: Balances, book: FundBook, entry: ledger.Refund, signed: int) -> None:
    """Of a gift on this log, or on one of an earlier year: see `verification`."""
    gift = entry["gift"]
    if gift["log"] == entry["log"]:
        books.refunds[gift["index"]] = books.refunds.get(gift["index"], 0) + signed
        return
    if not book.carried:
        message = f"a fund of this year has no gift on {gift['log']}"
        raise BrokenError(WITHIN_FUND, message, entry["index"])
    place = (gift["log"], gift["index"], entry["fund"])
    books.earlier_refunds[place] = books.earlier_refunds.get(place, 0) + signed
