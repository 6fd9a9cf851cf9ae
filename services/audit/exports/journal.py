"""The log as a journal that ledger, hledger and beancount balance: one file for one year's log.

Every entry with legs is a transaction dated by the day (in China) it was recorded, so the order of
the log is the order of the days. Where the bank's day is another, it is the second date, by which
`hledger --date2` and `ledger --aux-date` reckon. Its code (beancount: `entry`) is the leaf's
number, its notes name the event. Entries without legs are comments. When a month ends, and at the
end of the file, each account that changed is asserted to hold what it holds. Years do not go into
one file together: each starts with what was brought forward. Names: see `exports.names`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Protocol

from services.audit.exports.names import (
    CURRENCY,
    collect_notes,
    collect_tags,
    encode_text,
    format_account,
    format_comment,
    hash_commodity,
    quote_commodity,
)
from services.audit.ledger.accounts import Chart, LedgerAccount, load_chart
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.movements import MONEY, Unit, amount_of
from services.audit.ledger.published import PublishedLog, day_of, open_log
from services.audit.tlog.disk import write_whole
from services.audit.tlog.reader import Source
from shared.contracts.ledger import LedgerEntry
from shared.contracts.ledger_fields import GoodsLeg, Leg

Dialect = Literal["hledger", "ledger", "beancount"]


@dataclass(frozen=True, slots=True)
class JournalPosting:
    """amount: debits positive, in fen or in the goods' unit."""

    account: str
    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Transaction:
    """An entry that moves something. Notes lead back to the leaf; their values are encoded.
    effective_on: the bank's day."""

    day: date
    effective_on: date
    index: int
    title: str
    subject: str
    notes: Mapping[str, str]
    postings: Iterable[JournalPosting]


class Writing(Protocol):
    """One dialect's spelling; each gives lines without their end."""

    def format_beginning(self, title: str) -> Iterator[str]: ...
    def format_account(self, name: str, account: LedgerAccount, day: date) -> Iterator[str]: ...
    def format_commodity(self, unit: Unit, day: date) -> Iterator[str]: ...
    def format_transaction(self, transaction: Transaction) -> Iterator[str]: ...
    def format_assertions(self, balances: Iterable[JournalPosting], day: date) -> Iterator[str]:
        """What each account holds when `day` ends."""


class Plain:
    """ledger and hledger."""

    def format_beginning(self, title: str) -> Iterator[str]:
        yield f"; {title}"
        yield from ("", *(f"tag {tag}" for tag in collect_tags()))
        yield from ("", f"commodity {CURRENCY}", f"    format 1000.00 {CURRENCY}")

    def format_account(self, name: str, account: LedgerAccount, day: date) -> Iterator[str]:  # noqa: ARG002
        yield f"account {name}"
        if account.code:
            yield f"    ; code: {encode_text(account.code)}"
        if account.title:
            yield f"    ; title: {encode_text(account.title)}"

    def format_commodity(self, unit: Unit, day: date) -> Iterator[str]:  # noqa: ARG002
        yield f"commodity {self._name(unit)}"

    def format_transaction(self, transaction: Transaction) -> Iterator[str]:
        title = f"{transaction.title} | {transaction.subject}"
        day, second = transaction.day, transaction.effective_on
        both = f"{day}" if second == day else f"{day}={second}"
        yield f"{both} * ({transaction.index}) {title}"
        yield from (f"    ; {key}: {value}" for key, value in transaction.notes.items())
        for posting in transaction.postings:
            yield f"    {posting.account}  {self._format_amount(posting)}"

    def format_assertions(self, balances: Iterable[JournalPosting], day: date) -> Iterator[str]:
        yield f"{day} * 余额核对 balance assertions"
        for posting in balances:
            nothing = self._format_amount(replace(posting, amount=0))
            yield f"    {posting.account}  {nothing} = {self._format_amount(posting)}"

    def _format_amount(self, posting: JournalPosting) -> str:
        return f"{posting.unit.format_number(posting.amount)} {self._name(posting.unit)}"

    @staticmethod
    def _name(unit: Unit) -> str:
        return quote_commodity(unit.item, unit.unit) if unit.item else CURRENCY


