"""Decisions after acceptance: the fund's answer, released, delivered, confirmed, rated."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.matching.decide.cases import (
    Case,
    answer_match,
    free,
    get_case,
    get_match,
    get_match_with_offer,
    is_party,
    is_related,
    pause_freed_offer,
    refuse_state,
    refuse_unknown,
    release_related,
    require_case,
)
from services.matching.messages import (
    CONFIRMER_SAME,
    EVIDENCE_MISSING,
    LEDGER_DIFFERS,
    MATCH_RATED,
    RATER_SAME,
    RELATED_PARTY,
    REOPENING_LATE,
)
from services.matching.model.labels import REVERSE_PAYMENT
from services.matching.model.match import (
    ConfirmMatch,
    DeliverMatch,
    GiveUpMatch,
    Match,
    RateMatch,
    ReleaseMatch,
    ReopenMatch,
    WithdrawnReason,
)
from services.matching.model.offer import Offer
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchRated,
    MatchReleased,
    MatchReopened,
    RefusedReason,
    ReplyUnderstood,
)
from shared.dates import name_moment
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States

COMMITMENT_REFUSED: frozenset[RefusedReason] = frozenset(
    {"insufficient_funds", "unknown_fund", "outside_terms", "already_paid"}
)
REPLIED_NOT_RECEIVED = "本人回复没有收到"

# --- the fund's answer --------------------------------------------------------------------------


def decide_committed(states: States, event: Event[LedgerCommitted], now: datetime) -> Decision:
    """A withdrawal that came meanwhile is carried out now: nobody hears of a gift that vanishes."""
    match = _get_answered(states, event.subject, event.data.amount_fen)
    if match is None:
        return NOTHING
    if match.kept is not None:
        return _release(require_case(states, match), match.kept, now)
    match = match.change_to("committed", now)
    return Decision((match,), ((match, match.build_fact(MatchCommitted)),))


def decide_refused(states: States, event: Event[LedgerRefused], now: datetime) -> Decision:
    """Counts as a decline of that fund: the need looks again, elsewhere. But where the request was
    paid already no fund pays it before that is settled; and where a mandate does not carry it,
    another offer of the fund may."""
    if not _is_about_commitment(event):
        return NOTHING
    match = _get_answered(states, event.subject, event.data.amount_fen)
    if match is None:
        return NOTHING
    case = require_case(states, match)
    match = match.change_to("released", now, reason="refused_by_fund")
    fact = match.build_fact(MatchReleased, reason="refused_by_fund")
    if event.data.reason == "already_paid":
        lacking = match.quantity - event.data.available_fen
        case = replace(case, need=case.need.with_unsettled(match.id, lacking))
        return free(case, match, fact)
    if event.data.mandate is None:
        return free(case, match, fact, exclude="fund")
    decision = free(case, match, fact, exclude="offer")
    return decision if event.data.mandate == "outside_terms" else pause_freed_offer(decision)


def _is_about_commitment(event: Event[LedgerRefused]) -> bool:
    """Audit refuses donations too, and payments; those are no answer to an acceptance."""
    return event.subject.startswith("M-") and event.data.reason in COMMITMENT_REFUSED


def _get_answered(states: States, match_id: str, amount_fen: int) -> Match | None:
    """The match that waits for audit's answer. Raises Invalid when the answer is not about it."""
    match = get_match(states, match_id)
    if match is None:
        raise LEDGER_DIFFERS.invalid("subject")
    if match.quantity != amount_fen:
        raise LEDGER_DIFFERS.invalid("amount_fen")
    return match if match.state == "accepted" else None


# --- released -----------------------------------------------------------------------------------


def decide_release(states: States, command: Command[ReleaseMatch], now: datetime) -> Decision:
    """The offer was withdrawn: what the person was told of stands, the rest is released."""
    case = get_case(states, command.data.match_id)
    if case is None or case.offer.state != "withdrawn":
        return NOTHING
    if case.match.state == "proposed":
        return _release(case, "offer_withdrawn", now)
    if case.match.state == "accepted" and case.match.kept is None:
        return Decision((postpone_withdrawal(case.match, "offer_withdrawn"),))
    return NOTHING


