"""Decisions on offers: registered, changed, paused, withdrawn, and what a withdrawal leaves."""

from collections.abc import Iterator
from datetime import datetime

from services.matching.decide.unknown import no_such
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
    return (Ref(Offer, build_offer_id(event.source, event.id)),)


def decide_submitted(states: States, event: Event[OfferSubmitted], now: datetime) -> Decision:
    return _register(states, event.source, event.id, event.data, now)


def touches_register(command: Command[RegisterOffer]) -> tuple[AnyRef, ...]:
    return (Ref(Offer, build_offer_id(command.data.source, command.data.message_id)),)


def decide_register(states: States, command: Command[RegisterOffer], now: datetime) -> Decision:
    said = command.data
    return _register(states, said.source, said.message_id, said.offer, now)


def _register(
    states: States, source: str, message_id: str, said: OfferSubmitted, now: datetime
) -> Decision:
    """Raises Invalid with everything that is wrong."""
    id_ = build_offer_id(source, message_id)
    known = states.get(Offer, id_)
    if known is not None:
        return Decision(answer=_told(known, 200))
    if problems := list(_problems(said, now)):
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


def _problems(offer: OfferSubmitted | Offer, now: datetime) -> Iterator[Problem]:
    """What no offer may say, new or changed."""
    if offer.radius_km is not None and offer.base is None:
        zh, en = "有服务半径须有中心位置", "a radius needs the place it is around"
        yield Problem("base_missing", zh, en, "base")
    if offer.base is not None and parse_cell(offer.base) is None:
        yield Problem("not_a_cell", "不是有效的h3网格编号", "this is not an h3 cell", "base")
    if offer.valid_until is not None and offer.valid_until <= now:
        yield Problem("already_past", "有效期已过", "this time has passed", "valid_until")
    if offer.valid_from and offer.valid_until and offer.valid_until <= offer.valid_from:
        yield Problem("ends_first", "有效期早于开始日", "it ends before it begins", "valid_until")


# --- changed by its donor -----------------------------------------------------------------------


def touches_offer(command: Command[OfferCommand]) -> tuple[AnyRef, ...]:
    return (Ref(Offer, command.data.offer_id),)


def decide_change(states: States, command: Command[ChangeOffer], now: datetime) -> Decision:
    """New terms bind what is proposed from now on. Raises Invalid with all that is wrong."""
    offer = _owned(states, command.data)
    if offer is None:
        return _unknown()
    if offer.state == "withdrawn":
        return _withdrawn()
    terms = command.data.terms
    wanted = {name: getattr(terms, name) for name in terms.model_fields_set}
    changed = offer.model_copy(update=wanted)
    if problems := [*_quantity_problem(offer, terms), *_problems(changed, now)]:
        raise Invalid(*problems)
    if changed == offer:
        return Decision(answer=_told(offer, 200))
    fact = OfferChanged(quantity=changed.quantity, valid_until=changed.valid_until)
    return Decision((changed,), ((changed, fact),), _told(changed, 200))


def _quantity_problem(offer: Offer, terms: OfferTerms) -> Iterator[Problem]:
    """What is promised or given cannot be unsaid."""
    if "quantity" not in terms.model_fields_set:
        return
    promised = offer.reserved + offer.delivered
    if terms.quantity is None:
        yield Problem("quantity_missing", "请写明数量", "say how much", "quantity")
    elif terms.quantity < promised:
        zh, en = f"已承诺或已送达 {promised}，不能更少", f"{promised} are promised or given"
        yield Problem("quantity_promised", zh, en, "quantity")


def decide_pause(states: States, command: Command[PauseOffer], now: datetime) -> Decision:  # noqa: ARG001
    return _switched(states, command.data, "paused", OfferPaused())


def decide_resume(states: States, command: Command[ResumeOffer], now: datetime) -> Decision:  # noqa: ARG001
    return _switched(states, command.data, "open", OfferResumed())


def _switched(
    states: States, said: OfferCommand, to: OfferState, fact: OfferPaused | OfferResumed
) -> Decision:
    offer = _owned(states, said)
    if offer is None:
        return _unknown()
    if offer.state == "withdrawn":
        return _withdrawn()
    if offer.state == to:
        return Decision(answer=_told(offer, 200))
    switched = offer.model_copy(update={"state": to})
    return Decision((switched,), ((switched, fact),), _told(switched, 200))


def decide_withdraw(states: States, command: Command[WithdrawOffer], now: datetime) -> Decision:
    """What is committed stands, since the person was told; open proposals are released (jobs)."""
    offer = _owned(states, command.data)
    if offer is None:
        return _unknown()
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


def _owned(states: States, said: OfferCommand) -> Offer | None:
    """The offer, if the caller may touch it."""
    offer = states.get(Offer, said.offer_id)
    return offer if offer and said.source in (None, offer.source) else None


def _unknown() -> Decision:
    return Decision(answer=no_such("offer"))


def _withdrawn() -> Decision:
    zh, en = "这项资源已撤回；请重新登记", "it was withdrawn: register another"
    return Decision(answer=refusal(409, "offer_withdrawn", zh, en))


def _told(offer: Offer, status: int) -> Answer:
    return Answer(status, {"offer_id": offer.id, "state": offer.state})
