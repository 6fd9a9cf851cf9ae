"""Standing consents: given and ended by the donor, and which of them says yes to a proposal."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.decide.cases import looks_related
from services.matching.decide.funds import get_mandate
from services.matching.messages import (
    CONSENT_EMPTY,
    CONSENT_LONG,
    CONSENT_OFTEN,
    CONSENT_UNKNOWN,
    PERIOD_PAST,
)
from services.matching.model.consent import (
    GIVEN_A_DAY_MAX,
    LIFETIME_MAX,
    EndConsent,
    GiveConsent,
    StandingConsent,
    build_consent_id,
    list_consent_refs,
)
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import ConsentEnded, ConsentGiven
from shared.errors import Message
from shared.messaging.decision import Answer, Command, Decision, States
from shared.revocations import LinkRevocation

# --- given, ended -------------------------------------------------------------------------------


def decide_give_consent(states: States, command: Command[GiveConsent], now: datetime) -> Decision:
    """The month that was counted stays: a new one makes no room for more."""
    donor_id, terms = command.data.donor_id, command.data.terms
    before = states.get(StandingConsent, build_consent_id("donor", donor_id))
    checks: tuple[tuple[Message, str, bool], ...] = (
        (CONSENT_EMPTY, "month_fen", terms.is_empty),
        (PERIOD_PAST, "valid_until", terms.valid_until <= now),
        (CONSENT_LONG, "valid_until", terms.valid_until > now + LIFETIME_MAX),
    )
    if refused := next(((m, field) for m, field, stands in checks if stands), None):
        return Decision(answer=refused[0].refusal(422, refused[1]))
    gives = before.count_gives(now) if before else 0
    if gives >= GIVEN_A_DAY_MAX:
        return Decision(answer=CONSENT_OFTEN.refusal(409, most=GIVEN_A_DAY_MAX))
    update = {
        "terms": terms,
        "given_at": now,
        "given_by": command.principal,
        "ended_at": None,
        "day_gives": gives + 1,
    }
    consent = (
        before.model_copy(update=update)
        if before
        else StandingConsent(
            id=build_consent_id("donor", donor_id),
            correlation_id=donor_id,
            donor_id=donor_id,
            terms=terms,
            given_at=now,
            given_by=command.principal,
        )
    )
    fact = ConsentGiven(donor_id=donor_id, valid_until=terms.valid_until)
    return Decision((consent,), ((consent, fact),), _build_answer(consent, now))


def decide_end_consent(states: States, command: Command[EndConsent], now: datetime) -> Decision:
    """At once: no proposal that is decided after this is accepted by itself. A second time is as
    the first."""
    consent = states.get(StandingConsent, build_consent_id("donor", command.data.donor_id))
    if consent is None:
        return Decision(answer=CONSENT_UNKNOWN.refusal(404))
    if consent.ended_at is not None:
        return Decision(answer=_build_answer(consent, now))
    ended = consent.end(now)
    by_staff = not command.principal.startswith("link:")
    fact = ConsentEnded(donor_id=consent.donor_id, by_staff=by_staff)
    return Decision((ended,), ((ended, fact),), _build_answer(ended, now))


def _build_answer(consent: StandingConsent, now: datetime) -> Answer:
    return Answer(200, {"is_on": consent.is_on(now)})


# --- used ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StandingWord:
    """consent: which says yes, None where none does. waits: it would, but somebody must say first
    that the person is not the related party of the fund who is called the same."""

    consent: StandingConsent | None = None
    waits: bool = False


def find_word(
    states: States, match: Match, need: Need, offer: Offer, now: datetime
) -> StandingWord:
    """The first that covers a proposal: never money that no standing mandate carries."""
    if match.is_money:
        mandate = get_mandate(states, offer)
        if mandate is None or mandate.has_ended(now):
            return StandingWord()
    standing = [each for each in _list_standing(states, match) if each.is_on(now)]
    if not standing:
        return StandingWord()
    given_fen = _sum_given(states, match, need)
    consent = next((each for each in standing if each.covers(match, given_fen, now)), None)
    if consent is not None and looks_related(states, match.fund_id, need):
        return StandingWord(waits=True)
    return StandingWord(consent)


def _list_standing(states: States, match: Match) -> list[StandingConsent]:
    states.prefetch(*list_consent_refs(match.donor_id, match.mandate_id))
    own = states.get(StandingConsent, build_consent_id("donor", match.donor_id))
    revocation = states.get(LinkRevocation, match.donor_id)
    own = own.end_with_links(revocation) if own else None
    named = match.mandate_id
    fund = states.get(StandingConsent, build_consent_id("fund", named)) if named else None
    return [each for each in (own, fund) if each is not None]


def _sum_given(states: States, match: Match, need: Need) -> int:
    """What the same donor gives to the request by other matches, whichever offer they are of."""
    others = states.get_many(Match, need.matches).values() if match.is_money else ()
    return sum(other.quantity for other in others if other.donor_id == match.donor_id)
