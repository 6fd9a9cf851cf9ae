"""Decisions on needs: intake opened, closed, reopened or withdrew the request."""

from datetime import datetime

from services.matching.decide.delivery import postpone_withdrawal
from services.matching.messages import REQUEST_ID_MALFORMED
from services.matching.model.campaign import Campaign
from services.matching.model.match import Match
from services.matching.model.match_id import is_request_id, parse_match_id
from services.matching.model.need import Namesakes, Need, build_namesakes_id
from services.matching.model.offer import Offer
from services.matching.model.place import parse_cell
from services.matching.model.relations import PersonVouchers
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    MatchReleased,
    RequestBudgeted,
    RequestClassified,
    RequestClosed,
    RequestOpened,
    RequestReopened,
    RequestSettled,
    RequestUnbudgeted,
    RequestWithdrawn,
)
from shared.contracts.values import TIERS
from shared.messaging.decision import NOTHING, Decision, Ref, State, States


def decide_opened(states: States, event: Event[RequestOpened], now: datetime) -> Decision:  # noqa: ARG001
    """A public work that the budget does not pay after all is opened a second time: as it was
    approved now, with what it has been through here."""
    existing = states.get(Need, event.subject)
    if existing is not None and not existing.is_budgeted:
        return NOTHING
    if not is_request_id(event.subject):
        raise REQUEST_ID_MALFORMED.invalid("subject")
    need = build_need(event.subject, event.data)
    if existing is not None:
        changes = {name: getattr(need, name) for name in need.model_fields_set}
        need = existing.model_copy(update={**changes, "state": "open", "is_budgeted": False})
    vouchers = _add_vouchers(states, need.person_id, need.vouched_by)
    namesakes_id = build_namesakes_id(need)
    if namesakes_id is None:
        return Decision((need, *vouchers))
    namesakes = states.get(Namesakes, namesakes_id) or Namesakes(id=namesakes_id)
    return Decision((need, namesakes.with_person(need.person_id), *vouchers))


def build_need(id_: str, request: RequestOpened) -> Need:
    return Need(
        id=id_,
        person_id=request.person_id,
        kind=request.kind,
        category=request.category,
        beneficiary_class=request.beneficiary_class,
        tier=TIERS[request.beneficiary_class],
        town_code=request.area.town_code,
        village_code=request.area.village_code,
        cell=parse_cell(request.area.cell),
        unit=request.need.unit,
        item=request.need.item,
        quantity=request.need.quantity,
        recorded_at=request.recorded_at,
        vouched_by=request.vouched_by,
        name_id=request.name_id,
    )


def decide_classified(states: States, event: Event[RequestClassified], now: datetime) -> Decision:  # noqa: ARG001
    """Somebody checked the class, or met the person: what is proposed from now on goes by it. Who
    met him is no witness of what was proposed before either; who met him earlier stays none."""
    need = states.get(Need, event.subject)
    if need is None:
        return NOTHING
    class_, vouched_by = event.data.beneficiary_class, event.data.vouched_by
    changes = {
        "beneficiary_class": class_,
        "tier": TIERS[class_],
        "vouched_by": _merge(need.vouched_by, vouched_by),
    }
    matches = (
        match.model_copy(update={"vouched_by": _merge(match.vouched_by, vouched_by)})
        for match in states.get_many(Match, need.matches).values()
    )
    vouchers = _add_vouchers(states, need.person_id, vouched_by)
    return Decision((need.model_copy(update=changes), *matches, *vouchers))


def _add_vouchers(
    states: States, person_id: str, vouched_by: tuple[str, ...]
) -> tuple[PersonVouchers, ...]:
    """Who met the person for one request is no witness of another."""
    if not vouched_by:
        return ()
    vouchers = states.get(PersonVouchers, person_id) or PersonVouchers(id=person_id)
    if set(vouched_by) <= set(vouchers.vouched_by):
        return ()
    return (vouchers.model_copy(update={"vouched_by": _merge(vouchers.vouched_by, vouched_by)}),)


