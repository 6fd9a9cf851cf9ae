"""What a year's log says it carried is what the frozen log of the year before ended with."""

from collections.abc import Iterator

from services.audit.verify.books import Books, FundBook
from services.audit.verify.findings import BrokenError
from services.audit.verify.note import Checkpoint, root_text


def check_carried(books: Books, before: Books, frozen: Checkpoint) -> list[str]:
    """Names of what is left over there and not carried yet; BrokenError for a false amount."""
    said = books.previous
    if said is not None:
        if (said["log"], said["size"], said["root"]) != _named(frozen):
            raise BrokenError(3, f"carried from another log than {frozen.origin}")
        if not frozen.frozen:
            raise BrokenError(3, f"carried from {frozen.origin}, which is not frozen")
    _check_funds(books, before)
    _check_commitments(books, before)
    _check_goods(books, before)
    return list(_left(books, before))


def _named(frozen: Checkpoint) -> tuple[str, int, str]:
    return frozen.origin, frozen.size, root_text(frozen.root)


def _check_funds(books: Books, before: Books) -> None:
    for id_, book in books.funds.items():
        old = before.funds.get(id_)
        if not book.carried:
            if old is not None:
                raise BrokenError(7, f"fund {id_} was opened again, not carried")
            continue
        if old is None:
            raise BrokenError(7, f"fund {id_} was not in the log before")
        if (book.name, book.restricted, book.terms) != (old.name, old.restricted, old.terms):
            raise BrokenError(8, f"fund {id_} was carried under other terms")
        carried = (book.brought_forward_fen, book.promised_forward_fen)
        if carried != (_balance(old), old.outstanding_fen):
            raise BrokenError(8, f"fund {id_} ended with {_balance(old)} fen, not {carried[0]}")


def _check_commitments(books: Books, before: Books) -> None:
    for named, index in books.carried_commitments.items():
        old, new = before.commitments.get(named), books.commitments[index]
        if old is None or (old.subject, old.fund) != (new.subject, new.fund):
            raise BrokenError(9, f"entry {named} of the log before is not its commitment", index)
        if old.outstanding_fen != new.reserved_fen:
            message = f"{old.outstanding_fen} fen of it were outstanding, not {new.reserved_fen}"
            raise BrokenError(9, message, index)


def _check_goods(books: Books, before: Books) -> None:
    for thing, new in books.goods.items():
        old = before.goods.get(thing)
        in_stock = old.in_stock if old else 0
        if new.brought_forward != in_stock:
            fund, item, unit = thing
            message = f"{in_stock} {unit} of {item} of fund {fund}, not {new.brought_forward}"
            raise BrokenError(7, f"the log before ended with {message}")


def _left(books: Books, before: Books) -> Iterator[str]:
    yield from sorted(before.funds.keys() - books.funds.keys())
    for named, promise in sorted(before.commitments.items()):
        if promise.outstanding_fen and named not in books.carried_commitments:
            yield promise.subject
    for thing, stock in sorted(before.goods.items()):
        if stock.in_stock and thing not in books.goods:
            yield " ".join(thing)


def _balance(book: FundBook) -> int:
    """What lies at the bank: what can be promised and what is."""
    return book.remaining_fen + book.outstanding_fen
