"""How a fund, a commitment or goods enter a year's log: opened, or brought forward from the frozen
log of the year before; and whether what is brought forward is what that log ended with."""

from collections.abc import Iterator

from services.audit.ledger.accounts import classify_account
from services.audit.ledger.balances import COUNTERS, Balances, CommitmentBook, FundBook, GoodsBook
from services.audit.ledger.counting import check_purpose
from services.audit.ledger.findings import BALANCED, COMMITTED, WITHIN_FUND
from services.audit.ledger.kinds import Group, Part, kind_of
from services.audit.ledger.legs import explain_legs, group_of, sum_quantities
from services.audit.tlog.checkpoint import Checkpoint, format_root
from services.audit.tlog.findings import HISTORY, BrokenError
from shared.contracts import ledger, ledger_fields


def open_fund(books: Balances, entry: ledger.FundOpened | ledger.FundCarried) -> FundBook:
    """A fund may be opened or carried once; BrokenError."""
    if entry["fund"] in books.funds:
        raise BrokenError(BALANCED, f"fund {entry['fund']} was opened before", entry["index"])
    accounts = {account: classify_account(account) for account in entry["accounts"]}
    books.opened_accounts.update(accounts)
    book = FundBook(entry["name"], entry["restricted"], accounts, entry["terms"])
    books.funds[entry["fund"]] = book
    return book


def open_accounts(books: Balances, entry: ledger.AccountsOpened) -> None:
    """More accounts of an open fund; BrokenError."""
    book = books.funds.get(entry["fund"])
    if book is None:
        raise BrokenError(BALANCED, f"fund {entry['fund']} was not opened", entry["index"])
    book.accounts.update({account: classify_account(account) for account in entry["accounts"]})
    books.opened_accounts.update(entry["accounts"])


def check_opening(fund: str, book: FundBook, index: int) -> None:
    """An opening balance comes before anything moves in its fund; BrokenError."""
    counters = (name for name in COUNTERS if name != "brought_forward_fen")
    if book.carried or any(getattr(book, name) for name in counters):
        message = f"fund {fund} had moved before its opening balance"
        raise BrokenError(WITHIN_FUND, message, index)


def bring_fund_forward(books: Balances, entry: ledger.FundCarried) -> None:
    """What lies at the bank, what of it is promised, and what is due: a pair of legs each, or
    none."""
    _check_previous(books, entry["previous"], entry)
    book = open_fund(books, entry)
    sums: dict[Group, int] = {}
    for leg in entry["legs"]:
        if leg["fund"] != entry["fund"]:
            raise BrokenError(WITHIN_FUND, "legs in another fund than the entry's", entry["index"])
        group = group_of(leg, entry, books.funds)
        sums[group] = sums.get(group, 0) + leg["amount_fen"]
    *parts, overdrawn = kind_of(entry).parts
    lacking = _take_lacking(sums, overdrawn)
    (balance, _), (promised, _), (payable, _) = pairs = [
        tuple(sums.pop(group, 0) for group in sorted(part.shape)) for part in parts
    ]
    if sums or any(debit != credit for debit, credit in pairs) or (balance and lacking):
        raise explain_legs(entry, entry["fund"])
    book.overdrawn_fen = max(0, promised + payable - balance + lacking)
    if book.overdrawn_fen != entry.get("overdrawn_fen", 0):
        message = f"{promised + payable} fen promised or due of {balance - lacking} fen carried"
        raise BrokenError(WITHIN_FUND, message, entry["index"])
    book.carried = True
    book.brought_forward_fen = balance - lacking - payable
    book.payable_forward_fen = payable
    book.committed_fen = book.promised_forward_fen = book.uncarried_fen = promised


def _take_lacking(sums: dict[Group, int], overdrawn: Part) -> int:
    """What of the legs is of a fund with less than nothing at the bank. What is owed stands against
    net assets too."""
    (lacking,) = (sums.pop(group, 0) for group in overdrawn.shape if group[1] == "credit")
    for group in overdrawn.shape:
        if lacking and group[1] == "debit":
            sums[group] = sums.get(group, 0) - lacking
    return lacking


def bring_commitment_forward(books: Balances, entry: ledger.CommitmentCarried) -> None:
    """The promises carried one by one are, together, no more than what the fund carried."""
    book, previous, index = books.funds.get(entry["fund"]), entry["previous"], entry["index"]
    if entry["legs"]:
        raise BrokenError(BALANCED, "a commitment_carried moves no money", index)
    if book is None or books.previous is None:
        raise BrokenError(BALANCED, f"fund {entry['fund']} was not carried", index)
    if previous["log"] != books.previous["log"] or previous["index"] >= books.previous["size"]:
        raise BrokenError(HISTORY, f"no entry of the frozen log {books.previous['log']}", index)
    if previous["index"] in books.carried_commitments:
        raise BrokenError(COMMITTED, f"entry {previous['index']} was carried before", index)
    if entry["amount_fen"] > book.uncarried_fen:
        raise BrokenError(
            COMMITTED, f"only {book.uncarried_fen} fen of promises left to carry", index
        )
    check_purpose(book, entry.get("purpose"), index)
    book.uncarried_fen -= entry["amount_fen"]
    books.carried_commitments[previous["index"]] = index
    books.commitments[index] = CommitmentBook(entry["subject"], entry["fund"], entry["amount_fen"])


