"""Mandates: given by the fund's managers, two people, or by the donor himself; and what they carry.

A partner's word is one person's word: where he speaks for a donor, one of our checkers reads the
consent that is on record, or the donor himself says yes behind his link. Ending takes one person.
"""

from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from services.audit import messages
from services.audit.decide.proposals import require_open
from services.audit.model import (
    DONOR_BY_LINK,
    DONOR_BY_WORD,
    ApproveMandate,
    AskMandateWord,
    Commitment,
    Contribution,
    Fund,
    GiveMandate,
    Mandate,
    MandateUse,
    PartnerProposals,
    ProposeMandate,
    RecordedConsents,
    RevokeMandate,
    WithdrawMandate,
    derive_consents_id,
    derive_contribution_id,
    derive_partner_proposals_id,
)
from services.audit.rules import Rules
from shared.answers import Answer
from shared.contracts.events import (
    MandateGranted,
    MandateObstacle,
    MandateProposed,
    MandateRevoked,
    MandateWordAsked,
    MatchAccepted,
)
from shared.contracts.values import format_yuan
from shared.ids import make_id
from shared.messaging.decision import AnyRef, Command, Decision, Ref, State, States
from shared.spoken_words import HearWord, ask_word, carry_out, compute_end, hear_word

S = TypeVar("S", bound=State)

# --- asked for ------------------------------------------------------------------------------------


def decide_propose_mandate(
    rules: Rules, states: States, command: Command[ProposeMandate], now: datetime
) -> Decision:
    """The same request of the same person is the same mandate. Raises Invalid."""
    request, id_ = command.data, make_id("A", command.key)
    _, fund = states.get_each((Mandate, id_), (Fund, request.fund_id))
    if fund is None or not fund.is_open:
        return Decision(answer=messages.FUND_UNKNOWN.refusal(404, "fund_id", id=request.fund_id))
    _check_request(request, now)
    asked_at = now if request.covers == "gifts" else None
    mandate = Mandate(id=id_, maker=command.principal, asked_at=asked_at, **_read_fields(request))
    fact = mandate.build_fact(MandateProposed)
    events = ((mandate, fact),) if mandate.asks_donor else ()
    proposed = Decision((mandate,), events, Answer(202, mandate.to_json()))
    if request.partner is None:
        return proposed
    waiting = _list_waiting(states, request.partner)
    most = rules.mandate_proposals_max
    if len(waiting) >= most:
        return Decision(answer=messages.MANDATES_WAIT.refusal(409, most=most))
    counted = PartnerProposals(
        id=derive_partner_proposals_id(request.partner), mandate_ids=(*waiting, mandate.id)
    )
    return replace(proposed, states=(mandate, counted))


def _list_waiting(states: States, partner: str) -> list[str]:
    """Those past their time too: else one asks for many that end at once. Each is a message to a
    donor and a row for a checker."""
    proposals = states.get(PartnerProposals, derive_partner_proposals_id(partner))
    ids = proposals.mandate_ids if proposals else ()
    mandates = states.get_many(Mandate, ids)
    return [id_ for id_, mandate in mandates.items() if mandate.state == "proposed"]


def _check_request(request: ProposeMandate, now: datetime) -> None:
    """Raises Invalid."""
    if request.valid_until <= now:
        raise messages.MANDATE_PAST.invalid("valid_until")
    if request.consent and request.consent.consented_at > now:
        raise messages.CONSENT_IN_FUTURE.invalid("consent.consented_at")
    if request.partner is not None and request.covers != "gifts":
        raise messages.MANDATE_OF_FUND.invalid("covers")
    if request.standing and request.covers != "fund":
        raise messages.STANDING_OF_GIFTS.invalid("standing")
    if request.standing and request.standing.request_fen > request.standing.month_fen:
        raise messages.STANDING_ODD.invalid("standing.request_fen")
    if request.covers == "fund" and not request.reference:
        raise messages.REFERENCE_MISSING.invalid("reference")


def _read_fields(request: ProposeMandate) -> dict[str, object]:
    """A partner asks for himself alone."""
    fields = {name: getattr(request, name) for name in type(request).model_fields}
    partner = fields.pop("partner")
    return fields | ({"source": partner} if partner is not None else {})