def _merge(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def decide_closed(states: States, event: Event[RequestClosed], now: datetime) -> Decision:
    need = states.get(Need, event.subject)
    if need is None or need.state != "open":
        return NOTHING
    return Decision((need.model_copy(update={"state": "closed", "closed_at": now}),))


def decide_reopened(states: States, event: Event[RequestReopened], now: datetime) -> Decision:  # noqa: ARG001
    """What did not arrive is missing again: the quantity grew when its match was reopened. Or what
    was taken for another's repetition is none."""
    need = states.get(Need, event.subject)
    if need is None or need.state != ("withdrawn" if event.data.is_separated else "closed"):
        return NOTHING
    return Decision((need.model_copy(update={"state": "open", "closed_at": None}),))


def decide_budgeted(states: States, event: Event[RequestBudgeted], now: datetime) -> Decision:
    """No donor is looked for; the budget may be stopped, and then it is opened again."""
    return _withdraw(states, event.subject, now, is_budgeted=True)


def decide_unbudgeted(states: States, event: Event[RequestUnbudgeted], now: datetime) -> Decision:  # noqa: ARG001
    """It waits for an approval. Says of a need of before `is_budgeted` what withdrew it."""
    need = states.get(Need, event.subject)
    if need is None or need.state != "withdrawn" or need.is_budgeted:
        return NOTHING
    return Decision((need.model_copy(update={"is_budgeted": True}),))


def decide_withdrawn(
    states: States,
    event: Event[RequestWithdrawn] | Event[RequestSettled],
    now: datetime,
) -> Decision:
    """By the person, or it ended well without a donor: it does not come back, also not from the
    budget."""
    return _withdraw(states, event.subject, now, is_budgeted=False)


def _withdraw(states: States, need_id: str, now: datetime, *, is_budgeted: bool) -> Decision:
    """Nobody's help is looked for any more, for whatever reason.

    Everything not delivered is freed; what waits for audit's answer is freed after it.
    """
    need = states.get(Need, need_id)
    if need is not None and need.is_budgeted and not is_budgeted:
        return Decision((need.model_copy(update={"is_budgeted": False}),))
    if need is None or need.state != "open":
        return NOTHING
    paid_by = need.paid_by
    need = need.model_copy(update={"state": "withdrawn", "is_budgeted": is_budgeted})
    offers: dict[str, Offer] = {}
    campaigns: dict[str, Campaign] = {}
    matches: list[Match] = []
    events: list[tuple[State, Fact]] = []
    for match in _list_reserving(states, need):
        if match.state == "accepted":
            matches.append(postpone_withdrawal(match, "request_withdrawn"))
            continue
        released = match.change_to("released", now, reason="request_withdrawn")
        offer = offers.get(match.offer_id) or states.require(Offer, match.offer_id)
        spent = match.spent_fen
        offers[offer.id] = offer.release(match.quantity, spent)
        if campaign_id := paid_by.get(match.id):
            campaign = campaigns.get(campaign_id) or states.require(Campaign, campaign_id)
            campaigns[campaign_id] = campaign.release(match.quantity - spent)
        need = need.without_match(match.id).with_unsettled(match.id, spent)
        matches.append(released)
        events.append((released, _build_released(match, released)))
    return Decision((need, *offers.values(), *campaigns.values(), *matches), tuple(events))


def _build_released(match: Match, released: Match) -> MatchReleased:
    """match: as it was before."""
    return released.build_fact(
        MatchReleased, reason="request_withdrawn", promised=match.is_promised
    )


def _list_reserving(states: States, need: Need) -> list[Match]:
    """Its matches that are not delivered; the offers and budgets behind them loaded with them."""
    offers = {parse_match_id(id_).offer_id for id_ in need.matches}
    states.prefetch(
        *(Ref(Match, id_) for id_ in need.matches),
        *(Ref(Offer, id_) for id_ in sorted(offers)),
        *(Ref(Campaign, id_) for id_ in sorted(set(need.paid_by.values()))),
    )
    return [m for m in states.get_many(Match, need.matches).values() if m.reserves]
