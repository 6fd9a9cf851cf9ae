"""Decisions on offers: registered, withdrawn, and what a withdrawal leaves to be done."""

from datetime import datetime

from services.matching.model.offer import (
    Offer,
    OfferDue,
    RegisterOffer,
    WithdrawOffer,
    offer_id,
)
from shared.contracts.envelope import Event
from shared.contracts.events import OfferRegistered, OfferSubmitted, OfferWithdrawn
from shared.contracts.values import MONEY_UNIT
from shared.errors import Invalid, Problem
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)


def touches_submitted(event: Event[OfferSubmitted]) -> tuple[AnyRef, ...]:
    return (Ref(Offer, offer_id(event.source, event.id)),)


def decide_submitted(states: States, event: Event[OfferSubmitted], now: datetime) -> Decision:
    return _register(states, event.source, event.id, event.data, now)


def touches_register(command: Command[RegisterOffer]) -> tuple[AnyRef, ...]:
    return (Ref(Offer, offer_id(command.data.source, command.data.message_id)),)


def decide_register(states: States, command: Command[RegisterOffer], now: datetime) -> Decision:
    said = command.data
    return _register(states, said.source, said.message_id, said.offer, now)


def _register(
    states: States, source: str, message_id: str, said: OfferSubmitted, now: datetime
) -> Decision:
    """Raises Invalid with everything that is wrong."""
    id_ = offer_id(source, message_id)
    known = states.get(Offer, id_)
    if known is not None:
        return Decision(answer=_told(known, 200))
    problems = _problems(said, now)
    if problems:
        raise Invalid(*problems)
    offer = Offer(id=id_, source=source, registered_at=now, **said.model_dump())
    fact = OfferRegistered(
        donor_id=offer.donor_id,
        unit=offer.unit,
        quantity=offer.quantity,
        item=offer.item,
        fund_id=offer.fund_id,
    )
    return Decision((offer,), ((offer, fact),), _told(offer, 201))


def _problems(said: OfferSubmitted, now: datetime) -> list[Problem]:
    problems = []
    if said.unit != MONEY_UNIT and said.fund_id is not None:
        problems.append(
            Problem("fund_not_money", "只有资金才写基金", "only money has a fund", "fund_id")
        )
    if said.valid_until is not None and said.valid_until <= now:
        problems.append(
            Problem("already_past", "有效期已过", "this time has passed", "valid_until")
        )
    return problems


def touches_withdraw(command: Command[WithdrawOffer]) -> tuple[AnyRef, ...]:
    return (Ref(Offer, command.data.offer_id),)


def decide_withdraw(states: States, command: Command[WithdrawOffer], now: datetime) -> Decision:
    """What is committed stands, since the person was told; open proposals are released (jobs)."""
    offer = states.get(Offer, command.data.offer_id)
    if offer is None or command.data.source not in (None, offer.source):
        return Decision(answer=refusal(404, "offer_unknown", "没有这项资源", "no such offer"))
    if offer.state == "withdrawn":
        return Decision(answer=_told(offer, 200))
    withdrawn = offer.model_copy(update={"state": "withdrawn", "due_at": now})
    return Decision((withdrawn,), ((withdrawn, OfferWithdrawn()),), _told(withdrawn, 200))


def touches_due(command: Command[OfferDue]) -> tuple[AnyRef, ...]:
    return (Ref(Offer, command.data.aggregate_id),)


def decide_due(states: States, command: Command[OfferDue], now: datetime) -> Decision:  # noqa: ARG001
    offer = states.get(Offer, command.data.aggregate_id)
    if offer is None or offer.due_at != command.data.due_at:
        return NOTHING
    return Decision((offer.model_copy(update={"due_at": None}),))


def _told(offer: Offer, status: int) -> Answer:
    return Answer(status, {"offer_id": offer.id, "state": offer.state})
