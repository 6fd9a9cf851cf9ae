"""How a fund, a promise or goods enter a year's log: opened, or carried from the frozen one."""

from services.audit.verify.accounts import account_class
from services.audit.verify.books.balances import Balances, CommitmentBook, FundBook, GoodsBook
from services.audit.verify.books.legs import (
    BROUGHT,
    RESERVED,
    Group,
    group_of,
    quantities,
    why_not,
)
from services.audit.verify.books.terms import check_purpose
from services.audit.verify.findings import BrokenError
from shared.contracts import ledger


def open_fund(books: Balances, entry: ledger.FundOpened | ledger.FundCarried) -> FundBook:
    """A fund may be opened or carried once; BrokenError."""
    if entry["fund"] in books.funds:
        raise BrokenError(7, f"fund {entry['fund']} was opened before", entry["index"])
    accounts = {account: account_class(account) for account in entry["accounts"]}
    book = FundBook(entry["name"], entry["restricted"], accounts, entry["terms"])
    books.funds[entry["fund"]] = book
    return book


def carry_fund(books: Balances, entry: ledger.FundCarried) -> None:
    """What lies at the bank, and what of it is promised, are two pairs of legs or none."""
    _from_previous(books, entry["previous"], entry)
    book = open_fund(books, entry)
    sums: dict[Group, int] = {}
    for leg in entry["legs"]:
        if leg["fund"] != entry["fund"]:
            raise BrokenError(8, "legs in another fund than the entry's", entry["index"])
        group = group_of(leg, entry, books.funds)
        sums[group] = sums.get(group, 0) + leg["amount_fen"]
    (balance, _), (promised, _) = pairs = [
        tuple(sums.pop(group, 0) for group in sorted(shape)) for shape in (BROUGHT, RESERVED)
    ]
    if sums or any(debit != credit for debit, credit in pairs):
        raise why_not(entry, entry["fund"])
    if promised > balance:
        message = f"{promised} fen promised of {balance} fen carried"
        raise BrokenError(8, message, entry["index"])
    book.carried = True
    book.brought_forward_fen = balance
    book.committed_fen = book.promised_forward_fen = book.uncarried_fen = promised


def carry_commitment(books: Balances, entry: ledger.CommitmentCarried) -> None:
    """The promises carried one by one are, together, no more than what the fund carried."""
    book, previous, index = books.funds.get(entry["fund"]), entry["previous"], entry["index"]
    if entry["legs"]:
        raise BrokenError(7, "a commitment_carried moves no money", index)
    if book is None or books.previous is None:
        raise BrokenError(7, f"fund {entry['fund']} was not carried", index)
    if previous["log"] != books.previous["log"] or previous["index"] >= books.previous["size"]:
        raise BrokenError(3, f"no entry of the frozen log {books.previous['log']}", index)
    if previous["index"] in books.carried_commitments:
        raise BrokenError(9, f"entry {previous['index']} was carried before", index)
    if entry["amount_fen"] > book.uncarried_fen:
        raise BrokenError(9, f"only {book.uncarried_fen} fen of promises left to carry", index)
    check_purpose(book, entry.get("purpose"), index)
    book.uncarried_fen -= entry["amount_fen"]
    books.carried_commitments[previous["index"]] = index
    books.commitments[index] = CommitmentBook(entry["subject"], entry["fund"], entry["amount_fen"])


def carry_goods(books: Balances, entry: ledger.GoodsCarried) -> None:
    """Once for each thing, before it moves, into a fund that was carried itself."""
    _from_previous(books, entry["previous"], entry)
    moved = quantities(entry, books.funds)
    if not books.funds[entry["fund"]].carried:
        raise BrokenError(7, f"fund {entry['fund']} was not carried", entry["index"])
    for thing, quantity in moved.items():
        if thing in books.goods:
            message = f"{thing[1]} of fund {thing[0]} was carried or moved before"
            raise BrokenError(7, message, entry["index"])
        books.goods[thing] = GoodsBook(brought_forward=quantity)


def _from_previous(
    books: Balances, said: ledger.PreviousLog, entry: ledger.FundCarried | ledger.GoodsCarried
) -> None:
    """Everything carried into a log comes from one frozen log: same name, size and root."""
    if said["log"] == entry["log"]:
        raise BrokenError(3, "a log does not carry from itself", entry["index"])
    if books.previous is None:
        books.previous = said
    elif books.previous != said:
        message = f"carried from another frozen log than before: {said['log']}, {said['size']}"
        raise BrokenError(3, message, entry["index"])
