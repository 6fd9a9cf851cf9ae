"""Decisions on offers: registered, changed, paused, withdrawn, and what a withdrawal leaves."""

from collections.abc import Callable, Iterator
from datetime import datetime

from services.matching.decide.funds import (
    find_mandate_problems,
    get_mandate,
    list_mandate_refs,
)
from services.matching.messages import (
    BASE_MISSING,
    CAMPAIGN_MISSING,
    CAMPAIGN_OVER,
    CELL_INVALID,
    DONOR_NOT_YET_JOINED,
    FUND_NOT_OPENED,
    ITEM_UNKNOWN,
    MONEY_NOT_IN_FEN,
    MONEY_WITH_ITEM,
    OFFER_UNKNOWN,
    OFFER_WITHDRAWN,
    QUANTITY_MISSING,
    QUANTITY_PROMISED,
    VALIDITY_PAST,
    VALIDITY_REVERSED,
    VILLAGE_FOREIGN,
)
from services.matching.model.campaign import Campaign
from services.matching.model.funds import KnownFund, Mandate
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
from services.matching.model.place import TOWN_DIGITS, find_town_problems, parse_cell
from shared.catalogue import Catalogue
from shared.contracts.envelope import Event
from shared.contracts.events import (
    OfferChanged,
    OfferPaused,
    OfferRegistered,
    OfferResumed,
    OfferSubmitted,
    OfferWithdrawn,
)
from shared.errors import Invalid, Problem, refuse
from shared.messaging.decision import NOTHING, Answer, Command, Decision, Ref, States
from shared.money import PIECES, find_fen_per, find_money_unit
from shared.towns import is_known


def decide_offer_submitted(
    mandates_required: bool,
    catalogue: Catalogue,
    states: States,
    event: Event[OfferSubmitted],
    now: datetime,
) -> Decision:
    """Its warnings go to a topic: they repeat nothing of what it says."""
    register = RegisterOffer(source=event.source, message_id=event.id, offer=event.data)
    return _register(mandates_required, catalogue, states, register, now, hide=Problem.hide_values)


def decide_register_offer(
    mandates_required: bool,
    catalogue: Catalogue,
    states: States,
    command: Command[RegisterOffer],
    now: datetime,
) -> Decision:
    return _register(mandates_required, catalogue, states, command.data, now)


def _register(
    mandates_required: bool,
    catalogue: Catalogue,
    states: States,
    register: RegisterOffer,
    now: datetime,
    hide: Callable[[Problem], Problem] = lambda problem: problem,
) -> Decision:
    """Raises Invalid with everything that is wrong."""
    source, submitted = register.source, register.offer
    id_ = build_offer_id(source, register.message_id)
    states.prefetch(Ref(Offer, id_), *list_mandate_refs(submitted))
    registered = states.get(Offer, id_)
    if registered is not None:
        return Decision(answer=_answer_offer(registered))
    _check(mandates_required, states, submitted, source, now)
    offer = Offer(id=id_, source=source, registered_at=now, **submitted.model_dump())
    offer, mandates = _bind(states, offer)
    fact = OfferRegistered(
        donor_id=offer.donor_id,
        unit=offer.unit,
        quantity=offer.quantity,
        item=offer.item,
        fund_id=offer.fund_id,
    )
    answer = _answer_offer(offer, 201)
    if warnings := list(_find_warnings(catalogue, states, offer, now)):
        answer = Answer(
            201, {**answer.body, "warnings": [hide(each).as_dict() for each in warnings]}
        )
    return Decision((offer, *mandates), ((offer, fact),), answer)


