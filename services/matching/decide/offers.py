"""Decisions on offers: registered, changed, paused, withdrawn, and what a withdrawal leaves."""

from collections.abc import Iterator
from datetime import datetime

from services.matching.messages import (
    BASE_MISSING,
    CELL_INVALID,
    OFFER_UNKNOWN,
    OFFER_WITHDRAWN,
    QUANTITY_MISSING,
    QUANTITY_PROMISED,
    VALIDITY_PAST,
    VALIDITY_REVERSED,
)
from services.matching.model.offer import (
    ChangeOffer,
    Offer,
    OfferCommand,
    OfferDue,
    OfferState,
    OfferTerms,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    WithdrawOffer,
    build_offer_id,
)
from services.matching.model.place import parse_cell
from shared.contracts.envelope import Event
from shared.contracts.events import (
    OfferChanged,
    OfferPaused,
    OfferRegistered,
    OfferResumed,
    OfferSubmitted,
    OfferWithdrawn,
)
from shared.errors import Invalid, Problem
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States


def decide_offer_submitted(states: States, event: Event[OfferSubmitted], now: datetime) -> Decision:
    return _register(states, event.source, event.id, event.data, now)


def decide_register_offer(
    states: States, command: Command[RegisterOffer], now: datetime
) -> Decision:
    register = command.data
    return _register(states, register.source, register.message_id, register.offer, now)


def _register(
    states: States, source: str, message_id: str, submitted: OfferSubmitted, now: datetime
) -> Decision:
    """Raises Invalid with everything that is wrong."""
    id_ = build_offer_id(source, message_id)
    registered = states.get(Offer, id_)
    if registered is not None:
        return Decision(answer=_answer_offer(registered))
    if problems := list(_find_problems(submitted, now)):
        raise Invalid(*problems)
    offer = Offer(id=id_, source=source, registered_at=now, **submitted.model_dump())
    fact = OfferRegistered(
        donor_id=offer.donor_id,
        unit=offer.unit,
        quantity=offer.quantity,
        item=offer.item,
        fund_id=offer.fund_id,
    )
    return Decision((offer,), ((offer, fact),), _answer_offer(offer, 201))


def _find_problems(offer: OfferSubmitted | Offer, now: datetime) -> Iterator[Problem]:
    """What no offer may say, new or changed."""
    if offer.radius_km is not None and offer.base is None:
        yield BASE_MISSING.problem("base")
    if offer.base is not None and parse_cell(offer.base) is None:
        yield CELL_INVALID.problem("base")
    if offer.valid_until is not None and offer.valid_until <= now:
        yield VALIDITY_PAST.problem("valid_until")
    if offer.valid_from and offer.valid_until and offer.valid_until <= offer.valid_from:
        yield VALIDITY_REVERSED.problem("valid_until")


# --- changed by its donor -----------------------------------------------------------------------


def decide_change_offer(states: States, command: Command[ChangeOffer], now: datetime) -> Decision:
    """New terms bind what is proposed from now on. Raises Invalid with all that is wrong."""
    offer = _get_owned(states, command.data)
    if offer is None:
        return Decision(answer=OFFER_UNKNOWN.refusal(404))
    if offer.state == "withdrawn":
        return Decision(answer=OFFER_WITHDRAWN.refusal(409))
    terms = command.data.terms
    terms_set = {name: getattr(terms, name) for name in terms.model_fields_set}
    changed = offer.model_copy(update=terms_set)
    if problems := [*_find_quantity_problems(offer, terms), *_find_problems(changed, now)]:
        raise Invalid(*problems)
    if changed == offer:
        return Decision(answer=_answer_offer(offer))
    fact = OfferChanged(quantity=changed.quantity, valid_until=changed.valid_until)
    return Decision((changed,), ((changed, fact),), _answer_offer(changed))


def _find_quantity_problems(offer: Offer, terms: OfferTerms) -> Iterator[Problem]:
    """What is promised or given cannot be unsaid."""
    if "quantity" not in terms.model_fields_set:
        return
    promised = offer.reserved + offer.delivered
    if terms.quantity is None:
        yield QUANTITY_MISSING.problem("quantity")
    elif terms.quantity < promised:
        yield QUANTITY_PROMISED.problem("quantity", promised=promised)


def decide_pause_offer(states: States, command: Command[PauseOffer], now: datetime) -> Decision:  # noqa: ARG001
    return _switch(states, command.data, "paused", OfferPaused())


def decide_resume_offer(states: States, command: Command[ResumeOffer], now: datetime) -> Decision:  # noqa: ARG001
    return _switch(states, command.data, "open", OfferResumed())


def _switch(
    states: States, command: OfferCommand, to: OfferState, fact: OfferPaused | OfferResumed
) -> Decision:
    offer = _get_owned(states, command)
    if offer is None:
        return Decision(answer=OFFER_UNKNOWN.refusal(404))
    if offer.state == "withdrawn":
        return Decision(answer=OFFER_WITHDRAWN.refusal(409))
    if offer.state == to:
        return Decision(answer=_answer_offer(offer))
    switched = offer.model_copy(update={"state": to})
    return Decision((switched,), ((switched, fact),), _answer_offer(switched))


def decide_withdraw_offer(
    states: States, command: Command[WithdrawOffer], now: datetime
) -> Decision:
    """What is committed stands, since the person was told; open proposals are released (jobs)."""
    offer = _get_owned(states, command.data)
    if offer is None:
        return Decision(answer=OFFER_UNKNOWN.refusal(404))
    if offer.state == "withdrawn":
        return Decision(answer=_answer_offer(offer))
    withdrawn = offer.model_copy(update={"state": "withdrawn", "due_at": now})
    return Decision((withdrawn,), ((withdrawn, OfferWithdrawn()),), _answer_offer(withdrawn))


def decide_offer_due(states: States, command: Command[OfferDue], now: datetime) -> Decision:  # noqa: ARG001
    offer = states.get(Offer, command.data.aggregate_id)
    if offer is None or offer.due_at != command.data.due_at:
        return NOTHING
    return Decision((offer.model_copy(update={"due_at": None}),))


def _get_owned(states: States, command: OfferCommand) -> Offer | None:
    """The offer, if the caller may touch it."""
    offer = states.get(Offer, command.offer_id)
    return offer if offer and command.source in (None, offer.source) else None


def _answer_offer(offer: Offer, status: int = 200) -> Answer:
    return Answer(status, {"offer_id": offer.id, "state": offer.state})
