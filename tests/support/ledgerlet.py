"""A service small enough to see through: counters moved by our own events, foreign ones and
commands. It stands in for the four while the processor itself is tested."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter

from shared.contracts.envelope import Event
from shared.contracts.events import DonationReceived, LedgerReceived, MatchAccepted
from shared.contracts.values import Value
from shared.errors import Message
from shared.messaging.decision import (
    NOTHING,
    Answer,
    Command,
    Decision,
    Handler,
    State,
    States,
)
from shared.service import Service
from shared.settings import Settings

UNLUCKY = Message("unlucky", "不吉利", "unlucky")


class Counter(State):
    """What has been counted on this subject, in the order it was."""

    COLLECTION = "counters"
    seen: tuple[str, ...] = ()
    total: int = 0


class Add(Value):
    counter: str
    amount: int


def _count(states: States, id_: str, what: str, amount: int) -> Decision:
    counter = states.get(Counter, id_) or Counter(id=id_)
    if amount == 666:
        raise ZeroDivisionError("a bug")
    if amount == 13:
        raise UNLUCKY.invalid("amount")
    counter = counter.model_copy(
        update={"seen": (*counter.seen, what), "total": counter.total + amount}
    )
    fact = LedgerReceived(
        log="test", index=0, fund_id="F-1", amount_fen=max(1, counter.total), entry=what
    )
    answer = Answer(200, {"total": counter.total})
    return Decision(states=(counter,), events=((counter, fact),), answer=answer)


def _counter_of(event: Event[Any]) -> str:
    return event.subject or str(event.data.fund_id)


def _on_event(states: States, event: Event[Any], now: datetime) -> Decision:
    amount = (
        event.data.quantity if isinstance(event.data, MatchAccepted) else (event.data.amount_fen)
    )
    return _count(states, _counter_of(event), event.id, amount)


def _on_add(states: States, command: Command[Add], now: datetime) -> Decision:
    if command.data.amount == 0:
        return NOTHING
    return _count(states, command.data.counter, command.key, command.data.amount)


ADD: Handler[Any] = Handler(decide=_on_add)
ON_EVENT: Handler[Any] = Handler(decide=_on_event)


def ledgerlet(**changed: Any) -> Service[Settings, None]:
    """It takes audit's place, so that it consumes matches and donations."""
    return Service(
        **{
            "name": "audit",
            "states": (Counter,),
            "events": {MatchAccepted: ON_EVENT, DonationReceived: ON_EVENT},
            "commands": {Add: ADD},
            "routers": (APIRouter(),),
            "build_resources": lambda *_: None,
            **changed,
        }
    )
