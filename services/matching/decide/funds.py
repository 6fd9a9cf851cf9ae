"""Funds and mandates: learned from audit; a mandate is asked of every offer of money at the
door, and ends what named it.

An offer whose mandate is not known here yet is refused and not parked: whoever offers is told to
try again in a moment, and a record of the topic lies in the dead letters, where replay takes it.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import ValidationError

from services.matching.messages import (
    MANDATE_DIFFERENCES,
    MANDATE_ENDED,
    MANDATE_MISSING,
    MANDATE_UNKNOWN,
)
from services.matching.model.consent import ConsentTerms, StandingConsent, build_consent_id
from services.matching.model.funds import KnownFund, LoggedFund, Mandate
from services.matching.model.offer import Offer
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerCarried,
    LedgerFundOpened,
    MandateGranted,
    MandateRevoked,
    OfferPaused,
    OfferSubmitted,
)
from shared.contracts.values import MONEY_UNIT
from shared.errors import Problem
from shared.messaging.decision import NOTHING, Decision, Ref, States


def decide_fund_said(
    states: States,
    event: Event[LedgerFundOpened] | Event[LedgerCarried],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """Commitments and goods are carried into a year too: they say no terms."""
    try:
        logged = LoggedFund.model_validate_json(event.data.entry)
    except ValidationError:
        return NOTHING
    fund = KnownFund(
        id=logged.fund,
        categories=logged.terms.categories,
        beneficiary_classes=logged.terms.beneficiary_classes,
        town_codes=logged.terms.towns,
    )
    return NOTHING if states.get(KnownFund, fund.id) == fund else Decision((fund,))


def decide_mandate_granted(states: States, event: Event[MandateGranted], now: datetime) -> Decision:
    """Where the fund's managers let it give by itself, that is a standing consent of its own."""
    consent_id = build_consent_id("fund", event.subject)
    mandate, _ = states.get_each((Mandate, event.subject), (StandingConsent, consent_id))
    if mandate is not None:
        return NOTHING
    mandate, standing = Mandate.from_fact(event.subject, event.data), event.data.standing
    if standing is None:
        return Decision((mandate,))
    terms = ConsentTerms(
        categories=mandate.categories,
        town_codes=mandate.town_codes,
        request_fen=standing.request_fen,
        month_fen=standing.month_fen,
        valid_until=mandate.valid_until,
    )
    consent = StandingConsent(
        id=consent_id,
        kind="fund",
        donor_id=mandate.donor_id,
        terms=terms,
        given_at=now,
        given_by=mandate.id,
    )
    return Decision((mandate, consent))


def decide_mandate_revoked(states: States, event: Event[MandateRevoked], now: datetime) -> Decision:
    """Its offers pause: nothing new is proposed of them, nor given by itself. What was promised
    stands."""
    consent_id = build_consent_id("fund", event.subject)
    mandate, consent = states.get_each((Mandate, event.subject), (StandingConsent, consent_id))
    if mandate is None or mandate.revoked:
        return NOTHING
    offers = states.get_many(Offer, mandate.offers).values()
    paused = [offer.pause() for offer in offers if offer.state == "open"]
    events = tuple((offer, OfferPaused()) for offer in paused)
    ended = (consent.end(now),) if consent else ()
    return Decision((mandate.revoke(), *paused, *ended), events)


def get_mandate(states: States, offer: OfferSubmitted | Offer) -> Mandate | None:
    """What an offer of money names; goods need none."""
    if offer.unit != MONEY_UNIT or offer.mandate_id is None:
        return None
    return states.get(Mandate, offer.mandate_id)


def list_mandate_refs(offer: OfferSubmitted | Offer) -> tuple[Ref[Mandate], ...]:
    """What an offer reads of mandates."""
    named = offer.unit == MONEY_UNIT and offer.mandate_id is not None
    return (Ref(Mandate, offer.mandate_id),) if named and offer.mandate_id else ()


def find_mandate_problems(
    states: States, offer: OfferSubmitted | Offer, source: str, now: datetime, *, required: bool
) -> Iterator[Problem]:
    """Why money may not be offered so."""
    if offer.unit != MONEY_UNIT:
        return
    if offer.mandate_id is None:
        if required:
            yield MANDATE_MISSING.problem("mandate_id")
        return
    mandate = get_mandate(states, offer)
    if mandate is None:
        yield MANDATE_UNKNOWN.problem("mandate_id", id=offer.mandate_id)
    elif mandate.has_ended(now):
        yield MANDATE_ENDED.problem("mandate_id")
    else:
        for field in mandate.list_differences(offer, source):
            message = MANDATE_DIFFERENCES[field]
            yield message.problem("mandate_id" if field == "source" else field)
