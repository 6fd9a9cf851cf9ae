"""Gifts, promised and arrived, and what a bank sent under an id: twice is once."""

import re
from datetime import datetime, timedelta
from typing import ClassVar, Generic, Literal, Self, TypeVar

from services.audit import messages
from services.audit.model.states import CountedState, PlacedState
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import BankLineStated, StatementRow
from shared.contracts.values import CHINA, Fen, PositiveFen
from shared.ids import make_id
from shared.messaging.decision import State

F = TypeVar("F", bound=Fact)
FOREIGN_ID_MAX = 200
"""An entry's ids hold 256 characters, not all of them for others."""


EARLIEST = datetime(2000, 1, 1, tzinfo=CHINA)
CLOCKS_DIFFER = timedelta(hours=12)
"""A bank's clock and ours."""
GIFT_FEN_MAX = 10**13
"""100,000,000,000 yuan. One gift beyond it is an amount in another unit, and a fund that took it
could not take the gifts of others."""
REFERENCE_LASTS = timedelta(days=3)
"""Between the day that a channel states and the bank's, under one reference."""
NO_REFERENCE = "none"
_DERIVED_REFERENCE = re.compile(r"G-[0-9a-f]{20}")


def is_plausible(moment: datetime, now: datetime) -> bool:
    """Whether a bank can have said so: else it is a slip of the year."""
    return EARLIEST <= moment <= now + CLOCKS_DIFFER


class Pledge(State):
    """What a donor promised: an offer of money, whose id it has. Withdrawn, it is no longer
    awaited, yet what came is its answer."""

    COLLECTION: ClassVar[str] = "pledges"

    donor_id: str
    fund_id: str
    amount_fen: PositiveFen
    registered_at: datetime
    withdrawn_at: datetime | None = None


class Donation(CountedState, PlacedState):
    """A gift that arrived, or was refused: money (amount_fen), or goods (quantity of item).

    statements: where it is listed. designation: what the giver wrote, sealed under this id.
    distinct_from: gifts that look the same, of which a person said that they are others.
    waiting: for its fund to be opened; counts as refused until then. due_at: when the log says so,
    where two people have not decided on the fund by then.
    own_account: of the foundation, where it came in, as far as its source says.
    may_be: the gift of another giver or sum that came under the same bank reference: a person has
    to say whether it is that gift. answered_by: who said so.
    """

    COLLECTION: ClassVar[str] = "donations"

    donor_id: str
    fund_id: str
    foundation: str
    amount_fen: Fen = 0
    item: str = ""
    unit: str = ""
    quantity: int = 0
    received_at: datetime
    reference: str
    refused: bool = False
    waiting: bool = False
    undone: bool = False
    refunded_fen: Fen = 0
    statements: tuple[StatementRow, ...] = ()
    designation: bytes | None = None
    distinct_from: tuple[str, ...] = ()
    own_account: str = ""
    may_be: str = ""
    answered_by: str = ""

    @property
    def is_asked(self) -> bool:
        """Nobody has said yet whether it is the gift `may_be`. It does not count as waiting: an
        instance that knows no such question would enter it."""
        return bool(self.may_be) and not self.answered_by

    @property
    def is_money(self) -> bool:
        return self.amount_fen > 0

    def is_overdue(self, now: datetime) -> bool:
        """It waits too long, and the log does not tell of it."""
        is_open = self.waiting or self.is_asked
        return is_open and self.entry is None and (self.due_at is None or self.due_at <= now)

    @property
    def is_on_ledger(self) -> bool:
        """It was entered, and nobody has taken it back."""
        return not self.refused and not self.undone

    @property
    def is_sound(self) -> bool:
        return 0 <= self.refunded_fen <= self.amount_fen

    @property
    def refundable_fen(self) -> int:
        """What of it was not given back."""
        return self.amount_fen - self.refunded_fen if self.is_on_ledger else 0


