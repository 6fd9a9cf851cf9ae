"""Offers of money at the door: each on somebody's mandate, and what ends with it."""

from datetime import timedelta
from typing import Any

import pytest

from services.matching.model.funds import Mandate
from services.matching.model.match import AcceptMatch
from services.matching.model.offer import (
    ChangeOffer,
    Offer,
    OfferTerms,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    build_offer_id,
)
from services.matching.settings import MatchingSettings
from shared.contracts.events import (
    LedgerRefused,
    MandateRevoked,
    MatchAccepted,
    MatchReleased,
    OfferPaused,
)
from shared.errors import Invalid
from tests.matching.decisions import (
    FUND,
    NOW,
    DecisionHarness,
    make_granted,
    make_ledger_answer,
    make_submitted,
)

MANDATE = "A-1"
PARTNER = "/partners/two"


def grant(decisions: DecisionHarness, **more: Any) -> None:
    """Partner two's mandate on 100 fen of the fund, in the donor's name."""
    submitted = make_submitted(fund_id=FUND)
    fields = {"source": PARTNER, "sum_fen": 100, "valid_until": NOW + timedelta(days=90)} | more
    decisions.event(MANDATE, make_granted(submitted, **fields))


def register(decisions: DecisionHarness, source: str = PARTNER, **more: Any) -> str:
    """The offer's id. Raises Invalid."""
    offer = make_submitted(**{"fund_id": FUND, "mandate_id": MANDATE} | more)
    decisions.command(RegisterOffer(source=source, message_id="a", offer=offer))
    return build_offer_id(source, "a")


def find_codes(decisions: DecisionHarness, source: str = PARTNER, **more: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        register(decisions, source, **more)
    return [problem.code for problem in refused.value.problems]


def test_mandates_are_required_unless_the_house_says_otherwise() -> None:
    assert MatchingSettings.model_fields["mandates_required"].default is True


@pytest.mark.parametrize(
    ("source", "more", "code"),
    [
        (PARTNER, {"mandate_id": None}, "mandate_missing"),
        (PARTNER, {"mandate_id": "A-2"}, "mandate_unknown"),
        ("/partners/one", {}, "mandate_foreign"),
        (PARTNER, {"donor_id": "P-a"}, "mandate_donor_differs"),
        (PARTNER, {"fund_id": "other"}, "mandate_fund_differs"),
        (PARTNER, {"fund_id": None}, "mandate_fund_differs"),
        (PARTNER, {"quantity": 101}, "mandate_exceeded"),
    ],
)
def test_money_that_is_not_the_mandates_is_refused(
    source: str, more: dict[str, Any], code: str
) -> None:
    decisions = DecisionHarness()
    grant(decisions)
    assert find_codes(decisions, source, **more) == [code]
    assert decisions.facts == []


@pytest.mark.parametrize(
    ("limit", "within", "beyond", "code"),
    [
        (
            {"categories": ["meals", "medical"]},
            {"categories": ["meals"]},
            {"categories": ["meals", "supplies"]},
            "mandate_categories_exceeded",
        ),
        (
            {"beneficiary_classes": ["child"]},
            {"beneficiary_classes": ["child"]},
            {},
            "mandate_classes_exceeded",
        ),
        (
            {"town_codes": ["441900101"]},
            {"village_codes": ["441900101001"]},
            {"town_codes": ["441900101"], "village_codes": ["441900102001"]},
            "mandate_towns_exceeded",
        ),
    ],
)
def test_an_offer_reaches_no_further_than_its_mandate(
    limit: dict[str, Any], within: dict[str, Any], beyond: dict[str, Any], code: str
) -> None:
    decisions = DecisionHarness()
    grant(decisions, **limit)
    assert find_codes(decisions, **beyond) == [code]
    assert decisions.get(Offer, register(decisions, **within)).state == "open"


def test_an_offer_lives_no_longer_than_its_mandate() -> None:
    decisions = DecisionHarness()
    grant(decisions)
    offer = register(decisions)
    assert decisions.get(Offer, offer).valid_until == NOW + timedelta(days=90)
    terms = OfferTerms(valid_until=NOW + timedelta(days=300))
    decisions.command(ChangeOffer(offer_id=offer, terms=terms))
    assert decisions.get(Offer, offer).valid_until == NOW + timedelta(days=90)
    decisions.advance(90 * 24 * 3600)
    assert find_codes(decisions, "/partners/later") == ["mandate_ended"]


def test_goods_need_no_mandate() -> None:
    decisions = DecisionHarness()
    register(decisions, unit="袋", item="大米", mandate_id=None)
    assert decisions.list_event_names() == ["OfferRegistered"]


def test_the_acceptance_says_on_whose_word_and_who_offered() -> None:
    decisions = DecisionHarness()
    grant(decisions)
    match = decisions.propose(decisions.need(), register(decisions), 50)
    decisions.command(AcceptMatch(match_id=match))
    accepted = decisions.last()
    assert isinstance(accepted, MatchAccepted)
    assert (accepted.mandate_id, accepted.offer_source) == (MANDATE, PARTNER)


def test_what_a_revoked_mandate_offered_stops_and_cannot_go_on() -> None:
    decisions = DecisionHarness()
    grant(decisions)
    offer = register(decisions)
    decisions.event(MANDATE, MandateRevoked(**make_granted(make_submitted()).model_dump()))
    assert isinstance(decisions.last(), OfferPaused)
    assert decisions.get(Mandate, MANDATE).revoked
    answer = decisions.command(ResumeOffer(offer_id=offer))
    assert answer is not None
    assert (answer.status, answer.body["problems"][0]["code"]) == (409, "mandate_ended")


def test_a_paused_offer_goes_on_under_its_mandate() -> None:
    decisions = DecisionHarness()
    grant(decisions)
    offer = register(decisions)
    decisions.command(PauseOffer(offer_id=offer))
    answer = decisions.command(ResumeOffer(offer_id=offer))
    assert answer is not None
    assert answer.body["state"] == "open"


@pytest.mark.parametrize(
    ("mandate", "state"), [("exceeded", "paused"), ("ended", "paused"), ("outside_terms", "open")]
)
def test_an_offer_that_audit_refuses_for_its_mandate_stops_and_the_fund_is_asked_again(
    mandate: str, state: str
) -> None:
    decisions = DecisionHarness()
    match = decisions.make_accepted()
    refused = make_ledger_answer(LedgerRefused, 50)
    decisions.event(match, refused.model_copy(update={"mandate": mandate}))
    assert [type(fact) for _, fact in decisions.facts if isinstance(fact, MatchReleased)]
    assert decisions.offer_of(match).state == state
    need = decisions.need_of(match)
    assert (need.excluded_funds, len(need.excluded_offers)) == ((), 1)