# --- given ----------------------------------------------------------------------------------------


@require_open(Mandate)
def decide_approve_mandate(
    states: States, command: Command[ApproveMandate], now: datetime, mandate: Mandate, rules: Rules
) -> Decision:
    """On a donor's gifts a consent on record is enough for so much; beyond, he says it himself."""
    if not mandate.asks_donor:
        return _grant(mandate, command.principal, now)
    recorded = _list_recorded(states, mandate.donor_id, now)
    most_fen = rules.mandate_consent_fen_max
    if sum(each.count_recorded(now) for each in recorded) + mandate.sum_fen > most_fen:
        most = format_yuan(most_fen)
        return Decision(answer=messages.DONOR_WORD_NEEDED.refusal(409, most=most))
    if mandate.consent is None:
        return Decision(answer=messages.DONOR_ANSWER_NEEDED.refusal(409))
    granted = _grant(mandate, command.principal, now)
    if not granted.states:
        return granted
    consents = RecordedConsents(
        id=derive_consents_id(mandate.donor_id),
        mandate_ids=(*(each.id for each in recorded), mandate.id),
    )
    return replace(granted, states=(*granted.states, consents))


def _list_recorded(states: States, donor_id: str, now: datetime) -> list[Mandate]:
    """Those that still count, of all partners, funds and foundations: many small ones are one."""
    consents = states.get(RecordedConsents, derive_consents_id(donor_id))
    ids = consents.mandate_ids if consents else ()
    return [each for each in states.get_many(Mandate, ids).values() if each.count_recorded(now)]


def decide_give_mandate(states: States, command: Command[GiveMandate], now: datetime) -> Decision:
    return grant_by_donor(states, command.data.mandate_id, DONOR_BY_LINK, now)


def grant_by_donor(states: States, mandate_id: str, by: str, now: datetime) -> Decision:
    """by: in which way the donor says so."""
    mandate = states.get(Mandate, mandate_id)
    if mandate is None or not mandate.asks_donor:
        return refuse_unknown(mandate_id)
    if mandate.is_open:
        return Decision(answer=Answer(200, mandate.to_json()))
    if mandate.state != "proposed":
        return Decision(answer=messages.MANDATE_NOT_PROPOSED.refusal(409, state=mandate.state))
    return _grant(mandate, by, now)


def _grant(mandate: Mandate, checker: str, now: datetime) -> Decision:
    if now >= mandate.valid_until:
        return Decision(answer=messages.MANDATE_PAST.refusal(409, "valid_until"))
    granted = mandate.resolve("open", checker).model_copy(update={"given_at": now})
    fact = granted.build_fact(MandateGranted)
    return Decision((granted,), ((granted, fact),), Answer(200, granted.to_json()))


# --- ended ----------------------------------------------------------------------------------------


def decide_revoke_mandate(
    states: States,
    command: Command[RevokeMandate],
    now: datetime,  # noqa: ARG001
) -> Decision:
    mandate = states.get(Mandate, command.data.mandate_id)
    if mandate is None or command.data.partner not in (None, mandate.source):
        return refuse_unknown(command.data.mandate_id)
    return _end(mandate, command.principal)


def decide_withdraw_mandate(
    states: States, command: Command[WithdrawMandate], now: datetime
) -> Decision:
    """The donor says no, to a mandate that is asked for or that stands."""
    return end_mandate(states, command.data.mandate_id, DONOR_BY_LINK, now)


def end_mandate(states: States, mandate_id: str, by: str, now: datetime) -> Decision:  # noqa: ARG001
    """by: in which way the donor says so."""
    mandate = states.get(Mandate, mandate_id)
    return _end(mandate, by) if mandate is not None else refuse_unknown(mandate_id)


def refuse_unknown(mandate_id: str) -> Decision:
    return Decision(answer=messages.MANDATE_UNKNOWN.refusal(404, "mandate_id", id=mandate_id))


def _end(mandate: Mandate, by: str) -> Decision:
    if mandate.state == "proposed":
        declined = mandate.resolve("declined", by)
        return Decision((declined,), answer=Answer(200, declined.to_json()))
    if not mandate.is_open:
        return Decision(answer=Answer(200, mandate.to_json()))
    revoked = mandate.revoke(by)
    fact = revoked.build_fact(MandateRevoked)
    return Decision((revoked,), ((revoked, fact),), Answer(200, revoked.to_json()))