class GiftReference(State):
    """A line of a bank that brought a gift, by the account it is on and the bank's reference; each
    further gift under that reference has one of its own. is_shared: there are such."""

    COLLECTION: ClassVar[str] = "gift_references"

    donation_id: str
    received_at: datetime
    is_shared: bool = False

    def is_near(self, moment: datetime) -> bool:
        """Some banks count anew each day: a line of another week is another."""
        return abs(self.received_at - moment) <= REFERENCE_LASTS


LineOutcome = Literal["entered", "known", "asked"]
"""Of a line of a bank's statement: it closed a payment; another message had said so before, or it
was asked about before; finance is asked."""


class BankFact(State):
    """What came under one id of one source, whatever kind of fact it was.

    digests: of the content it first came with, then of other contents, which were refused. outcome:
    of a line of a statement, for who sent it; where it was entered, at, moved_fen, own_account and
    foundation say when, how much came in by it, where, and on whose ledger. gift_id: of the gift
    that this line had brought under another id. question_id: of the line, where it entered interest
    or a charge.
    """

    COLLECTION: ClassVar[str] = "bank_facts"

    kind: str
    digests: tuple[bytes, ...]
    outcome: LineOutcome | None = None
    at: datetime | None = None
    moved_fen: int = 0
    own_account: str = ""
    gift_id: str = ""
    foundation: str = ""
    question_id: str = ""

    @classmethod
    def from_event(cls, event: "BankEvent[F]") -> Self:
        if len(event.id) > FOREIGN_ID_MAX:
            raise messages.ID_TOO_LONG.invalid("id", most=FOREIGN_ID_MAX)
        return cls(id=event.bank_fact_id, kind=event.data.TYPE, digests=(event.digest,))

    def with_outcome(self, outcome: LineOutcome) -> Self:
        return self.model_copy(update={"outcome": outcome})

    def with_entered(self, stated: BankLineStated, foundation: str) -> Self:
        moved_fen = -stated.amount_fen if stated.direction == "paid" else stated.amount_fen
        update = {
            "outcome": "entered",
            "at": stated.at,
            "moved_fen": moved_fen,
            "own_account": stated.own_account,
            "foundation": foundation,
        }
        return self.model_copy(update=update)

    def undo(self) -> Self:
        """What it entered is reversed: two people say what it is."""
        return self.model_copy(update={"outcome": "asked", "moved_fen": 0})

    def add_content(self, digest: bytes) -> Self:
        return self.model_copy(update={"digests": (*self.digests, digest)})


class BankEvent(Event[F], Generic[F]):
    """An event of a bank as it is decided on: free text taken out of its fact, and sealed.

    digest: of the content, with a key; neither a statement nor how a time zone was written is
    part of the content. public_id: as the ledger names it, where the bank's own id is somebody's
    phone or ID number. sources: all that are registered; only of a credit that is marked as
    reversed.
    """

    digest: bytes
    designation: bytes | None = None
    public_id: str = ""
    sources: tuple[str, ...] = ()

    @property
    def bank_fact_id(self) -> str:
        return derive_bank_fact_id(self.source, self.id)

    @property
    def donation_id(self) -> str:
        return derive_donation_id(self.source, self.id)


def derive_gift_reference_id(account: str, reference: str, *gift: str) -> str:
    """account: or the source, where it is not said. gift: of a further giver his id, and of a
    further sum of his the fen."""
    return make_id("R", account, reference, *gift)


def is_banks_reference(reference: str) -> bool:
    """Whether a bank gave it; what we made up for a row without one says nothing."""
    return reference not in ("", NO_REFERENCE) and not _DERIVED_REFERENCE.fullmatch(reference)


def derive_donation_id(source: str, message_id: str) -> str:
    return make_id("D", source, message_id)


def derive_bank_fact_id(source: str, message_id: str) -> str:
    return make_id("B", source, message_id)
