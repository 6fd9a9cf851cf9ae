"""A month is closed by two people: the bank's balances against the books, account by account, to
the fen. Integer fen.

A closed month takes no entry with its date; two people open it again, the last one first.
"""

from collections import Counter
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from services.audit.model.head import LogPlace
from services.audit.model.proposal import Approval, Proposal
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.contracts.values import CHINA, Identifier, Value, Whole
from shared.ids import make_id
from shared.text import FOLDED

UNNAMED = ""
"""The account of what no source named one for."""
DIFFERENCES_MAX = 500
Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(?:0[1-9]|1[0-2])$")]
DifferenceKind = Literal["asked", "not_entered", "gift_refused"]
"""A line that waits for two people's word; one that they said is not entered; a gift that the books
did not take."""


def begin_month(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=CHINA)


def end_month(month: str) -> datetime:
    """The first moment after it."""
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=CHINA)


class StatedBalance(Value):
    """What the bank's statement says an account had at the month's end."""

    account: Annotated[str, Field(min_length=1, max_length=100), FOLDED]
    balance_fen: Annotated[Whole, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]


class BookedAccount(Value):
    """What the books have of an account, as far as their sources named it."""

    account: str
    books_fen: int


class MonthDifference(Value):
    """A bank's line that is not in the books. amount_fen: what it adds to the account."""

    kind: DifferenceKind
    account: str
    amount_fen: int
    reference: str
    at: datetime


class MonthFigures(Value):
    """The books at the month's end by the bank's day, as they were read. books_fen: of all
    accounts. place: how far the logs had grown before they were read."""

    books_fen: int
    accounts: tuple[BookedAccount, ...]
    differences: tuple[MonthDifference, ...]
    place: LogPlace = LogPlace()

    def is_same_as(self, other: Self) -> bool:
        """Whether they say the same, whenever they were read."""
        return self.model_copy(update={"place": other.place}) == other


class AccountRow(Value):
    """One account: what the bank has, what the books have, what is known to differ, what is not."""

    account: str
    stated_fen: int
    books_fen: int
    known_fen: int

    @property
    def unexplained_fen(self) -> int:
        return self.stated_fen - self.books_fen - self.known_fen


class MonthClose(Proposal):
    """reason: why what differs without a line differs. Its id is of the foundation and month.
    number: from 1, of a month that was declined or opened again and is closed anew; the earlier
    ones stay under ids of their own (`as_earlier`)."""

    COLLECTION: ClassVar[str] = "month_closes"

    foundation: str
    month: str
    balances: tuple[StatedBalance, ...]
    figures: MonthFigures
    reason: str = ""
    number: Whole = 1

    def as_earlier(self) -> Self:
        return self.model_copy(update={"id": f"{self.id}.{self.number}"})

    @property
    def rows(self) -> list[AccountRow]:
        """By account; last what no source named an account for."""
        booked = Counter({each.account: each.books_fen for each in self.figures.accounts})
        explained: Counter[str] = Counter()
        for each in self.figures.differences:
            explained[each.account] += each.amount_fen
        stated = {each.account: each.balance_fen for each in self.balances}
        named = dict.fromkeys((*stated, *(account for account in booked if account)))
        rows = [
            AccountRow(
                account=account,
                stated_fen=stated.get(account, 0),
                books_fen=booked[account],
                known_fen=explained[account],
            )
            for account in named
        ]
        rest = self.figures.books_fen - sum(row.books_fen for row in rows)
        other = AccountRow(
            account=UNNAMED, stated_fen=0, books_fen=rest, known_fen=explained[UNNAMED]
        )
        return [*rows, *([other] if other.books_fen or other.known_fen else [])]

    @property
    def is_equal(self) -> bool:
        return not any(row.unexplained_fen for row in self.rows)

    def with_figures(self, figures: MonthFigures) -> Self:
        return self.model_copy(update={"figures": figures})

    def to_json(self) -> dict[str, object]:
        rows = [{**row.model_dump(), "unexplained_fen": row.unexplained_fen} for row in self.rows]
        hidden = {"due_at", "correlation_id"}
        return {**self.model_dump(mode="json", exclude=hidden), "rows": rows}


def derive_month_close_id(foundation: str, month: str) -> str:
    return f"{foundation}.{month}"


class MonthReopening(Proposal):
    """Two people open the last closed month again, with a reason."""

    COLLECTION: ClassVar[str] = "month_reopenings"

    foundation: str
    month: str
    reason: str

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


def derive_month_reopening_id(key: str) -> str:
    return make_id("L", key)


Reason = Annotated[str, Field(max_length=500)]


class MonthToClose(Value):
    """As a person types it."""

    month: Month
    balances: Annotated[tuple[StatedBalance, ...], Field(min_length=1, max_length=50)]
    reason: Reason = ""
    foundation: Identifier | None = None


class ProposeMonthClose(MonthToClose):
    """figures: of the books, as they were read for it."""

    foundation: Identifier
    figures: MonthFigures


class ApproveMonthClose(Approval):
    """figures: as they are now: what was entered meanwhile is looked at again."""

    close_id: Identifier
    figures: MonthFigures


class DeclineMonthClose(Value):
    close_id: Identifier


class ProposeMonthReopening(Value):
    foundation: Identifier
    month: Month
    reason: Annotated[str, Field(min_length=2, max_length=500, pattern=r"\S")]


class ApproveMonthReopening(Approval):
    reopening_id: Identifier


class DeclineMonthReopening(Value):
    reopening_id: Identifier
