"""How ledger, hledger and beancount write what a journal is made of.

ledger and hledger read the same text. beancount has no comments on postings that it keeps, names
commodities in capitals, and checks a balance at the start of a day.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol

from services.audit.exports.names import (
    CURRENCY,
    collect_tags,
    encode_text,
    hash_commodity,
    quote_commodity,
)
from services.audit.ledger.accounts import LedgerAccount
from services.audit.ledger.movements import Unit

Dialect = Literal["hledger", "ledger", "beancount"]


@dataclass(frozen=True, slots=True)
class JournalPosting:
    """amount: debits positive, in fen or in the goods' unit."""

    account: str
    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Transaction:
    """An entry that moves something. Notes lead back to the leaf; their values are encoded."""

    day: date
    index: int
    title: str
    subject: str
    notes: Mapping[str, str]
    postings: Iterable[JournalPosting]


class Writing(Protocol):
    """One dialect's spelling; each gives lines without their end."""

    def beginning(self, title: str) -> Iterator[str]: ...
    def account(self, name: str, account: LedgerAccount, day: date) -> Iterator[str]: ...
    def commodity(self, unit: Unit, day: date) -> Iterator[str]: ...
    def transaction(self, transaction: Transaction) -> Iterator[str]: ...
    def assertions(self, balances: Iterable[JournalPosting], day: date) -> Iterator[str]:
        """What each account holds when `day` ends."""


class Plain:
    """ledger and hledger."""

    def beginning(self, title: str) -> Iterator[str]:
        yield f"; {title}"
        yield from ("", *(f"tag {tag}" for tag in collect_tags()))
        yield from ("", f"commodity {CURRENCY}", f"    format 1000.00 {CURRENCY}")

    def account(self, name: str, account: LedgerAccount, day: date) -> Iterator[str]:  # noqa: ARG002
        yield f"account {name}"
        if account.code:
            yield f"    ; code: {encode_text(account.code)}"
        if account.title:
            yield f"    ; title: {encode_text(account.title)}"

    def commodity(self, unit: Unit, day: date) -> Iterator[str]:  # noqa: ARG002
        yield f"commodity {self._name(unit)}"

    def transaction(self, transaction: Transaction) -> Iterator[str]:
        title = f"{transaction.title} | {transaction.subject}"
        yield f"{transaction.day} * ({transaction.index}) {title}"
        yield from (f"    ; {key}: {value}" for key, value in transaction.notes.items())
        for posting in transaction.postings:
            yield f"    {posting.account}  {self._amount(posting)}"

    def assertions(self, balances: Iterable[JournalPosting], day: date) -> Iterator[str]:
        yield f"{day} * 余额核对 balance assertions"
        for posting in balances:
            nothing = JournalPosting(posting.account, 0, posting.unit)
            yield f"    {posting.account}  {self._amount(nothing)} = {self._amount(posting)}"

    def _amount(self, posting: JournalPosting) -> str:
        return f"{posting.unit.number(posting.amount)} {self._name(posting.unit)}"

    @staticmethod
    def _name(unit: Unit) -> str:
        return quote_commodity(unit.item, unit.unit) if unit.item else CURRENCY


class Beancount:
    """beancount 2 and 3."""

    def beginning(self, title: str) -> Iterator[str]:
        yield f"; {title}"
        yield from ("", f'option "title" {_string(title)}')
        yield f'option "operating_currency" "{CURRENCY}"'

    def account(self, name: str, account: LedgerAccount, day: date) -> Iterator[str]:
        yield f"{day} open {name}"
        if account.code:
            yield f"  code: {_string(account.code)}"
        if account.title:
            yield f"  title: {_string(account.title)}"

    def commodity(self, unit: Unit, day: date) -> Iterator[str]:
        yield f"{day} commodity {self._name(unit)}"
        yield f"  item: {_string(encode_text(unit.item))}"
        yield f"  unit: {_string(encode_text(unit.unit))}"

    def transaction(self, transaction: Transaction) -> Iterator[str]:
        yield f"{transaction.day} * {_string(transaction.title)} {_string(transaction.subject)}"
        yield f'  entry: "{transaction.index}"'
        yield from (f"  {key}: {_string(value)}" for key, value in transaction.notes.items())
        for posting in transaction.postings:
            yield f"  {posting.account}  {posting.unit.number(posting.amount)} {self._of(posting)}"

    def assertions(self, balances: Iterable[JournalPosting], day: date) -> Iterator[str]:
        """Without `~ 0` beancount would let one fen pass."""
        after = day + timedelta(days=1)
        for posting in balances:
            number = posting.unit.number(posting.amount)
            yield f"{after} balance {posting.account}  {number} ~ 0 {self._of(posting)}"

    def _of(self, posting: JournalPosting) -> str:
        return self._name(posting.unit)

    @staticmethod
    def _name(unit: Unit) -> str:
        return hash_commodity(unit.item, unit.unit) if unit.item else CURRENCY


WRITING: dict[Dialect, Writing] = {"hledger": Plain(), "ledger": Plain(), "beancount": Beancount()}


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
