"""Decisions on the way to the person: delivered, confirmed, not arrived after all, rated."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.matching.decide.cases import (
    Case,
    case_of,
    case_refs,
    follow_case,
    freed,
    match_in,
    match_of,
    match_refs,
    not_now,
    told,
    unknown,
)
from services.matching.decide.related import behind_money, is_kept_from_money, kept_from_fund
from services.matching.decide.relations import is_related, relation_refs
from services.matching.decide.taking import refused
from services.matching.model.match import (
    REVERSE_PAYMENT,
    ConfirmMatch,
    DeliverMatch,
    GiveUpMatch,
    Match,
    RateMatch,
    ReopenMatch,
)
from services.matching.model.match_id import is_match_id, parse_match_id
from services.matching.model.offer import Offer
from shared.contracts.envelope import Event
from shared.contracts.events import (
    MatchConfirmed,
    MatchDelivered,
    MatchRated,
    MatchReleased,
    MatchReopened,
    ReplyUnderstood,
)
from shared.contracts.values import CHINA
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

REOPEN_DAYS = 15
REPLIED_NOT_RECEIVED = "本人回复没有收到"


def touches_deliver(command: Command[DeliverMatch]) -> tuple[AnyRef, ...]:
    return _with_offer(command.data.match_id)


def follow_deliver(states: States, command: Command[DeliverMatch]) -> tuple[AnyRef, ...]:
    match = match_in(states, command.data.match_id)
    return relation_refs(match.fund_id) if match else ()


def decide_deliver(states: States, command: Command[DeliverMatch], now: datetime) -> Decision:
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "committed":
        return not_now(match)
    if is_related(states, match.fund_id, match.person_id):
        return Decision(answer=refused("related_party"))
    offer = states.get(Offer, match.offer_id)
    assert offer is not None, "a match without its offer"
    match = match.change_to("delivered", now)
    match = match.model_copy(update={"deliveries": match.deliveries + 1})
    states_after = (match, offer.hand_over(match.quantity))
    return Decision(states_after, ((match, match.build_fact(MatchDelivered)),), told(match))


# --- confirmed ---


def touches_confirm(command: Command[ConfirmMatch]) -> tuple[AnyRef, ...]:
    return _with_offer(command.data.match_id)


def _with_offer(match_id: str) -> tuple[AnyRef, ...]:
    """None when it is no match id."""
    if not is_match_id(match_id):
        return ()
    return *match_refs(match_id), Ref(Offer, parse_match_id(match_id).offer_id)


def follow_confirm(states: States, command: Command[ConfirmMatch]) -> tuple[AnyRef, ...]:
    return behind_money(states, command.data.match_id)


def decide_confirm(
    reopen_days: int, states: States, command: Command[ConfirmMatch], now: datetime
) -> Decision:
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "delivered":
        return not_now(match)
    if _answered_for_donor(match, command.principal):
        zh, en = "接受与确认收到须由不同的人办理", "who accepted it may not confirm that it arrived"
        return Decision(answer=refusal(409, "same_person", zh, en))
    return _confirmed(states, match, reopen_days, now)


def _answered_for_donor(match: Match, principal: str) -> bool:
    return bool(match.accepted_by) and match.accepted_by == principal


def _confirmed(states: States, delivered: Match, reopen_days: int, now: datetime) -> Decision:
    """It counts for the offer. What was not paid in instalments is paid now: to nobody who is by
    now a related party."""
    if is_kept_from_money(states, delivered):
        return kept_from_fund(states, delivered, now)
    until = now + timedelta(days=reopen_days)
    match = delivered.change_to("confirmed", now)
    match = match.model_copy(update={"confirmed_at": now, "reopen_until": until})
    offer = states.get(Offer, match.offer_id)
    assert offer is not None, "a match without its offer"
    changed = (match, offer.count_outcome(confirmed=1))
    return Decision(changed, ((match, match.build_fact(MatchConfirmed)),), told(match))


# --- by reply ---


def touches_reply(event: Event[ReplyUnderstood]) -> tuple[AnyRef, ...]:
    named, meaning = event.data.match_id, event.data.meaning
    if named is None or meaning == "opted_out":
        return ()
    return _with_offer(named) if meaning == "received" else case_refs(named)


def follow_reply(states: States, event: Event[ReplyUnderstood]) -> tuple[AnyRef, ...]:
    named, meaning = event.data.match_id or "", event.data.meaning
    if meaning == "received":
        return behind_money(states, named)
    return follow_case(states, named) if meaning == "not_received" else ()


def decide_reply(
    reopen_days: int, states: States, event: Event[ReplyUnderstood], now: datetime
) -> Decision:
    """From the person the match is for, 收到 confirms it and 没收到 reopens it."""
    named, meaning = event.data.match_id, event.data.meaning
    if named is None or meaning == "opted_out":
        return NOTHING
    match = match_of(states, named)
    if match is None or match.person_id != event.data.person_id:
        return NOTHING
    if meaning == "received":
        delivered = match.state == "delivered"
        return _confirmed(states, match, reopen_days, now) if delivered else NOTHING
    case = case_of(states, named)
    if case is None or not match.may_reopen(now):
        return NOTHING
    return _reopened(case, REPLIED_NOT_RECEIVED, now)


# --- not arrived after all ---


def touches_case(command: Command[ReopenMatch] | Command[GiveUpMatch]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.match_id)


def follow_command(
    states: States, command: Command[ReopenMatch] | Command[GiveUpMatch]
) -> tuple[AnyRef, ...]:
    return follow_case(states, command.data.match_id)


def decide_reopen(states: States, command: Command[ReopenMatch], now: datetime) -> Decision:
    case = case_of(states, command.data.match_id)
    if case is None or not command.data.scope.sees(case.match):
        return unknown()
    if case.match.may_reopen(now):
        return _reopened(case, command.data.reason, now)
    if case.match.state == "confirmed":
        return Decision(answer=_too_late(case.match))
    return not_now(case.match)


def _too_late(match: Match) -> Answer:
    until = match.reopen_until
    when = f"{until.astimezone(CHINA):%Y-%m-%d %H:%M}" if until else "—"
    zh = f"重新对接的期限已于 {when} 届满，请联系村（居）委会"
    return refusal(409, "reopen_too_late", zh, f"this was possible until {when} (UTC+8)")


def _reopened(case: Case, reason: str, now: datetime) -> Decision:
    """Delivered: to be handed over again. Confirmed: this match is over and the need asks anew."""
    if case.match.state == "confirmed":
        return _asked_anew(case, reason, now)
    if case.need.state == "withdrawn":
        return _given_up(case, now)
    match = case.match.change_to("committed", now, reason=reason)
    offer = case.offer.take_back(match.quantity)
    fact = match.build_fact(MatchReopened, was="delivered", reason=reason)
    return Decision((match, offer), ((match, fact),), told(match))


def _asked_anew(case: Case, reason: str, now: datetime) -> Decision:
    """What was paid or handed over is gone, of the offer and of a campaign's budget."""
    match = case.match.change_to("reopened", now, reason=reason)
    need = case.need.without_match(match.id)
    fact = match.build_fact(MatchReopened, was="confirmed", reason=reason)
    answer = told(match)
    if match.is_money:
        answer = Answer(200, {**answer.body, "finance": REVERSE_PAYMENT})
    offer = case.offer.count_outcome(confirmed=-1)
    return Decision((match, need, offer), ((match, fact),), answer)


