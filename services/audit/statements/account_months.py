"""An account's statements month by month beside the books: what came in, what went out. Pure.

A file is known by its account and the days that it covers. Of a day that several files cover the
one that states most counts: a second download of a running day has more of it. Where they do not
say the same, the day is listed. What a file states of balances counts at its own days.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit.model.statement_files import DaySum, StatementFile
from shared.contracts.values import CHINA

Key = tuple[str, str]
"""Account, and month as 2026-01."""
Booked = Mapping[Key, tuple[int, int]]
"""What the books have: in, out."""
MONTH_LENGTH = len("2026-01")
_END_OF_DAY = "~"
"""After a day, and before the next one."""


@dataclass(frozen=True, slots=True)
class AccountMonth:
    """files: how many cover a day of it. opening_fen, closing_fen: None where no file states a
    balance that they follow from. stated_gap_fen: how much more the files say is there at its end
    than follows from the balance before and from what moved. are_days_unknown: a file of before
    days were counted covers it, so its sums are not all of it. Fen, both sides positive."""

    account: str
    month: str
    files: int
    opening_fen: int | None
    in_fen: int
    out_fen: int
    closing_fen: int | None
    booked_in_fen: int
    booked_out_fen: int
    stated_gap_fen: int = 0
    are_days_unknown: bool = False

    @property
    def difference_fen(self) -> int | None:
        """What the statements moved more than the books; None where the days are unknown."""
        if self.are_days_unknown:
            return None
        return self.in_fen - self.out_fen - (self.booked_in_fen - self.booked_out_fen)


@dataclass(frozen=True, slots=True)
class DayDifference:
    """said: by file, what it says of the day."""

    account: str
    day: str
    said: tuple[tuple[StatementFile, DaySum | None], ...]


@dataclass(slots=True)
class _Account:
    files: list[StatementFile]

    def list_days(self) -> dict[str, DaySum]:
        """By day, of the file that states most of it."""
        days: dict[str, DaySum] = {}
        for file in self.files:
            for each in file.summary.days:
                fullest = days.get(each.day)
                if fullest is None or each.moved_fen > fullest.moved_fen:
                    days[each.day] = each
        return days

    def list_balances(self) -> list[tuple[str, int]]:
        """What files state, in order: before their first day, and after their last. Not of a day of
        which another file has more: that balance is of the middle of it."""
        fullest, stated = self.list_days(), set[tuple[str, int]]()
        for summary in (file.summary for file in self.files if file.summary.days):
            first, last = summary.days[0], summary.days[-1]
            if summary.opening_fen is not None and first == fullest[first.day]:
                stated.add((first.day, summary.opening_fen))
            if summary.closing_fen is not None and last == fullest[last.day]:
                stated.add((last.day + _END_OF_DAY, summary.closing_fen))
        return sorted(stated)

    def list_unknown_months(self) -> set[str]:
        """Of files of before days were counted, but where another file has their days."""
        months: set[str] = set()
        for summary in (file.summary for file in self.files if not file.summary.days):
            if summary.first and summary.last:
                first, last = _name_day(summary.first), _name_day(summary.last)
                if not any(_is_within(f, first) and _is_within(f, last) for f in self.files):
                    months |= set(_list_between(first[:MONTH_LENGTH], last[:MONTH_LENGTH]))
        return months


def count_months(files: Iterable[StatementFile], booked: Booked) -> list[AccountMonth]:
    """By account and month; what the books have of a month without a statement too."""
    accounts = _group(files)
    months: list[AccountMonth] = []
    for account in sorted({*accounts, *(account for account, _ in booked)}):
        own = accounts.get(account) or _Account([])
        months += _count_account(account, own, booked)
    return months


def _group(files: Iterable[StatementFile]) -> dict[str, _Account]:
    accounts: dict[str, _Account] = {}
    for file in files:
        accounts.setdefault(file.summary.account, _Account([])).files.append(file)
    return accounts


def _count_account(account: str, own: _Account, booked: Booked) -> Iterator[AccountMonth]:
    days, balances, unknown = own.list_days(), own.list_balances(), own.list_unknown_months()
    covered = sorted({*(day[:MONTH_LENGTH] for day in days), *unknown})
    named = {month for each, month in booked if each == account}
    named.update(_list_between(covered[0], covered[-1]) if covered else ())
    before: int | None = None
    for month in sorted(named):
        of_month = {day: sums for day, sums in days.items() if day[:MONTH_LENGTH] == month}
        stated = [each for each in balances if each[0][:MONTH_LENGTH] == month]
        opening, closing, gap = _find_balances(of_month, stated, before)
        if month in unknown:
            opening, closing, gap = None, None, 0
        yield AccountMonth(
            account,
            month,
            sum(_covers(file, month) for file in own.files),
            opening,
            sum(each.in_fen for each in of_month.values()),
            sum(each.out_fen for each in of_month.values()),
            closing,
            *booked.get((account, month), (0, 0)),
            stated_gap_fen=gap,
            are_days_unknown=month in unknown,
        )
        before = closing


def _find_balances(
    days: Mapping[str, DaySum], stated: Sequence[tuple[str, int]], before: int | None
) -> tuple[int | None, int | None, int]:
    """Of a month: opening, closing, and the gap in what is stated. before: the closing of the month
    before. What is stated within the month counts before it."""
    moved = _sum_moved(days.values())
    opening, closing = before, None if before is None else before + moved
    if stated:
        (first, first_fen), (last, last_fen) = stated[0], stated[-1]
        opening = first_fen - _sum_moved(each for day, each in days.items() if day < first)
        closing = last_fen + _sum_moved(each for day, each in days.items() if day >= last)
    if opening is None or closing is None:
        return None, None, 0
    return opening, closing, closing - (opening if before is None else before) - moved


def _name_day(moment: datetime) -> str:
    return moment.astimezone(CHINA).date().isoformat()


def _sum_moved(days: Iterable[DaySum]) -> int:
    return sum(each.in_fen - each.out_fen for each in days)


def _list_between(first: str, last: str) -> Iterator[str]:
    """Months, with both ends."""
    year, month = int(first[:4]), int(first[5:])
    while (text := f"{year}-{month:02d}") <= last:
        yield text
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _covers(file: StatementFile, month: str) -> bool:
    return any(each.day[:MONTH_LENGTH] == month for each in file.summary.days)


def find_differences(files: Iterable[StatementFile]) -> list[DayDifference]:
    """Days within two files of an account of which they do not say the same."""
    differences: list[DayDifference] = []
    for account, own in sorted(_group(files).items()):
        for day in sorted(own.list_days()):
            pairs = tuple(
                (file, _find_day(file.summary.days, day))
                for file in own.files
                if _is_within(file, day)
            )
            if len({(sums.in_fen, sums.out_fen) if sums else (0, 0) for _, sums in pairs}) > 1:
                differences.append(DayDifference(account, day, pairs))
    return differences


def _is_within(file: StatementFile, day: str) -> bool:
    days = file.summary.days
    return bool(days) and days[0].day <= day <= days[-1].day


def _find_day(days: Sequence[DaySum], day: str) -> DaySum | None:
    return next((each for each in days if each.day == day), None)
