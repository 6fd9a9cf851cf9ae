"""A foundation's log as it is stored: its head, the years that are closed, its entries.

The head is the fence, and the one place where a ledger year ends. Every entry takes its number from
the head, and it is written with its version, so two writers can never both append.
"""

from datetime import datetime
from typing import ClassVar

from services.audit.tlog.checkpoint import format_root
from services.audit.tlog.merkle import Frontier, TreeHead
from shared.contracts.ledger_fields import PreviousLog
from shared.contracts.values import CHINA, Value
from shared.messaging.decision import State


def ledger_year(now: datetime) -> int:
    return now.astimezone(CHINA).year


class ClosedLog(Value):
    """A ledger year that is over: its log never grows again."""

    origin: str
    size: int
    root: bytes

    def as_previous_log(self) -> PreviousLog:
        """As an entry names it that brings something forward from it."""
        return PreviousLog(log=self.origin, root=format_root(self.root), size=self.size)


class LogPlace(Value):
    """How far a foundation's logs have grown: the ledger year, and the size of its log."""

    year: int = 0
    size: int = 0

    def is_after(self, other: "LogPlace") -> bool:
        return (self.year, self.size) > (other.year, other.size)


class LogHead(State):
    """Where the log of `origin` ends: what is needed of its tree to append the next entry.

    Its id is the foundation's. closed: the logs of the years before, the oldest first. carrying:
    something of the year before may not be brought forward into this log yet. Until it is, no later
    year begins: all that a log brings forward comes from one log, and nothing is missing in a
    frozen one. closed_until: nothing is entered with an earlier date, see `model.months`. late_at:
    where the log stood after the last entry that counts to a month before the one it was made in.
    """

    COLLECTION: ClassVar[str] = "heads"

    origin: str
    size: int = 0
    frontier: tuple[bytes, ...] = ()
    last_recorded_at: str = ""
    closed: tuple[ClosedLog, ...] = ()
    carrying: bool = False
    closed_until: datetime | None = None
    late_at: LogPlace = LogPlace()

    @property
    def place(self) -> LogPlace:
        return LogPlace(year=self.year, size=self.size)

    @property
    def tree(self) -> Frontier:
        return Frontier.from_list(self.size, self.frontier)

    @property
    def year(self) -> int:
        return int(self.origin.rpartition("/")[2])

    @property
    def began_at(self) -> datetime:
        """What is brought forward into this year was so from its first moment on."""
        return datetime(self.year, 1, 1, tzinfo=CHINA)

    def begin_year(self, now: datetime) -> "LogHead":
        """Itself, or where its year is over: the head of the log of the year that `now` is in."""
        year = ledger_year(now)
        if year <= self.year or self.carrying:
            return self
        ended = ClosedLog(origin=self.origin, size=self.size, root=self.tree.compute_root())
        origin = f"{self.origin.rpartition('/')[0]}/{year}"
        closed = (*self.closed, ended)
        fresh = {"origin": origin, "size": 0, "frontier": (), "closed": closed, "carrying": True}
        return self.model_copy(update=fresh)

    def is_closed_at(self, moment: datetime) -> bool:
        """Whether its month is closed."""
        return self.closed_until is not None and moment < self.closed_until

    def find_closed(self, origin: str) -> ClosedLog:
        return next(closed for closed in self.closed if closed.origin == origin)

    def as_tree_head(self) -> TreeHead:
        return TreeHead(self.origin, self.tree, self.last_recorded_at)

    def advance(self, head: TreeHead, *, is_late: bool) -> "LogHead":
        """After one entry more. is_late: see late_at."""
        grown = {
            "size": head.size,
            "frontier": head.frontier.hashes,
            "last_recorded_at": head.last_recorded_at,
        }
        if is_late:
            grown["late_at"] = LogPlace(year=self.year, size=head.size)
        return self.model_copy(update=grown)


class Entry(State):
    """A leaf as it is stored, for those who read; decisions append it as a `Record`."""

    COLLECTION: ClassVar[str] = "entries"

    log: str
    index: int
    leaf: bytes


def format_entry_id(log: str, index: int) -> str:
    """Sorts by log, then index, so the primary key alone serves every reader."""
    return f"{log}#{index:016d}"