def bring_goods_forward(books: Balances, entry: ledger.GoodsCarried) -> None:
    """Once for each thing, before it moves, into a fund that was carried itself."""
    _check_previous(books, entry["previous"], entry)
    moved = sum_quantities(entry, books.funds)
    if not books.funds[entry["fund"]].carried:
        raise BrokenError(BALANCED, f"fund {entry['fund']} was not carried", entry["index"])
    for thing, quantity in moved.items():
        if thing in books.goods:
            message = f"{thing[1]} of fund {thing[0]} was carried or moved before"
            raise BrokenError(BALANCED, message, entry["index"])
        books.goods[thing] = GoodsBook(brought_forward=quantity)


def _check_previous(
    books: Balances,
    previous: ledger_fields.PreviousLog,
    entry: ledger.FundCarried | ledger.GoodsCarried,
) -> None:
    """Everything carried into a log comes from one frozen log: same name, size and root."""
    if previous["log"] == entry["log"]:
        raise BrokenError(HISTORY, "a log does not carry from itself", entry["index"])
    if books.previous is None:
        books.previous = previous
    elif books.previous != previous:
        message = (
            f"carried from another frozen log than before: {previous['log']}, {previous['size']}"
        )
        raise BrokenError(HISTORY, message, entry["index"])


def check_brought_forward(books: Balances, before: Balances, frozen: Checkpoint) -> list[str]:
    """Names of what is left over there and not carried yet; BrokenError for a false amount."""
    previous = books.previous
    if previous is not None:
        if (previous["log"], previous["size"], previous["root"]) != _name_frozen_log(frozen):
            raise BrokenError(HISTORY, f"carried from another log than {frozen.origin}")
        if not frozen.frozen:
            raise BrokenError(HISTORY, f"carried from {frozen.origin}, which is not frozen")
    _check_funds(books, before)
    _check_commitments(books, before)
    _check_goods(books, before)
    return list(_list_remaining(books, before))


def _name_frozen_log(frozen: Checkpoint) -> tuple[str, int, str]:
    return frozen.origin, frozen.size, format_root(frozen.root)


def _check_funds(books: Balances, before: Balances) -> None:
    for id_, book in books.funds.items():
        old = before.funds.get(id_)
        if not book.carried:
            if old is not None:
                raise BrokenError(BALANCED, f"fund {id_} was opened again, not carried")
            continue
        if old is None:
            raise BrokenError(BALANCED, f"fund {id_} was not in the log before")
        if (book.name, book.restricted, book.terms) != (old.name, old.restricted, old.terms):
            raise BrokenError(WITHIN_FUND, f"fund {id_} was carried under other terms")
        balance = book.brought_forward_fen + book.payable_forward_fen
        brought_forward = (balance, book.promised_forward_fen, book.payable_forward_fen)
        if brought_forward != (old.balance_fen, old.outstanding_fen, old.payable_fen):
            raise BrokenError(
                WITHIN_FUND, f"fund {id_} ended with {old.balance_fen} fen, not {balance}"
            )


def _check_commitments(books: Balances, before: Balances) -> None:
    for named, index in books.carried_commitments.items():
        old, new = before.commitments.get(named), books.commitments[index]
        if old is None or (old.subject, old.fund) != (new.subject, new.fund):
            raise BrokenError(
                COMMITTED, f"entry {named} of the log before is not its commitment", index
            )
        if old.outstanding_fen != new.reserved_fen:
            message = f"{old.outstanding_fen} fen of it were outstanding, not {new.reserved_fen}"
            raise BrokenError(COMMITTED, message, index)


def _check_goods(books: Balances, before: Balances) -> None:
    for thing, new in books.goods.items():
        old = before.goods.get(thing)
        in_stock = old.in_stock if old else 0
        if new.brought_forward != in_stock:
            fund, item, unit = thing
            message = f"{in_stock} {unit} of {item} of fund {fund}, not {new.brought_forward}"
            raise BrokenError(BALANCED, f"the log before ended with {message}")


def _list_remaining(books: Balances, before: Balances) -> Iterator[str]:
    yield from sorted(before.funds.keys() - books.funds.keys())
    for named, promise in sorted(before.commitments.items()):
        if promise.outstanding_fen and named not in books.carried_commitments:
            yield promise.subject
    for thing, stock in sorted(before.goods.items()):
        if stock.in_stock and thing not in books.goods:
            yield " ".join(thing)
