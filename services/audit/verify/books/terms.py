"""Invariant 8: what a fund may be used for, and how far."""

from services.audit.verify.books.balances import FundBook
from services.audit.verify.findings import BrokenError
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
            raise BrokenError(8, f"{value} is outside the fund's terms", index)


def check_fee(book: FundBook, index: int) -> None:
    """Fees, this one included, stay within so many permille of what was received this year."""
    limit = book.terms["fee_permille_max"]
    if book.fees_fen * 1000 > limit * (book.received_fen - book.refunded_fen):
        raise BrokenError(8, f"fees of {book.fees_fen} fen are beyond {limit} permille", index)


def check_promise(fund: str, book: FundBook, index: int) -> None:
    """Nobody promises, moves, keeps or gives back what a fund has not got."""
    if book.remaining_fen < 0:
        raise BrokenError(8, f"fund {fund} would be at {book.remaining_fen} fen", index)
