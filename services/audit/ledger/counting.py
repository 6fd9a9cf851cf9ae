"""What an entry adds to the totals of its fund, its commitment or its stock, as its kind says.

A reversal takes off what its original had added: `signed` is negative, or `sign` is -1. Also what
a fund may be used for, and how far.
"""

from collections.abc import Mapping
from typing import cast

from services.audit.ledger.balances import (
    Balances,
    CommitmentBook,
    FundBook,
    GoodsBook,
    PayableBook,
)
from services.audit.ledger.findings import COMMITTED, WITHIN_FUND
from services.audit.ledger.kinds import EntryKind
from services.audit.ledger.legs import Amounts, InOneFund, MoneyEntry, Thing
from services.audit.tlog.findings import BrokenError
from shared.contracts import ledger, ledger_fields

Settling = ledger.Disbursement | ledger.Obligation | ledger.Release
Committing = ledger.Commitment | Settling
Paying = ledger.Payment | ledger.PaymentReturned
PURPOSE_BY_TERM = (
    ("categories", "category"),
    ("beneficiary_classes", "beneficiary_class"),
    ("towns", "town"),
)
"""What a fund's terms allow, and what of a purpose must be among it."""


def check_purpose(book: FundBook, purpose: ledger_fields.Purpose | None, index: int) -> None:
    """Restricted money is spent on its purpose: where terms name values, it is one of them."""
    terms = cast(Mapping[str, list[str]], book.terms)
    values = cast(Mapping[str, str], purpose or {})
    for name, key in PURPOSE_BY_TERM:
        allowed = terms[name]
        if allowed and values.get(key) not in allowed:
            message = f"{values.get(key)} is outside the fund's terms"
            raise BrokenError(WITHIN_FUND, message, index)


def check_fee(book: FundBook, index: int) -> None:
    """Fees, this one included, stay within so many permille of what was received this year."""
    limit = book.terms["fee_permille_max"]
    if book.fees_fen * 1000 > limit * (book.received_fen - book.refunded_fen):
        raise BrokenError(
            WITHIN_FUND, f"fees of {book.fees_fen} fen are beyond {limit} permille", index
        )


def check_covered(fund: str, book: FundBook, index: int) -> None:
    """Nobody commits, moves, keeps or gives back what a fund has not got; banks alone take it."""
    if book.remaining_fen < -book.overdrawn_fen:
        raise BrokenError(WITHIN_FUND, f"fund {fund} would be at {book.remaining_fen} fen", index)


def settle_overdrawn(book: FundBook) -> None:
    """What came in since makes it less, and nothing makes it more again."""
    book.overdrawn_fen = min(book.overdrawn_fen, max(0, -book.remaining_fen))


def count_money(
    books: Balances, book: FundBook, kind: EntryKind, entry: InOneFund, signed: int
) -> None:
    """Add an amount within one fund (reversing, `signed` is negative)."""
    if kind.within_terms:
        check_purpose(book, cast(ledger.Commitment, entry).get("purpose"), entry["index"])
    if kind.commitment:
        _count_commitment(books, kind, cast(Committing, entry), signed)
    if kind.payable:
        _count_payable(books, book, kind, cast(ledger.Obligation | Paying, entry), signed)
    if kind.total == "refunded_fen":
        _count_refund(books, book, cast(ledger.Refund, entry), signed)
    _add(book, kind.total, signed)


def count_between_funds(
    books: Balances, kind: EntryKind, entry: MoneyEntry, moved: Amounts, sign: int
) -> None:
    """Add what one fund gives and another takes."""
    signed = {fund: sign * part.sign * amount for fund, (part, amount) in moved.items()}
    if sum(signed.values()) != 0:
        raise BrokenError(WITHIN_FUND, "a transfer gives what it takes", entry["index"])
    for fund, amount in signed.items():
        _add(books.funds[fund], kind.total, amount)


def count_goods(books: Balances, kind: EntryKind, index: int, thing: Thing, signed: int) -> None:
    """Add goods of one thing; BrokenError where more would leave than is in stock."""
    book = books.goods.get(thing)
    if book is None:
        book = books.goods[thing] = GoodsBook()
    _add(book, kind.total, signed)
    if book.in_stock < 0:
        fund, item, unit = thing
        message = f"{item} of fund {fund} would be at {book.in_stock} {unit}"
        raise BrokenError(WITHIN_FUND, message, index)


def _add(
    book: FundBook | CommitmentBook | GoodsBook | PayableBook, total: str, amount: int
) -> None:
    setattr(book, total, getattr(book, total) + amount)


def _count_commitment(books: Balances, kind: EntryKind, entry: Committing, signed: int) -> None:
    """Reserve for a new commitment, or settle a part of the one the entry names."""
    if kind.commitment == "reserved_fen":
        commitment = _reserve(books, cast(ledger.Commitment, entry), signed)
    else:
        commitment = _settle(books, cast(Settling, entry), signed)
    _add(commitment, kind.commitment, signed)


def _reserve(books: Balances, entry: ledger.Commitment, signed: int) -> CommitmentBook:
    index = entry["index"]
    commitment = books.commitments.get(index)
    if commitment is None:
        commitment = CommitmentBook(entry["subject"], entry["fund"])
        books.commitments[index] = commitment
    if commitment.outstanding_fen + signed < 0:
        raise BrokenError(COMMITTED, "the commitment was settled already", index)
    return commitment


def _settle(books: Balances, entry: Settling, signed: int) -> CommitmentBook:
    """The commitment the entry names, with so much still outstanding."""
    named, index = entry["commitment"], entry["index"]
    commitment = books.commitments.get(named)
    owner = (entry["subject"], entry["fund"])
    if commitment is None or (commitment.subject, commitment.fund) != owner:
        raise BrokenError(COMMITTED, f"entry {named} is not its commitment", index)
    if commitment.outstanding_fen < signed:
        message = f"only {commitment.outstanding_fen} fen outstanding"
        raise BrokenError(COMMITTED, message, index)
    return commitment


def _count_payable(
    books: Balances,
    fund: FundBook,
    kind: EntryKind,
    entry: ledger.Obligation | Paying,
    signed: int,
) -> None:
    """No more is paid than is due, and no more comes back than was paid. Of an obligation on an
    earlier year's log, how much was due is checked where that log is at hand: `verification`."""
    index = entry["index"]
    if entry["kind"] == "obligation":
        place = (entry["log"], index)
    else:
        place = (entry["obligation"]["log"], entry["obligation"]["index"])
    payable, is_earlier = books.payables.get(place), place[0] != entry["log"]
    if payable is None:
        if entry["kind"] != "obligation" and not (is_earlier and fund.carried):
            raise BrokenError(COMMITTED, f"entry {place[1]} of {place[0]} is no obligation", index)
        payable = books.payables[place] = PayableBook(entry["subject"], entry["fund"])
    if (payable.subject, payable.fund) != (entry["subject"], entry["fund"]):
        raise BrokenError(COMMITTED, f"entry {place[1]} is not its obligation", index)
    _add(payable, kind.payable, signed)
    if payable.owed_fen < 0 and not is_earlier:
        raise BrokenError(COMMITTED, f"{-payable.owed_fen} fen more paid than due", index)
    if payable.paid_fen < payable.returned_fen and not is_earlier:
        raise BrokenError(COMMITTED, "more came back than was paid", index)


def check_payable(fund: str, book: FundBook, index: int) -> None:
    if book.payable_fen < 0:
        message = f"fund {fund} would have paid {-book.payable_fen} fen more than is due"
        raise BrokenError(COMMITTED, message, index)


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
