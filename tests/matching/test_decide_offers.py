"""Offers: registered once, changed, paused and withdrawn without breaking a promise."""

from typing import Any

import pytest

from services.matching.model.match import AcceptMatch, DeliverMatch, ReleaseMatch
from services.matching.model.offer import (
    ChangeOffer,
    Offer,
    OfferDue,
    OfferTerms,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    WithdrawOffer,
    build_offer_id,
)
from shared.contracts.events import LedgerCommitted, MatchReleased, OfferChanged, OfferRegistered
from shared.errors import Invalid
from shared.messaging.decision import Answer
from tests.matching.decisions import (
    FUND,
    DecisionHarness,
    make_ledger_answer,
    make_propose,
    make_submitted,
)


def test_registered_offer_is_open_and_wholly_free() -> None:
    decisions = DecisionHarness()
    offer = decisions.get(Offer, decisions.offer(quantity=300, fund_id=FUND))
    assert (offer.state, offer.free, offer.reserved) == ("open", 300, 0)
    assert isinstance(decisions.last(), OfferRegistered)


def test_same_message_twice_is_one_offer() -> None:
    decisions = DecisionHarness()
    decisions.offer("a")
    again = RegisterOffer(source="desk", message_id="a", offer=make_submitted())
    answer = decisions.command(again)
    assert answer is not None
    assert answer.status == 200
    assert decisions.list_event_names() == ["OfferRegistered"]


def test_inbound_event_and_http_decide_alike() -> None:
    decisions = DecisionHarness()
    submitted = make_submitted(40)
    decisions.grant(submitted)
    decisions.event("", submitted)
    assert decisions.get(Offer, build_offer_id("/test", "test:")).quantity == 40


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"valid_until": "2026-01-01T00:00:00Z"}, "valid_until"),
    ],
)
def test_offer_that_cannot_work_says_which_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        DecisionHarness().offer(**more)
    assert [p.field for p in refused.value.problems] == [field]


def test_goods_may_come_from_a_funds_stock() -> None:
    decisions = DecisionHarness()
    offer = decisions.get(Offer, decisions.offer(unit="袋", item="大米", fund_id=FUND))
    assert (offer.item, offer.fund_id) == ("大米", FUND)


def test_withdrawn_offer_is_proposed_no_more() -> None:
    decisions = DecisionHarness()
    offer, need = decisions.offer(), decisions.need()
    decisions.command(WithdrawOffer(offer_id=offer))
    answer = decisions.command(make_propose(need, offer, 10))
    assert answer is not None
    assert answer.status == 409


def test_partner_cannot_withdraw_the_offer_of_another() -> None:
    decisions = DecisionHarness()
    answer = decisions.command(WithdrawOffer(offer_id=decisions.offer(), source="/partners/other"))
    assert answer is not None
    assert answer.status == 404


def test_withdrawal_releases_open_proposals_and_lets_committed_ones_stand() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer(fund_id=FUND)
    open_one = decisions.propose(decisions.need("r1"), offer, 10)
    committed = decisions.propose(decisions.need("r2"), offer, 20)
    decisions.command(AcceptMatch(match_id=committed))
    decisions.event(committed, make_ledger_answer(LedgerCommitted, 20))
    decisions.command(WithdrawOffer(offer_id=offer))
    for id_ in (open_one, committed):
        decisions.command(ReleaseMatch(match_id=id_))
    assert (decisions.match(open_one).state, decisions.match(committed).state) == (
        "released",
        "committed",
    )
    assert decisions.get(Offer, offer).reserved == 20
    assert decisions.need_of(open_one).remaining == 50


def test_withdrawal_between_acceptance_and_the_answer_is_carried_out_after_it() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    decisions.command(WithdrawOffer(offer_id=decisions.match(id_).offer_id))
    decisions.command(ReleaseMatch(match_id=id_))
    assert (decisions.match(id_).state, decisions.match(id_).kept) == (
        "accepted",
        "offer_withdrawn",
    )
    decisions.event(id_, make_ledger_answer(LedgerCommitted, 50))
    fact = decisions.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "offer_withdrawn"
    assert "MatchCommitted" not in decisions.list_event_names()


def test_deadline_of_another_time_changes_nothing() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer()
    decisions.command(WithdrawOffer(offer_id=offer))
    due_at = decisions.get(Offer, offer).due_at
    assert due_at is not None
    decisions.command(OfferDue(aggregate_id=offer, due_at=due_at.replace(year=2020)))
    assert decisions.get(Offer, offer).due_at == due_at
    decisions.command(OfferDue(aggregate_id=offer, due_at=due_at))
    assert decisions.get(Offer, offer).due_at is None


# --- changed by its donor -----------------------------------------------------------------------


def change_offer(decisions: DecisionHarness, offer: str, **terms: Any) -> Answer:
    answer = decisions.command(ChangeOffer(offer_id=offer, terms=OfferTerms.model_validate(terms)))
    assert answer is not None
    return answer