def _release(case: Case, reason: WithdrawnReason, now: datetime) -> Decision:
    match = case.match.change_to("released", now, reason=reason)
    return free(case, match, match.build_fact(MatchReleased, reason=reason))


def postpone_withdrawal(match: Match, reason: WithdrawnReason) -> Match:
    """Audit has not answered yet: the first withdrawal that comes is carried out after it."""
    return match if match.kept else match.model_copy(update={"kept": reason})


# --- delivered ----------------------------------------------------------------------------------


def decide_deliver(states: States, command: Command[DeliverMatch], now: datetime) -> Decision:
    pair = get_match_with_offer(states, command.data.match_id)
    if pair is None or not pair[0].is_seen(command.data.scope):
        return refuse_unknown()
    match, offer = pair
    if match.state != "committed":
        return refuse_state(match)
    if is_related(states, match.fund_id, match.person_id):
        return Decision(answer=RELATED_PARTY.refusal(409))
    match = match.change_to("delivered", now)
    hands = (*match.delivered_by, command.principal) if command.principal else match.delivered_by
    match = match.model_copy(
        update={"deliveries": match.deliveries + 1, "delivered_by": tuple(dict.fromkeys(hands))}
    )
    return Decision(
        (match, offer.hand_over(match.quantity)),
        ((match, match.build_fact(MatchDelivered, delivered_by=match.delivered_by)),),
        answer_match(match),
    )


# --- confirmed ----------------------------------------------------------------------------------


def decide_confirm(
    reopen_days: int, states: States, command: Command[ConfirmMatch], now: datetime
) -> Decision:
    pair = get_match_with_offer(states, command.data.match_id)
    if pair is None or not pair[0].is_seen(command.data.scope):
        return refuse_unknown()
    match, offer = pair
    if match.state != "delivered":
        return refuse_state(match)
    if is_party(states, match, command.principal):
        return Decision(answer=CONFIRMER_SAME.refusal(409))
    if command.data.by_staff and command.data.witness is None:
        return Decision(answer=EVIDENCE_MISSING.refusal(422, "evidence"))
    confirmation = {"confirmed_by": command.principal, "witness": command.data.witness}
    return _confirm(states, match.model_copy(update=confirmation), offer, reopen_days, now)


def _confirm(
    states: States, match: Match, offer: Offer, reopen_days: int, now: datetime
) -> Decision:
    """It counts for the offer. What was not paid in instalments is paid now: to nobody who is by
    now a related party."""
    if match.is_money and is_related(states, match.fund_id, match.person_id):
        return release_related(states, match, now)
    until = now + timedelta(days=reopen_days)
    match = match.change_to("confirmed", now)
    match = match.model_copy(update={"confirmed_at": now, "reopen_until": until})
    evidence = match.witness.evidence if match.witness else None
    return Decision(
        (match, offer.count_outcome(confirmed=1)),
        ((match, match.build_fact(MatchConfirmed, evidence=evidence)),),
        answer_match(match),
    )


def decide_reply(
    reopen_days: int, states: States, event: Event[ReplyUnderstood], now: datetime
) -> Decision:
    """From the person the match is for, 收到 confirms it and 没收到 reopens it. Who wrote the one
    may write the other after all, while it is to be handed over again."""
    match_id, meaning = event.data.match_id, event.data.meaning
    if match_id is None or meaning == "opted_out":
        return NOTHING
    if meaning == "received":
        pair = get_match_with_offer(states, match_id)
        if pair is None or pair[0].person_id != event.data.person_id:
            return NOTHING
        match, offer = pair
        # Who accepted or delivered it reads no answer for the person.
        reader = event.data.read_by
        if reader and is_party(states, match, reader):
            return NOTHING
        # A reader's yes takes nothing back: somebody has to hand it over again before.
        is_taken_back = match.state == "committed" and match.reason == REPLIED_NOT_RECEIVED
        if is_taken_back and not reader:
            return _confirm(states, match, offer.hand_over(match.quantity), reopen_days, now)
        is_delivered = match.state == "delivered"
        return _confirm(states, match, offer, reopen_days, now) if is_delivered else NOTHING
    case = get_case(states, match_id)
    if case is None or case.match.person_id != event.data.person_id:
        return NOTHING
    return _reopen(case, REPLIED_NOT_RECEIVED, now) if case.match.may_reopen(now) else NOTHING