def decide_give_up(states: States, command: Command[GiveUpMatch], now: datetime) -> Decision:
    """The donor is lost: what was set aside is free, and the need looks for another."""
    case = case_of(states, command.data.match_id)
    if case is None or not command.data.scope.sees(case.match):
        return unknown()
    if case.match.state not in ("committed", "delivered"):
        return not_now(case.match)
    return _given_up(case, now)


def _given_up(case: Case, now: datetime) -> Decision:
    if case.match.state == "delivered":
        case = replace(case, offer=case.offer.take_back(case.match.quantity))
    case = replace(case, offer=case.offer.count_outcome(expired=1))
    match = case.match.change_to("released", now, reason="not_arrived")
    return freed(
        case, match, match.build_fact(MatchReleased, reason="not_arrived"), exclude="donor"
    )


# --- rated ---


def touches_rate(command: Command[RateMatch]) -> tuple[AnyRef, ...]:
    return match_refs(command.data.match_id)


def decide_rate(states: States, command: Command[RateMatch], now: datetime) -> Decision:  # noqa: ARG001
    """Once, by the person or whoever asked him."""
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "confirmed":
        return not_now(match)
    if match.stars is not None:
        zh, en = "这项对接已经评价过", "it was rated already"
        return Decision(answer=refusal(409, "already_rated", zh, en))
    if _answered_for_donor(match, command.principal):
        zh, en = "接受与评价须由不同的人办理", "who accepted it may not rate it"
        return Decision(answer=refusal(409, "same_person", zh, en))
    match = match.model_copy(update={"stars": command.data.stars})
    fact = match.build_fact(MatchRated, stars=command.data.stars)
    answer = Answer(200, {**told(match).body, "stars": match.stars})
    return Decision((match,), ((match, fact),), answer)