def test_only_what_is_named_changes() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer(categories=["meals"], cap_per_request=20, name_shown=True)
    change_offer(decisions, offer, quantity=300, town_codes=["441900101"], cap_per_request=None)
    now = decisions.get(Offer, offer)
    assert (now.quantity, now.town_codes, now.cap_per_request) == (300, ("441900101",), None)
    assert (now.categories, now.name_shown) == (("meals",), True)
    fact = decisions.last()
    assert isinstance(fact, OfferChanged)
    assert fact.quantity == 300


def test_the_same_terms_again_say_nothing() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer()
    change_offer(decisions, offer, quantity=300)
    assert change_offer(decisions, offer, quantity=300).status == 200
    assert decisions.list_event_names() == ["OfferRegistered", "OfferChanged"]


def test_quantity_never_falls_below_what_is_promised_or_given() -> None:
    decisions = DecisionHarness()
    delivered = decisions.make_delivered()
    offer = decisions.match(delivered).offer_id
    decisions.propose(decisions.need("other"), offer, 20)
    with pytest.raises(Invalid) as refused:
        change_offer(decisions, offer, quantity=69)
    assert [p.code for p in refused.value.problems] == ["quantity_promised"]
    change_offer(decisions, offer, quantity=70)
    assert decisions.get(Offer, offer).free == 0


def test_offer_that_is_over_is_renewed() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(valid_until="2026-01-21T00:00:00Z")
    decisions.advance(2 * 86_400)
    answer = decisions.command(make_propose(need, offer, 10))
    assert answer is not None
    assert answer.status == 409
    with pytest.raises(Invalid):
        change_offer(decisions, offer, valid_until="2026-01-22T00:00:00Z")
    change_offer(decisions, offer, valid_until="2026-02-21T00:00:00Z")
    decisions.propose(need, offer, 10)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"radius_km": 5}, "base"),
        ({"base": "8ffffffffffffff", "radius_km": 5}, "base"),
        (
            {"valid_from": "2026-03-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"},
            "valid_until",
        ),
    ],
)
def test_terms_that_cannot_work_are_refused_new_or_changed(
    more: dict[str, Any], field: str
) -> None:
    decisions = DecisionHarness()
    with pytest.raises(Invalid) as registered:
        decisions.offer("new", **more)
    with pytest.raises(Invalid) as refused:
        change_offer(decisions, decisions.offer("known"), **more)
    for raised in (registered, refused):
        assert [p.field for p in raised.value.problems] == [field]


def test_paused_offer_keeps_its_promises_and_goes_on_when_resumed() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(fund_id=FUND)
    id_ = decisions.propose(need, offer, 10)
    for _ in range(2):
        decisions.command(PauseOffer(offer_id=offer))
    answer = decisions.command(make_propose(decisions.need("other"), offer, 10))
    assert answer is not None
    assert answer.status == 409
    decisions.command(AcceptMatch(match_id=id_))
    assert decisions.match(id_).state == "accepted"
    decisions.command(ResumeOffer(offer_id=offer))
    decisions.propose(decisions.need("third"), offer, 10)
    assert [n for n in decisions.list_event_names() if n.startswith("Offer")] == [
        "OfferRegistered",
        "OfferPaused",
        "OfferResumed",
    ]


@pytest.mark.parametrize("command", [ChangeOffer, PauseOffer, ResumeOffer])
def test_offer_of_another_and_a_withdrawn_one_are_left_as_they_are(command: type[Any]) -> None:
    decisions = DecisionHarness()
    offer = decisions.offer()
    more = {"terms": OfferTerms(quantity=5)} if command is ChangeOffer else {}
    foreign = decisions.command(command(offer_id=offer, source="/partners/other", **more))
    decisions.command(WithdrawOffer(offer_id=offer, source="desk"))
    withdrawn = decisions.command(command(offer_id=offer, source="desk", **more))
    assert foreign is not None
    assert withdrawn is not None
    assert (foreign.status, withdrawn.status) == (404, 409)
    assert decisions.get(Offer, offer).state == "withdrawn"


def test_offer_before_its_time_is_not_proposed() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(valid_from="2026-01-21T00:00:00Z")
    answer = decisions.command(make_propose(need, offer, 10))
    assert answer is not None
    assert answer.status == 409
    decisions.advance(86_400)
    decisions.propose(need, offer, 10)


def test_no_more_cases_at_a_time_than_the_donor_wants() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer(cases_max=2, fund_id=FUND)
    first = decisions.propose(decisions.need("r1"), offer, 10)
    decisions.propose(decisions.need("r2"), offer, 10)
    third = make_propose(decisions.need("r3"), offer, 10)
    answer = decisions.command(third)
    assert answer is not None
    assert answer.body["problems"][0]["code"] == "cases_exceeded"
    decisions.command(AcceptMatch(match_id=first))
    decisions.event(first, make_ledger_answer(LedgerCommitted, 10))
    decisions.command(DeliverMatch(match_id=first))
    decisions.propose(third.request_id, offer, 10)