# --- not arrived after all ----------------------------------------------------------------------


def decide_reopen(states: States, command: Command[ReopenMatch], now: datetime) -> Decision:
    case = get_case(states, command.data.match_id)
    if case is None or not case.match.is_seen(command.data.scope):
        return refuse_unknown()
    if case.match.may_reopen(now):
        return _reopen(case, command.data.reason, now)
    if case.match.state == "confirmed":
        return Decision(answer=_refuse_late(case.match))
    return refuse_state(case.match)


def _refuse_late(match: Match) -> Answer:
    zh, en = name_moment(match.reopen_until) if match.reopen_until else ("—", "—")
    return REOPENING_LATE.refusal(409, until_zh=zh, until_en=en)


def _reopen(case: Case, reason: str, now: datetime) -> Decision:
    """Delivered: to be handed over again. Confirmed: this match is over and the need asks anew."""
    if case.match.state == "confirmed":
        return _reopen_confirmed(case, reason, now)
    if case.need.state == "withdrawn":
        return _give_up(case, now)
    match = case.match.change_to("committed", now, reason=reason)
    match = match.model_copy(update={"comes_on": ""})
    offer = case.offer.take_back(match.quantity)
    fact = match.build_fact(MatchReopened, was="delivered", reason=reason)
    return Decision((match, offer), ((match, fact),), answer_match(match))


def _reopen_confirmed(case: Case, reason: str, now: datetime) -> Decision:
    """What was paid or handed over is gone, of the offer and of a campaign's budget. Money is not
    asked for anew before the payment is settled (`decide/payments.py`)."""
    match = case.match.change_to("reopened", now, reason=reason)
    need = case.need.without_match(match.id).with_unsettled(match.id, match.spent_fen)
    offer = case.offer.count_outcome(confirmed=-1)
    fact = match.build_fact(MatchReopened, was="confirmed", reason=reason)
    if not match.is_money:
        return Decision((match, need, offer), ((match, fact),), answer_match(match))
    offer = offer.spend(-match.reversed_fen)
    budget = (case.campaign.release(match.reversed_fen),) if case.campaign else ()
    answer = Answer(200, {**answer_match(match).body, "finance": REVERSE_PAYMENT})
    return Decision((match, need, offer, *budget), ((match, fact),), answer)


def decide_give_up(states: States, command: Command[GiveUpMatch], now: datetime) -> Decision:
    """The donor is lost: what was set aside is free, and the need looks for another."""
    case = get_case(states, command.data.match_id)
    if case is None or not case.match.is_seen(command.data.scope):
        return refuse_unknown()
    if case.match.state not in ("committed", "delivered"):
        return refuse_state(case.match)
    return _give_up(case, now)


def _give_up(case: Case, now: datetime) -> Decision:
    """The person was promised it, and hears that it fell through."""
    if case.match.state == "delivered":
        case = replace(case, offer=case.offer.take_back(case.match.quantity))
    case = replace(case, offer=case.offer.count_outcome(expired=1))
    match = case.match.change_to("released", now, reason="not_arrived")
    fact = match.build_fact(MatchReleased, reason="not_arrived", promised=True)
    return free(case, match, fact, exclude="donor")


# --- rated --------------------------------------------------------------------------------------


def decide_rate(states: States, command: Command[RateMatch], now: datetime) -> Decision:  # noqa: ARG001
    """Once, by the person or by a member of staff who asked him and had no other part in it."""
    match = get_match(states, command.data.match_id)
    if match is None or not match.is_seen(command.data.scope):
        return refuse_unknown()
    if match.state != "confirmed":
        return refuse_state(match)
    if match.stars is not None:
        return Decision(answer=MATCH_RATED.refusal(409))
    if is_party(states, match, command.principal):
        return Decision(answer=RATER_SAME.refusal(409))
    match = match.model_copy(update={"stars": command.data.stars})
    fact = match.build_fact(MatchRated, stars=command.data.stars)
    answer = Answer(200, {**answer_match(match).body, "stars": match.stars})
    return Decision((match,), ((match, fact),), answer)