def _find_warnings(
    catalogue: Catalogue, states: States, offer: Offer, now: datetime
) -> Iterator[Problem]:
    """What keeps it from being matched as long as nothing else changes."""
    if not offer.is_money and catalogue.find(offer.item) is None:
        yield ITEM_UNKNOWN.problem("item", item=offer.item)
    campaign = states.get(Campaign, offer.campaign_id) if offer.campaign_id else None
    if offer.campaign_id and campaign is None:
        yield CAMPAIGN_MISSING.problem("campaign_id", campaign=offer.campaign_id)
    elif campaign is not None and campaign.ends_at <= now:
        yield CAMPAIGN_OVER.problem("campaign_id")
    elif campaign is not None and offer.donor_id not in campaign.donor_ids:
        yield DONOR_NOT_YET_JOINED.problem("donor_id", campaign=campaign.id)
    if offer.fund_id and states.get(KnownFund, offer.fund_id) is None:
        yield FUND_NOT_OPENED.problem("fund_id", fund=offer.fund_id)


def _check(
    mandates_required: bool,
    states: States,
    offer: OfferSubmitted | Offer,
    source: str,
    now: datetime,
) -> None:
    """Raises Invalid with everything that is wrong."""
    problems = (
        *_find_problems(offer, now),
        *find_mandate_problems(states, offer, source, now, required=mandates_required),
    )
    if problems:
        raise Invalid(*problems)


def _bind(states: States, offer: Offer) -> tuple[Offer, tuple[Mandate, ...]]:
    """The offer within its mandate, and the mandate that knows the offer, where there is one."""
    mandate = get_mandate(states, offer)
    return (mandate.limit(offer), (mandate.add_offer(offer.id),)) if mandate else (offer, ())


def _find_problems(offer: OfferSubmitted | Offer, now: datetime) -> Iterator[Problem]:
    """What no offer may say, new or changed: it is wrong, or no request would ever match it."""
    yield from _find_unit_problems(offer)
    yield from find_town_problems(offer.town_codes)
    if not all(is_known(code[:TOWN_DIGITS]) for code in offer.village_codes):
        yield VILLAGE_FOREIGN.problem("village_codes")
    if offer.radius_km is not None and offer.base is None:
        yield BASE_MISSING.problem("base")
    if offer.base is not None and parse_cell(offer.base) is None:
        yield CELL_INVALID.problem("base")
    if offer.valid_until is not None and offer.valid_until <= now:
        yield VALIDITY_PAST.problem("valid_until")
    if offer.valid_from and offer.valid_until and offer.valid_until <= offer.valid_from:
        yield VALIDITY_REVERSED.problem("valid_until")


def _find_unit_problems(offer: OfferSubmitted | Offer) -> Iterator[Problem]:
    """Requests for money are in fen and name no item. A 块 of soap is a thing."""
    if offer.is_money and offer.item:
        yield MONEY_WITH_ITEM.problem("item")
    is_piece = bool(offer.item) and offer.unit in PIECES
    money_unit = None if is_piece else find_money_unit(offer.unit)
    if money_unit is not None:
        fen = offer.quantity * find_fen_per(money_unit)
        yield MONEY_NOT_IN_FEN.problem("unit", unit=offer.unit, quantity=offer.quantity, fen=fen)


# --- changed by its donor -----------------------------------------------------------------------


def decide_change_offer(
    mandates_required: bool, states: States, command: Command[ChangeOffer], now: datetime
) -> Decision:
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
    _check(mandates_required, states, changed, offer.source, now)
    changed, mandates = _bind(states, changed)
    if changed == offer:
        return Decision(answer=_answer_offer(offer))
    fact = OfferChanged(quantity=changed.quantity, valid_until=changed.valid_until)
    return Decision((changed, *mandates), ((changed, fact),), _answer_offer(changed))


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


def decide_resume_offer(
    mandates_required: bool, states: States, command: Command[ResumeOffer], now: datetime
) -> Decision:
    """Money is offered again only as it could be offered anew."""
    offer = _get_owned(states, command.data)
    if offer is not None and offer.state == "paused":
        problems = find_mandate_problems(
            states, offer, offer.source, now, required=mandates_required
        )
        if problem := next(problems, None):
            return Decision(answer=refuse(409, problem))
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