class Beancount:
    """beancount 2 and 3."""

    def format_beginning(self, title: str) -> Iterator[str]:
        yield f"; {title}"
        yield from ("", f'option "title" {_quote(title)}')
        yield f'option "operating_currency" "{CURRENCY}"'

    def format_account(self, name: str, account: LedgerAccount, day: date) -> Iterator[str]:
        yield f"{day} open {name}"
        if account.code:
            yield f"  code: {_quote(account.code)}"
        if account.title:
            yield f"  title: {_quote(account.title)}"

    def format_commodity(self, unit: Unit, day: date) -> Iterator[str]:
        yield f"{day} commodity {self._name(unit)}"
        yield f"  item: {_quote(encode_text(unit.item))}"
        yield f"  unit: {_quote(encode_text(unit.unit))}"

    def format_transaction(self, transaction: Transaction) -> Iterator[str]:
        yield f"{transaction.day} * {_quote(transaction.title)} {_quote(transaction.subject)}"
        yield f'  entry: "{transaction.index}"'
        yield from (f"  {key}: {_quote(value)}" for key, value in transaction.notes.items())
        for posting in transaction.postings:
            yield f"  {posting.account}  {self._format_amount(posting)}"

    def format_assertions(self, balances: Iterable[JournalPosting], day: date) -> Iterator[str]:
        """Without `~ 0` beancount would let one fen pass."""
        after = day + timedelta(days=1)
        for posting in balances:
            number = posting.unit.format_number(posting.amount)
            yield f"{after} balance {posting.account}  {number} ~ 0 {self._name(posting.unit)}"

    def _format_amount(self, posting: JournalPosting) -> str:
        return f"{posting.unit.format_number(posting.amount)} {self._name(posting.unit)}"

    @staticmethod
    def _name(unit: Unit) -> str:
        return hash_commodity(unit.item, unit.unit) if unit.item else CURRENCY


WRITING: dict[Dialect, Writing] = {"hledger": Plain(), "ledger": Plain(), "beancount": Beancount()}


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# --- journal --------------------------------------------------------------------------------------


def write_journal(
    where: str | Path | Source, dialect: Dialect, out: Path, chart: Chart | None = None
) -> int:
    """Write the whole log to the file `out`; returns how many entries it has.

    NoteError, BrokenError or NotCanonicalError where the log cannot be read; then `out` is as it
    was.
    """
    log = open_log(where)
    with write_whole(out) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in format_journal(log, dialect, chart))
    return log.size


def format_journal(
    log: PublishedLog, dialect: Dialect, chart: Chart | None = None
) -> Iterator[str]:
    """The journal of `log`, line by line."""
    journal = _Journal(WRITING[dialect], chart or load_chart())
    yield from journal.begin(log)
    for entry in log.read_entries():
        yield from journal.add(entry)
    yield from journal.end()


class _Journal:
    """What the next line depends on: accounts and goods already named, and what each holds."""

    def __init__(self, writing: Writing, chart: Chart) -> None:
        self._writing = writing
        self._chart = chart
        self._named: set[str | Unit] = set()
        self._held: Counter[tuple[str, Unit]] = Counter()
        self._changed: dict[tuple[str, Unit], None] = {}
        self._day = date.min

    def begin(self, log: PublishedLog) -> Iterator[str]:
        yield from self._writing.format_beginning(f"账本 ledger {encode_text(log.origin)}")
        yield f"; 条目 entries: {log.size}; 树根 root: {log.root}"
        yield f"; 会计制度 standard: {encode_text(self._chart.standard)}"
        yield "; 科目末段是基金 the last part of an account is its fund; -x2e- is the sign 2e (hex)"

    def add(self, entry: LedgerEntry) -> Iterator[str]:
        day = day_of(entry["recorded_at"])
        if self._changed and (day.year, day.month) != (self._day.year, self._day.month):
            yield from self._assert_balances(self._changed)
        self._day = day
        if entry["kind"] in ("fund_opened", "fund_carried", "accounts_opened"):
            yield from self._declare_accounts(entry["accounts"], entry["fund"])
        yield ""
        if not entry["legs"]:
            yield f"; {day} ({entry['index']}) {kind_of(entry).title}: {format_comment(entry)}"
            return
        postings = [_build_posting(leg) for leg in entry["legs"]]
        yield from self._post(postings)
        yield from self._writing.format_transaction(
            Transaction(
                day,
                day_of(entry["effective_at"]),
                entry["index"],
                kind_of(entry).title,
                encode_text(entry["subject"]),
                collect_notes(entry),
                postings,
            )
        )

    def end(self) -> Iterator[str]:
        """Every account, whether it changed lately or not."""
        if self._held:
            yield from self._assert_balances(self._held)

    def _declare_accounts(self, accounts: Iterable[str], fund: str) -> Iterator[str]:
        for account in accounts:
            name = format_account(account, fund)
            if name not in self._named:
                self._named.add(name)
                yield from (
                    "",
                    *self._writing.format_account(name, self._chart.find(account), self._day),
                )

    def _post(self, postings: Iterable[JournalPosting]) -> Iterator[str]:
        for posting in postings:
            place = (posting.account, posting.unit)
            self._held[place] += posting.amount
            self._changed[place] = None
            if posting.unit != MONEY and posting.unit not in self._named:
                self._named.add(posting.unit)
                yield from (*self._writing.format_commodity(posting.unit, self._day), "")

    def _assert_balances(self, places: Iterable[tuple[str, Unit]]) -> Iterator[str]:
        balances = [
            JournalPosting(account, self._held[account, unit], unit)
            for account, unit in sorted(places)
        ]
        self._changed.clear()
        yield from ("", *self._writing.format_assertions(balances, self._day))


def _build_posting(leg: Leg | GoodsLeg) -> JournalPosting:
    unit, amount = amount_of(leg)
    signed = amount if leg["side"] == "debit" else -amount
    return JournalPosting(format_account(leg["account"], leg["fund"]), signed, unit)
