"""A donor answers a proposal, or claims an open request, by his word over the phone."""

from datetime import datetime

from services.matching.decide.cases import (
    get_match,
    has_vouched,
    is_party,
    refuse_state,
    refuse_unknown,
)
from services.matching.decide.proposals import (
    decide_accept,
    decide_claim,
    decide_decline,
    find_claim_refusal,
    get_claimable,
)
from services.matching.messages import (
    MATCH_STATES,
    PAIR_UNKNOWN,
    WORD_FROM_PARTY,
    WORD_OUTDATED,
)
from services.matching.model.labels import DECLINE_REASONS, DeclineReason
from services.matching.model.match import (
    AcceptMatch,
    AskClaimWord,
    AskMatchWord,
    ClaimNeed,
    DeclineMatch,
)
from services.matching.model.need import Need
from shared.contracts.events import MatchWordAsked
from shared.errors import Message
from shared.messaging.decision import Answer, Command, Decision, States
from shared.spoken_words import (
    HearWord,
    SpokenWord,
    ask_word,
    carry_out,
    compute_end,
    hear_word,
)


def decide_ask_word(states: States, command: Command[AskMatchWord], now: datetime) -> Decision:
    """Whoever met the person or recorded the need does not also answer for the donor."""
    request = command.data
    match = get_match(states, request.match_id)
    if match is None or not match.is_seen(request.scope):
        return refuse_unknown()
    if match.state != "proposed":
        return refuse_state(match)
    if now >= match.expires_at:
        return Decision(answer=MATCH_STATES["expired"].refusal(409))
    vouched_by = states.require(Need, match.request_id).vouched_by
    if command.principal in vouched_by or is_party(states, match, command.principal):
        return Decision(answer=WORD_FROM_PARTY.refusal(409))
    fact = MatchWordAsked(
        about=match.id,
        donor_id=match.donor_id,
        act=request.act,
        asked_by=command.principal,
        expires_at=compute_end(now),
        quantity=match.quantity,
        unit=match.unit,
        town_code=match.town_code,
    )
    reason = request.reason if request.act == "decline" else ""
    return ask_word(states, command, fact, now, reason=reason, correlation_id=match.correlation_id)


def decide_ask_claim_word(
    states: States, command: Command[AskClaimWord], now: datetime
) -> Decision:
    """No code is sent for what would be refused already; it is decided again once he said it."""
    request = command.data
    claim = _make_claim(request.request_id, request.offer_id, request.quantity)
    claim = claim.model_copy(update={"scope": request.scope})
    pair = get_claimable(states, claim)
    if pair is None:
        return Decision(answer=PAIR_UNKNOWN.refusal(404))
    need, offer = pair
    if _is_voucher(states, need, command.principal):
        return Decision(answer=WORD_FROM_PARTY.refusal(409))
    if reason := find_claim_refusal(states, need, offer, claim.quantity, now):
        return Decision(answer=reason.refusal(409))
    fact = MatchWordAsked(
        about=offer.id,
        donor_id=offer.donor_id,
        act="claim",
        asked_by=command.principal,
        expires_at=compute_end(now),
        request_id=need.id,
        quantity=claim.quantity,
        unit=need.unit,
        town_code=need.town_code,
    )
    return ask_word(states, command, fact, now, correlation_id=need.correlation_id)


def _make_claim(request_id: str, offer_id: str, quantity: int) -> ClaimNeed:
    return ClaimNeed(request_id=request_id, offer_id=offer_id, quantity=quantity)


def decide_hear_word(states: States, command: Command[HearWord], now: datetime) -> Decision:
    heard = hear_word(states, command, now)
    if heard.word is None:
        return heard.refused
    return carry_out(_act(states, heard.word, command.principal, now), heard.word)


def _act(states: States, word: SpokenWord, principal: str, now: datetime) -> Decision:
    if word.act == "sign_in":
        return Decision(answer=Answer(200, {}))
    if obstacle := _find_obstacle(states, word, principal):
        return Decision(answer=obstacle.refusal(409))
    if word.act == "accept":
        accept = AcceptMatch(match_id=word.about)
        return decide_accept(states, Command(accept, principal=principal), now)
    if word.act == "claim" and word.request_id and word.quantity:
        claim = _make_claim(word.request_id, word.about, word.quantity)
        return decide_claim(states, Command(claim, principal=principal), now)
    decline = DeclineMatch(match_id=word.about, reason=_find_reason(word))
    return decide_decline(states, Command(decline, principal=principal), now)


def _find_obstacle(states: States, word: SpokenWord, principal: str) -> Message | None:
    """What came about since the code was sent: whoever asked met the person in the meantime, or the
    need is not the one that the SMS named. Where nothing is known of it, the act says so."""
    request_id = word.request_id
    if request_id is None:
        match = get_match(states, word.about)
        request_id = match.request_id if match else None
    need = states.get(Need, request_id) if request_id else None
    if need is None:
        return None
    if _is_voucher(states, need, principal):
        return WORD_FROM_PARTY
    is_same = (need.unit, need.town_code) == (word.unit, word.town_code)
    return None if is_same or word.unit is None else WORD_OUTDATED


def _find_reason(word: SpokenWord) -> DeclineReason:
    return next(reason for reason in DECLINE_REASONS if reason == word.reason)


def _is_voucher(states: States, need: Need, principal: str) -> bool:
    return principal in need.vouched_by or has_vouched(states, principal, need.person_id)
