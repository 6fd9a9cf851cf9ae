"""The log as a journal that ledger, hledger and beancount balance: one file for one year's log.

Every entry with legs is a transaction dated by the day (in China) it was recorded, so the order of
the log is the order of the days. Its code (beancount: `entry`) is the leaf's number, its notes name
the event. Entries without legs are comments. When a month ends, and at the end of the file, each
account that changed is asserted to hold what it holds. Years do not go into one file together: each
starts with what was brought forward. Names: see `exports.names`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from services.audit.exports.dialects import WRITING, Dialect, JournalPosting, Transaction, Writing
from services.audit.exports.names import collect_notes, encode_text, format_account, format_comment
from services.audit.ledger.accounts import Chart, load_chart
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.movements import MONEY, Unit, amount_of
from services.audit.ledger.published import PublishedLog, day_of, open_log
from services.audit.tlog.disk import write_whole
from services.audit.tlog.reader import Source
from shared.contracts.ledger import GoodsLeg, LedgerEntry, Leg


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
    yield from journal.beginning(log)
    for entry in log.entries():
        yield from journal.entry(entry)
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

    def beginning(self, log: PublishedLog) -> Iterator[str]:
        yield from self._writing.beginning(f"账本 ledger {encode_text(log.origin)}")
        yield f"; 条目 entries: {log.size}; 树根 root: {log.root}"
        yield f"; 会计制度 standard: {encode_text(self._chart.standard)}"
        yield "; 科目末段是基金 the last part of an account is its fund; -x2e- is the sign 2e (hex)"

    def entry(self, entry: LedgerEntry) -> Iterator[str]:
        day = day_of(entry["recorded_at"])
        if self._changed and (day.year, day.month) != (self._day.year, self._day.month):
            yield from self._assertions(self._changed)
        self._day = day
        if entry["kind"] in ("fund_opened", "fund_carried"):
            yield from self._accounts(entry["accounts"], entry["fund"])
        yield ""
        if not entry["legs"]:
            yield f"; {day} ({entry['index']}) {kind_of(entry).title}: {format_comment(entry)}"
            return
        postings = [_posting(leg) for leg in entry["legs"]]
        yield from self._post(postings)
        yield from self._writing.transaction(
            Transaction(
                day,
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
            yield from self._assertions(self._held)

    def _accounts(self, accounts: Iterable[str], fund: str) -> Iterator[str]:
        for account in accounts:
            name = format_account(account, fund)
            if name not in self._named:
                self._named.add(name)
                yield from (
                    "",
                    *self._writing.account(name, self._chart.titled(account), self._day),
                )

    def _post(self, postings: Iterable[JournalPosting]) -> Iterator[str]:
        for posting in postings:
            place = (posting.account, posting.unit)
            self._held[place] += posting.amount
            self._changed[place] = None
            if posting.unit != MONEY and posting.unit not in self._named:
                self._named.add(posting.unit)
                yield from (*self._writing.commodity(posting.unit, self._day), "")

    def _assertions(self, places: Iterable[tuple[str, Unit]]) -> Iterator[str]:
        balances = [
            JournalPosting(account, self._held[account, unit], unit)
            for account, unit in sorted(places)
        ]
        self._changed.clear()
        yield from ("", *self._writing.assertions(balances, self._day))


def _posting(leg: Leg | GoodsLeg) -> JournalPosting:
    unit, amount = amount_of(leg)
    signed = amount if leg["side"] == "debit" else -amount
    return JournalPosting(format_account(leg["account"], leg["fund"]), signed, unit)
