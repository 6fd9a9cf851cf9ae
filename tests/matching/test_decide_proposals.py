"""Proposals: never more than remains; accepted, declined, expired."""

from typing import Any

import pytest

from services.matching.model.match import (
    AcceptMatch,
    DeclineMatch,
    ProposalDue,
    Scope,
)
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import MatchDeclined, MatchProposed
from shared.errors import Invalid
from tests.matching.deciding import FUND, LIFETIME_S, NO_CAPACITY, Desk, proposed
from tests.support.answers import code


def test_proposal_reserves_of_the_offer_and_of_the_need() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(), desk.offer(), 30)
    assert (desk.offer_of(id_).reserved, desk.offer_of(id_).free) == (30, 70)
    assert desk.need_of(id_).remaining == 20
    fact = desk.last()
    assert isinstance(fact, MatchProposed)
    assert (fact.expires_at - desk.now).total_seconds() == LIFETIME_S


@pytest.mark.parametrize(
    ("offer", "need", "quantity", "obstacle"),
    [
        ({"quantity": 40}, {}, 50, "offer_exceeded"),
        ({}, {"quantity": 40}, 50, "need_exceeded"),
        ({"cap_per_request": 20}, {}, 30, "cap_exceeded"),
        ({"unit": "袋", "item": "大米"}, {}, 30, "unit_differs"),
    ],
)
def test_more_than_remains_is_refused(
    offer: dict[str, Any], need: dict[str, Any], quantity: int, obstacle: str
) -> None:
    desk = Desk()
    command = proposed(desk.need(**need), desk.offer(**offer), quantity)
    assert code(desk.command(command)) == obstacle


def test_second_match_of_a_pair_counts_towards_the_cap() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer(cap_per_request=30)
    desk.propose(need, offer, 20)
    assert code(desk.command(proposed(need, offer, 11, number=2))) == "cap_exceeded"
    desk.propose(need, offer, 10, number=2)


def test_same_allocation_again_is_refused() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer()
    desk.propose(need, offer, 10)
    assert code(desk.command(proposed(need, offer, 10))) == "number_taken"


def test_proposal_about_nothing_known_is_refused() -> None:
    desk = Desk()
    assert code(desk.command(proposed("R-1", "O-1", 10))) == "unknown"


def test_goods_stand_as_soon_as_they_are_accepted() -> None:
    desk = Desk()
    offer = desk.offer(unit="袋", item="大米", quantity=5)
    id_ = desk.propose(desk.need(unit="袋", item="大米", quantity=2), offer, 2)
    desk.command(AcceptMatch(match_id=id_))
    assert desk.match(id_).state == "committed"
    assert desk.names()[-2:] == ["MatchAccepted", "MatchCommitted"]


def test_money_waits_for_the_fund() -> None:
    desk = Desk()
    id_ = desk.accepted()
    assert desk.match(id_).state == "accepted"
    assert desk.names()[-1] == "MatchAccepted"


def test_acceptance_after_the_deadline_is_refused() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(), desk.offer(fund_id=FUND), 30)
    desk.later(LIFETIME_S)
    assert code(desk.command(AcceptMatch(match_id=id_))) == "match_expired"


def test_declined_pair_is_not_asked_again_for_that_need() -> None:
    desk = Desk()
    offer = desk.offer()
    id_ = desk.propose(desk.need(), offer, 30)
    desk.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    fact = desk.last()
    assert isinstance(fact, MatchDeclined)
    assert fact.reason == NO_CAPACITY
    assert (desk.offer_of(id_).free, desk.need_of(id_).remaining) == (100, 50)
    again = proposed(desk.match(id_).request_id, offer, 30, number=2)
    assert code(desk.command(again)) == "donor_excluded"
    desk.propose(desk.need("other"), offer, 30)


def test_donor_who_declines_keeps_no_other_proposal_for_that_request() -> None:
    desk = Desk()
    need, offers = desk.need(), [desk.offer(n) for n in "abc"]
    others = desk.offer("d", donor_id="P-other")
    first, second = (desk.propose(need, offers[n], 10, number=n + 1) for n in (0, 1))
    stays = desk.propose(need, others, 10, number=3)
    accepted = desk.propose(need, offers[2], 10, number=4)
    elsewhere = desk.propose(desk.need("another"), offers[0], 10)
    desk.command(AcceptMatch(match_id=accepted))
    desk.command(DeclineMatch(match_id=first, reason=NO_CAPACITY))
    assert [desk.match(m).state for m in (first, second)] == ["declined", "declined"]
    assert [desk.match(m).reason for m in (first, second)] == [NO_CAPACITY] * 2
    assert desk.match(stays).state == desk.match(elsewhere).state == "proposed"
    assert desk.match(accepted).state == "accepted", "what he promised, he promised"
    assert desk.get(Need, need).remaining == 50 - 20
    assert [desk.get(Offer, offer).reserved for offer in offers] == [10, 0, 10]
    assert desk.names()[-2:] == ["MatchDeclined", "MatchDeclined"]


def test_two_proposals_of_one_offer_are_declined_together() -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer()
    first, second = (desk.propose(need, offer, 10, number=n) for n in (1, 2))
    desk.command(DeclineMatch(match_id=second, reason=NO_CAPACITY))
    assert desk.match(first).state == "declined"
    assert (desk.get(Offer, offer).free, desk.get(Need, need).remaining) == (100, 50)


@pytest.mark.parametrize("answered", [True, False])
def test_donor_who_gave_no_is_not_asked_again_through_another_offer(answered: bool) -> None:
    desk = Desk()
    need, mine, more = desk.need(), desk.offer("a"), desk.offer("b")
    others = desk.offer("c", donor_id="P-other")
    id_ = desk.propose(need, mine, 30)
    if answered:
        desk.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    else:
        desk.later(LIFETIME_S)
        desk.command(ProposalDue(aggregate_id=id_, due_at=desk.match(id_).expires_at))
    assert code(desk.command(proposed(need, more, 30, number=2))) == "donor_excluded"
    desk.propose(need, others, 30, number=2)
    desk.propose(desk.need("another"), more, 30)


def test_unanswered_proposal_expires_and_frees_both_sides() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(), desk.offer(), 30)
    due = ProposalDue(aggregate_id=id_, due_at=desk.match(id_).expires_at)
    desk.later(LIFETIME_S)
    desk.command(due)
    assert desk.match(id_).state == "expired"
    assert (desk.offer_of(id_).free, desk.need_of(id_).remaining) == (100, 50)
    assert desk.need_of(id_).excluded_donors == (desk.match(id_).donor_id,)
    before = len(desk.facts)
    desk.command(due)
    assert len(desk.facts) == before


def test_accepted_money_does_not_expire() -> None:
    desk = Desk()
    id_ = desk.accepted()
    desk.later(LIFETIME_S)
    desk.command(ProposalDue(aggregate_id=id_, due_at=desk.match(id_).expires_at))
    assert desk.match(id_).state == "accepted"


@pytest.mark.parametrize(
    "scope", [Scope(area="441900102"), Scope(source="/partners/other"), Scope(area="441900101002")]
)
def test_what_the_caller_may_not_see_is_unknown_to_him(scope: Scope) -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(), desk.offer(), 30)
    assert code(desk.command(AcceptMatch(match_id=id_, scope=scope))) == "match_unknown"
    assert code(desk.command(DeclineMatch(match_id=id_, scope=scope, reason=NO_CAPACITY))) == (
        "match_unknown"
    )


def test_match_id_that_is_none_is_invalid() -> None:
    with pytest.raises(Invalid):
        Desk().command(AcceptMatch(match_id="M-1"))
