"""Gifts, and what a bank said under an id: the same twice is once, other content is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from shared.contracts.envelope import Event, Fact
from shared.contracts.events import StatementRow
from shared.contracts.ledger import EntryRef
from shared.contracts.values import Fen
from shared.ids import derived_id
from shared.messaging.decision import State

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class FromBank(Generic[F]):
    """A fact as it is decided on: free text taken out and sealed, its content known by a digest.

    The digest is keyed, and neither a statement nor how a time zone was written is part of it.
    """

    fact: F
    content: bytes
    designation: bytes | None = None


class BankFact(State):
    """What came under one id of one source, whatever kind of fact it was.

    digests: of the content it first came with, then of other contents, which were refused.
    """

    COLLECTION: ClassVar[str] = "bank_facts"

    kind: str
    digests: tuple[bytes, ...]


class Donation(State):
    """A gift that arrived, or was refused: money (amount_fen), or goods (quantity of item).

    log and entry: what the log says of it. statements: where it is listed.
    designation: what the giver wrote, sealed under this donation's id.
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
    log: str
    entry: int
    refused: bool = False
    undone: bool = False
    refunded_fen: Fen = 0
    statements: tuple[StatementRow, ...] = ()
    designation: bytes | None = None

    @property
    def place(self) -> EntryRef:
        return EntryRef(index=self.entry, log=self.log)

    @property
    def is_money(self) -> bool:
        return self.amount_fen > 0

    @property
    def stands(self) -> bool:
        """It is on the ledger, and nobody has taken it back."""
        return not self.refused and not self.undone

    @property
    def refundable_fen(self) -> int:
        """What of it was not given back."""
        return self.amount_fen - self.refunded_fen if self.stands else 0


def bank_fact_id(event: Event[Fact]) -> str:
    return derived_id("B", event.source, event.id)


def donation_id(event: Event[Fact]) -> str:
    return donation_id_of(event.source, event.id)


def donation_id_of(source: str, message_id: str) -> str:
    return derived_id("D", source, message_id)