# --- what it carries ------------------------------------------------------------------------------


def list_mandate_refs(mandate_id: str | None, fund_id: str, donor_id: str) -> list[AnyRef]:
    """What a commitment reads beside its fund."""
    contribution = Ref(Contribution, derive_contribution_id(fund_id, donor_id))
    return [contribution, Ref(Mandate, mandate_id)] if mandate_id else [contribution]


def find_mandate_obstacle(
    rules: Rules, states: States, match: MatchAccepted, commitment: Commitment, now: datetime
) -> MandateObstacle | None:
    """Why this match may not be committed on anybody's word; None where it may."""
    if match.mandate_id is None:
        return "missing" if rules.mandates_required else None
    mandate = states.get(Mandate, match.mandate_id)
    if mandate is None:
        return "unknown"
    use = MandateUse(
        fund_id=commitment.fund_id,
        donor_id=match.donor_id,
        source=match.offer_source,
        spending=commitment.spending,
        amount_fen=match.quantity,
    )
    if obstacle := mandate.find_obstacle(use, now):
        return obstacle
    contribution = _get_contribution(states, commitment.fund_id, match.donor_id)
    is_used = mandate.covers == "gifts" and match.quantity > contribution.unused_fen
    return "gifts_used" if is_used else None


class Newest(Protocol):
    """A state as the journal that is being written has it: `Journal.find_newest`."""

    def __call__(self, state: S) -> S: ...


def count_commitment(
    states: States, find_newest: Newest, commitment: Commitment, amount_fen: int
) -> tuple[State, ...]:
    """Mandate and contribution with so much more committed; a negative amount gives back."""
    fund_id, donor_id, mandate_id = commitment.fund_id, commitment.donor_id, commitment.mandate_id
    states.prefetch(*list_mandate_refs(mandate_id, fund_id, donor_id))
    contribution = count_contribution(states, find_newest, fund_id, donor_id, used_fen=amount_fen)
    mandate = states.get(Mandate, mandate_id) if mandate_id else None
    if mandate is None:
        return (contribution,)
    return contribution, find_newest(mandate).count_use(amount_fen)


def count_contribution(
    states: States, find_newest: Newest, fund_id: str, donor_id: str, **amounts: int
) -> Contribution:
    """What the donor gave to the fund, with so much more under each counter."""
    return find_newest(_get_contribution(states, fund_id, donor_id)).add(**amounts)


def _get_contribution(states: States, fund_id: str, donor_id: str) -> Contribution:
    """What he gave so far, if anything."""
    id_ = derive_contribution_id(fund_id, donor_id)
    none = Contribution(id=id_, fund_id=fund_id, donor_id=donor_id)
    return states.get(Contribution, id_) or none


def decide_ask_word(states: States, command: Command[AskMandateWord], now: datetime) -> Decision:
    """Of the donor's own gifts; and not by who asked for the mandate himself."""
    request = command.data
    mandate = states.get(Mandate, request.mandate_id)
    if mandate is None or not mandate.asks_donor:
        return refuse_unknown(request.mandate_id)
    if mandate.maker == command.principal:
        return Decision(answer=messages.SECOND_PERSON_NEEDED.refusal(409))
    expected = ("proposed",) if request.act == "give" else ("proposed", "open")
    if mandate.state not in expected:
        return Decision(answer=messages.MANDATE_NOT_PROPOSED.refusal(409, state=mandate.state))
    fact = MandateWordAsked(
        about=mandate.id,
        donor_id=mandate.donor_id,
        act=request.act,
        asked_by=command.principal,
        expires_at=compute_end(now),
        amount_fen=mandate.sum_fen,
    )
    return ask_word(states, command, fact, now, correlation_id=mandate.correlation_id)


def decide_hear_word(states: States, command: Command[HearWord], now: datetime) -> Decision:
    heard = hear_word(states, command, now)
    if heard.word is None:
        return heard.refused
    act = grant_by_donor if heard.word.act == "give" else end_mandate
    return carry_out(act(states, heard.word.about, DONOR_BY_WORD, now), heard.word)
