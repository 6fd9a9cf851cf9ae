"""A month by the day of entry beside the same by the bank's day, and what makes the difference.

The books are in the order of entry. The bank's statement of a month agrees with its bank's days.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.audit.ledger.accounts import Chart
from services.audit.ledger.kinds import kind_of
from services.audit.ledger.published import day_of
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.statutory.accounts import OPENINGS, StatutoryReader
from shared.contracts.ledger import LedgerEntry


@dataclass(frozen=True, slots=True)
class Crossing:
    """An entry that one of its days puts into the month, and the other does not."""

    entry: str
    kind: str
    funds: str
    amount_fen: int
    recorded_on: date
    effective_on: date


@dataclass(slots=True)
class MonthByDates:
    """By account, code and title: debits less credits of the month in fen, by either day."""

    by_entry: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_bank: Counter[tuple[str, str]] = field(default_factory=Counter)
    crossings: list[Crossing] = field(default_factory=list)

    def list_accounts(self) -> list[tuple[str, str]]:
        return sorted(self.by_entry.keys() | self.by_bank.keys())


def compare_dates(entries: Iterable[LedgerEntry], month: Period, chart: Chart) -> MonthByDates:
    """Reads the log to its end: what belongs to the month may be entered whenever."""
    reader, comparison = StatutoryReader(chart), MonthByDates()
    for entry in entries:
        legs = reader.read(entry)
        if not legs or entry["kind"] in OPENINGS:
            continue
        recorded_on, effective_on = day_of(entry["recorded_at"]), day_of(entry["effective_at"])
        days = (recorded_on in month, effective_on in month)
        for is_in, sums in zip(days, (comparison.by_entry, comparison.by_bank), strict=True):
            for leg in legs if is_in else ():
                sums[leg.code, leg.title] += leg.debit_fen
        if days[0] != days[1]:
            comparison.crossings.append(
                Crossing(
                    f"{entry['log']}#{entry['index']}",
                    kind_of(entry).zh,
                    "、".join(dict.fromkeys(reader.find_name(leg.fund) for leg in legs)),
                    sum(leg.debit_fen for leg in legs if leg.debit_fen > 0),
                    recorded_on,
                    effective_on,
                )
            )
    return comparison
