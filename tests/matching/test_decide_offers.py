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
from tests.matching.deciding import FUND, Desk, ledger, proposed, submitted_offer


def test_registered_offer_is_open_and_wholly_free() -> None:
    desk = Desk()
    offer = desk.get(Offer, desk.offer(quantity=300, fund_id=FUND))
    assert (offer.state, offer.free, offer.reserved) == ("open", 300, 0)
    assert isinstance(desk.last(), OfferRegistered)


def test_same_message_twice_is_one_offer() -> None:
    desk = Desk()
    desk.offer("a")
    again = RegisterOffer(source="desk", message_id="a", offer=submitted_offer())
    answer = desk.command(again)
    assert answer is not None
    assert answer.status == 200
    assert desk.names() == ["OfferRegistered"]


def test_inbound_event_and_http_decide_alike() -> None:
    desk = Desk()
    desk.event("", submitted_offer(40))
    assert desk.get(Offer, build_offer_id("/test", "test:")).quantity == 40


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"valid_until": "2026-01-01T00:00:00Z"}, "valid_until"),
    ],
)
def test_offer_that_cannot_work_says_which_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Desk().offer(**more)
    assert [p.field for p in refused.value.problems] == [field]


def test_goods_may_come_from_a_funds_stock() -> None:
    desk = Desk()
    offer = desk.get(Offer, desk.offer(unit="袋", item="大米", fund_id=FUND))
    assert (offer.item, offer.fund_id) == ("大米", FUND)


def test_withdrawn_offer_is_proposed_no_more() -> None:
    desk = Desk()
    offer, need = desk.offer(), desk.need()
    desk.command(WithdrawOffer(offer_id=offer))
    answer = desk.command(proposed(need, offer, 10))
    assert answer is not None
    assert answer.status == 409


def test_partner_cannot_withdraw_the_offer_of_another() -> None:
    desk = Desk()
    answer = desk.command(WithdrawOffer(offer_id=desk.offer(), source="/partners/other"))
    assert answer is not None
    assert answer.status == 404


def test_withdrawal_releases_open_proposals_and_lets_committed_ones_stand() -> None:
    desk = Desk()
    offer = desk.offer(fund_id=FUND)
    open_one = desk.propose(desk.need("r1"), offer, 10)
    committed = desk.propose(desk.need("r2"), offer, 20)
    desk.command(AcceptMatch(match_id=committed))
    desk.event(committed, ledger(LedgerCommitted, 20))
    desk.command(WithdrawOffer(offer_id=offer))
    for id_ in (open_one, committed):
        desk.command(ReleaseMatch(match_id=id_))
    assert (desk.match(open_one).state, desk.match(committed).state) == ("released", "committed")
    assert desk.get(Offer, offer).reserved == 20
    assert desk.need_of(open_one).remaining == 50


def test_withdrawal_between_acceptance_and_the_answer_is_carried_out_after_it() -> None:
    desk = Desk()
    id_ = desk.accepted()
    desk.command(WithdrawOffer(offer_id=desk.match(id_).offer_id))
    desk.command(ReleaseMatch(match_id=id_))
    assert (desk.match(id_).state, desk.match(id_).kept) == ("accepted", "offer_withdrawn")
    desk.event(id_, ledger(LedgerCommitted, 50))
    fact = desk.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "offer_withdrawn"
    assert "MatchCommitted" not in desk.names()


def test_deadline_of_another_time_changes_nothing() -> None:
    desk = Desk()
    offer = desk.offer()
    desk.command(WithdrawOffer(offer_id=offer))
    due_at = desk.get(Offer, offer).due_at
    assert due_at is not None
    desk.command(OfferDue(aggregate_id=offer, due_at=due_at.replace(year=2020)))
    assert desk.get(Offer, offer).due_at == due_at
    desk.command(OfferDue(aggregate_id=offer, due_at=due_at))
    assert desk.get(Offer, offer).due_at is None


# --- changed by its donor -----------------------------------------------------------------------


def changed(desk: Desk, offer: str, **terms: Any) -> Answer:
    answer = desk.command(ChangeOffer(offer_id=offer, terms=OfferTerms.model_validate(terms)))
    assert answer is not None
    return answer


