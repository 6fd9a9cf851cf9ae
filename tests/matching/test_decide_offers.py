"""Offers: registered once, refused with reasons, withdrawn without breaking a promise."""

from typing import Any

import pytest

from services.matching.model.match import AcceptMatch, ReleaseMatch
from services.matching.model.offer import Offer, OfferDue, RegisterOffer, WithdrawOffer, offer_id
from shared.contracts.events import LedgerCommitted, MatchReleased, OfferRegistered
from shared.errors import Invalid
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
    assert desk.get(Offer, offer_id("/test", "test:")).quantity == 40


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"unit": "袋", "item": "大米", "fund_id": FUND}, "fund_id"),
        ({"valid_until": "2026-01-01T00:00:00Z"}, "valid_until"),
    ],
)
def test_offer_that_cannot_work_says_which_field(more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Desk().offer(**more)
    assert [p.field for p in refused.value.problems] == [field]


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
