"""What a bank or partner says, whatever it says: one id is one fact, and is entered once.

The same content again changes nothing. Other content under a used id is refused, once, aloud; a
refused id stays refused, so that a replay of the topic changes no outcome.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Generic, TypeVar

from services.audit.decide.refusing import Asked, No
from services.audit.decide.writing import Leaf, Writer
from services.audit.ledger import entries
from services.audit.model import (
    BankFact,
    Commitment,
    Donation,
    Fund,
    LogHead,
    bank_fact_id,
)
from services.audit.rules import Rules
from shared.contracts import ledger
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import LedgerFact
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States

F = TypeVar("F", bound=Fact)

FOREIGN_ID_MAX = 200
"""An entry's ids hold 256 characters, not all of them for others."""

Known = Fund | Commitment | Donation


class BankCase(ABC, Generic[F]):
    """One event of a bank, and what is known of it. A subclass says what its kind of fact does."""

    def __init__(self, rules: Rules, states: States, event: Event[Any], now: datetime) -> None:
        self.rules, self.states, self.event, self.now = rules, states, event, now
        self.fact: F = event.data.fact
        self.known = self.about(states, event)
        self.identity = BankFact(
            id=bank_fact_id(event), kind=self.fact.TYPE, digests=(event.data.content,)
        )

    # --- what a kind says ---

    @staticmethod
    @abstractmethod
    def touches(event: Event[Any]) -> tuple[AnyRef, ...]:
        """What the fact names."""

    @staticmethod
    @abstractmethod
    def about(states: States, event: Event[Any]) -> Known | None:
        """The known thing it is about: whose fund and foundation are concerned."""

    @abstractmethod
    def asked(self) -> Asked: ...

    @abstractmethod
    def enter(self, writer: Writer) -> None:
        """It comes for the first time: done, or refused."""

    def repeated(self) -> Decision:
        return NOTHING

    # --- what all have in common ---

    @property
    def foundation(self) -> str:
        return self.known.foundation if self.known else self.rules.default_foundation

    @property
    def fund(self) -> Fund | None:
        if self.known is None or isinstance(self.known, Fund):
            return self.known
        return self.states.get(Fund, self.known.fund_id)

    def recorded(self, subject: str) -> entries.Fact:
        named = ledger.Event(id=self.event.id, source=self.event.source)
        return entries.Fact(named, subject, self.asked().since)

    def refused(self, writer: Writer, no: No, subject: str) -> tuple[Leaf, LedgerFact]:
        leaf = writer.append(entries.refusal(self.recorded(subject), self.asked().refused(no)))
        return leaf, self.asked().told_refused(leaf, no)

    def refuse(self, writer: Writer, no: No) -> None:
        """The bank's own fact tells of it: it may be about nothing we know."""
        _, told = self.refused(writer, no, self.identity.id)
        writer.tell(self.identity, told)


Kind = type[BankCase[Any]]


def touches(kind: Kind, event: Event[Any]) -> tuple[AnyRef, ...]:
    return (Ref(BankFact, bank_fact_id(event)), *kind.touches(event))


def follow(kind: Kind, rules: Rules, states: States, event: Event[Any]) -> tuple[AnyRef, ...]:
    """The foundation's head, and the fund where only a commitment or a gift names it."""
    known = kind.about(states, event)
    if known is None:
        return (Ref(LogHead, rules.default_foundation),)
    head = Ref(LogHead, known.foundation)
    return (head,) if isinstance(known, Fund) else (head, Ref(Fund, known.fund_id))


def decide(kind: Kind, rules: Rules, states: States, event: Event[Any], now: datetime) -> Decision:
    """The one way in for every kind."""
    _check_id(event.id)
    before = states.get(BankFact, bank_fact_id(event))
    case = kind(rules, states, event, now)
    if before is None:
        writer = Writer.of(states, case.foundation, now)
        writer.keep(case.identity)
        case.enter(writer)
        return writer.decision()
    if event.data.content == before.digests[0]:
        return case.repeated()
    if event.data.content in before.digests:
        return NOTHING
    return _refuse_reuse(case, before)


def _refuse_reuse(case: BankCase[Any], before: BankFact) -> Decision:
    """As a fact of our own: whatever the bank's id were made into, another of its ids may be."""
    writer = Writer.of(case.states, case.foundation, case.now)
    digests = (*before.digests, case.event.data.content)
    marked = before.model_copy(update={"digests": digests})
    asked, no = case.asked(), No("id_reused")
    fact = writer.here(f"id_reused:{len(digests)}", marked.id, asked.since)
    leaf = writer.append(entries.refusal(fact, asked.refused(no)))
    writer.tell(marked, asked.told_refused(leaf, no))
    return writer.decision()


def _check_id(id_: str) -> None:
    if len(id_) > FOREIGN_ID_MAX:
        raise Invalid.of("id_too_long", "id 过长", f"at most {FOREIGN_ID_MAX} characters", "id")