def test_only_what_is_named_changes() -> None:
    desk = Desk()
    offer = desk.offer(categories=["meals"], cap_per_request=20, name_shown=True)
    changed(desk, offer, quantity=300, town_codes=["441900101"], cap_per_request=None)
    now = desk.get(Offer, offer)
    assert (now.quantity, now.town_codes, now.cap_per_request) == (300, ("441900101",), None)
    assert (now.categories, now.name_shown) == (("meals",), True)
    fact = desk.last()
    assert isinstance(fact, OfferChanged)
    assert fact.quantity == 300


def test_the_same_terms_again_say_nothing() -> None:
    desk = Desk()
    offer = desk.offer()
    changed(desk, offer, quantity=300)
    assert changed(desk, offer, quantity=300).status == 200
    assert desk.names() == ["OfferRegistered", "OfferChanged"]


def test_quantity_never_falls_below_what_is_promised_or_given() -> None:
    desk = Desk()
    delivered = desk.delivered()
    offer = desk.match(delivered).offer_id
    desk.propose(desk.need("other"), offer, 20)
    with pytest.raises(Invalid) as refused:
        changed(desk, offer, quantity=69)
    assert [p.code for p in refused.value.problems] == ["quantity_promised"]
    changed(desk, offer, quantity=70)
    assert desk.get(Offer, offer).free == 0


def test_offer_that_is_over_is_renewed() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer(valid_until="2026-01-21T00:00:00Z")
    desk.later(2 * 86_400)
    answer = desk.command(proposed(need, offer, 10))
    assert answer is not None
    assert answer.status == 409
    with pytest.raises(Invalid):
        changed(desk, offer, valid_until="2026-01-22T00:00:00Z")
    changed(desk, offer, valid_until="2026-02-21T00:00:00Z")
    desk.propose(need, offer, 10)


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
    desk = Desk()
    with pytest.raises(Invalid) as registered:
        desk.offer("new", **more)
    with pytest.raises(Invalid) as refused:
        changed(desk, desk.offer("known"), **more)
    for raised in (registered, refused):
        assert [p.field for p in raised.value.problems] == [field]


def test_paused_offer_keeps_its_promises_and_goes_on_when_resumed() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer(fund_id=FUND)
    id_ = desk.propose(need, offer, 10)
    for _ in range(2):
        desk.command(PauseOffer(offer_id=offer))
    answer = desk.command(proposed(desk.need("other"), offer, 10))
    assert answer is not None
    assert answer.status == 409
    desk.command(AcceptMatch(match_id=id_))
    assert desk.match(id_).state == "accepted"
    desk.command(ResumeOffer(offer_id=offer))
    desk.propose(desk.need("third"), offer, 10)
    assert [n for n in desk.names() if n.startswith("Offer")] == [
        "OfferRegistered",
        "OfferPaused",
        "OfferResumed",
    ]


@pytest.mark.parametrize("command", [ChangeOffer, PauseOffer, ResumeOffer])
def test_offer_of_another_and_a_withdrawn_one_are_left_as_they_are(command: type[Any]) -> None:
    desk = Desk()
    offer = desk.offer()
    more = {"terms": OfferTerms(quantity=5)} if command is ChangeOffer else {}
    foreign = desk.command(command(offer_id=offer, source="/partners/other", **more))
    desk.command(WithdrawOffer(offer_id=offer, source="desk"))
    withdrawn = desk.command(command(offer_id=offer, source="desk", **more))
    assert foreign is not None
    assert withdrawn is not None
    assert (foreign.status, withdrawn.status) == (404, 409)
    assert desk.get(Offer, offer).state == "withdrawn"


def test_offer_before_its_time_is_not_proposed() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer(valid_from="2026-01-21T00:00:00Z")
    answer = desk.command(proposed(need, offer, 10))
    assert answer is not None
    assert answer.status == 409
    desk.later(86_400)
    desk.propose(need, offer, 10)


def test_no_more_cases_at_a_time_than_the_donor_wants() -> None:
    desk = Desk()
    offer = desk.offer(cases_max=2, fund_id=FUND)
    first = desk.propose(desk.need("r1"), offer, 10)
    desk.propose(desk.need("r2"), offer, 10)
    third = proposed(desk.need("r3"), offer, 10)
    answer = desk.command(third)
    assert answer is not None
    assert answer.body["problems"][0]["code"] == "cases_exceeded"
    desk.command(AcceptMatch(match_id=first))
    desk.event(first, ledger(LedgerCommitted, 10))
    desk.command(DeliverMatch(match_id=first))
    desk.propose(third.request_id, offer, 10)
