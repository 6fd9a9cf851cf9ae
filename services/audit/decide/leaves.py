"""Appending inside a decision: the head moves on, the leaf is kept, events tell of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from services.audit.log.head import Draft, append
from services.audit.model import HEAD, Entry, LogHead, entry_id
from shared.contracts.events import LedgerFact
from shared.contracts.ledger import Refused
from shared.messaging.decision import Decision, Record, State, States

L = TypeVar("L", bound=LedgerFact)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry appended: the head after it, the record to keep, and what events say of it."""

    head: LogHead
    record: Record
    index: int
    text: str

    def told(self, fact: type[L], **said: Any) -> L:
        return fact(log=self.head.origin, index=self.index, entry=self.text, **said)

    def decided(self, *states: State, events: tuple[tuple[State, LedgerFact], ...]) -> Decision:
        return Decision((self.head, *states), events, records=(self.record,))


def append_leaf(states: States, draft: Draft, now: datetime) -> Leaf:
    head = states.get(LogHead, HEAD)
    assert head is not None, "the log is founded before anything is read"
    grown, sealed = append(head.for_writing(), draft, now)
    kept = {"log": head.origin, "index": sealed.index, "leaf": sealed.raw}
    record = Record(Entry.COLLECTION, entry_id(head.origin, sealed.index), kept)
    return Leaf(head.grown_to(grown), record, sealed.index, sealed.raw.decode())


def refused(kind: str, code: str, amount_fen: int, fund_id: str) -> Refused:
    """What was asked for and why not. A fund id that no fund could have is left out."""
    asked = Refused(kind=kind, code=code, amount_fen=amount_fen)
    if ":" in fund_id or len(fund_id) > 128:
        return asked
    return {**asked, "fund": fund_id}
