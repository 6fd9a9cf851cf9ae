"""An account's statements month by month beside the books: what came in, what went out. Pure.

A file is known by its account and the days that it covers. Of a day that several files cover the
one that states most counts: a second download of a running day has more of it. Where they do not
say the same, the day is listed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.audit.model.statement_files import DaySum, StatementFile

Key = tuple[str, str]
"""Account, and month as 2026-01."""
Booked = Mapping[Key, tuple[int, int]]
"""What the books have: in, out."""
MONTH_LENGTH = len("2026-01")


@dataclass(frozen=True, slots=True)
class AccountMonth:
    """files: how many cover a day of it. opening_fen, closing_fen: None where no file states a
    balance that they follow from. Fen, both sides positive."""

    account: str
    month: str
    files: int
    opening_fen: int | None
    in_fen: int
    out_fen: int
    closing_fen: int | None
    booked_in_fen: int
    booked_out_fen: int

    @property
    def difference_fen(self) -> int:
        """What the statements moved more than the books."""
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

    def find_anchor(self) -> tuple[str, int] | None:
        """The first day of which a file states the balance before it."""
        stated = [
            (file.summary.days[0].day, file.summary.opening_fen)
            for file in self.files
            if file.summary.opening_fen is not None and file.summary.days
        ]
        return min(stated, default=None)


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


def _count_account(account: str, own: _Account, booked: Booked) -> list[AccountMonth]:
    days = own.list_days()
    came, went = Counter[str](), Counter[str]()
    for day, each in days.items():
        came[day[:MONTH_LENGTH]] += each.in_fen
        went[day[:MONTH_LENGTH]] += each.out_fen
    named = {*came, *went, *(month for each, month in booked if each == account)}
    anchor, months = own.find_anchor(), []
    for month in sorted(named):
        opening = _find_balance(days, anchor, month)
        moved = came[month] - went[month]
        months.append(
            AccountMonth(
                account,
                month,
                sum(_covers(file, month) for file in own.files),
                opening,
                came[month],
                went[month],
                None if opening is None else opening + moved,
                *booked.get((account, month), (0, 0)),
            )
        )
    return months


def _find_balance(
    days: Mapping[str, DaySum], anchor: tuple[str, int] | None, month: str
) -> int | None:
    """Before the month's first day; None before the anchor's month."""
    if anchor is None or month < anchor[0][:MONTH_LENGTH]:
        return None
    first, balance_fen = anchor
    since = (each for day, each in days.items() if first <= day and day[:MONTH_LENGTH] < month)
    before = (each for day, each in days.items() if f"{month}-01" <= day < first)
    moved_fen = sum(each.in_fen - each.out_fen for each in since)
    return balance_fen + moved_fen - sum(each.in_fen - each.out_fen for each in before)


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
