"""Proposals: never more than remains; accepted, declined, expired."""

from datetime import timedelta
from typing import Any

import pytest

from services.matching.model.match import (
    AcceptMatch,
    ClaimNeed,
    DeclineMatch,
    ProposalDue,
)
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import MatchDeclined, MatchProposed, MatchReminded
from shared.errors import Invalid
from shared.scope import Scope
from tests.matching.decisions import (
    FUND,
    LIFETIME_S,
    NO_CAPACITY,
    NOW,
    DecisionHarness,
    make_propose,
)
from tests.support.answers import code


def test_proposal_reserves_of_the_offer_and_of_the_need() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(), 30)
    assert (decisions.offer_of(id_).reserved, decisions.offer_of(id_).free) == (30, 70)
    assert decisions.need_of(id_).remaining == 20
    fact = decisions.last()
    assert isinstance(fact, MatchProposed)
    assert (fact.expires_at - decisions.now).total_seconds() == LIFETIME_S


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
    decisions = DecisionHarness()
    command = make_propose(decisions.need(**need), decisions.offer(**offer), quantity)
    assert code(decisions.command(command)) == obstacle


def test_second_match_of_a_pair_counts_towards_the_cap() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(cap_per_request=30)
    decisions.propose(need, offer, 20)
    assert code(decisions.command(make_propose(need, offer, 11, number=2))) == "cap_exceeded"
    decisions.propose(need, offer, 10, number=2)


def test_same_allocation_again_is_refused() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer()
    decisions.propose(need, offer, 10)
    assert code(decisions.command(make_propose(need, offer, 10))) == "number_taken"


def test_proposal_about_nothing_known_is_refused() -> None:
    decisions = DecisionHarness()
    assert code(decisions.command(make_propose("R-1", "O-1", 10))) == "pair_unknown"


def test_goods_stand_as_soon_as_they_are_accepted() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer(unit="袋", item="大米", quantity=5)
    id_ = decisions.propose(decisions.need(unit="袋", item="大米", quantity=2), offer, 2)
    decisions.command(AcceptMatch(match_id=id_))
    assert decisions.match(id_).state == "committed"
    assert decisions.list_event_names()[-2:] == ["MatchAccepted", "MatchCommitted"]


def test_money_waits_for_the_fund() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    assert decisions.match(id_).state == "accepted"
    assert decisions.list_event_names()[-1] == "MatchAccepted"


def test_acceptance_after_the_deadline_is_refused() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(fund_id=FUND), 30)
    decisions.advance(LIFETIME_S)
    assert code(decisions.command(AcceptMatch(match_id=id_))) == "match_expired"


def test_declined_pair_is_not_asked_again_for_that_need() -> None:
    decisions = DecisionHarness()
    offer = decisions.offer()
    id_ = decisions.propose(decisions.need(), offer, 30)
    decisions.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    fact = decisions.last()
    assert isinstance(fact, MatchDeclined)
    assert fact.reason == NO_CAPACITY
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (100, 50)
    again = make_propose(decisions.match(id_).request_id, offer, 30, number=2)
    assert code(decisions.command(again)) == "donor_excluded"
    decisions.propose(decisions.need("other"), offer, 30)


def test_donor_who_declines_keeps_no_other_proposal_for_that_request() -> None:
    decisions = DecisionHarness()
    need, offers = decisions.need(), [decisions.offer(n) for n in "abc"]
    others = decisions.offer("d", donor_id="P-other")
    first, second = (decisions.propose(need, offers[n], 10, number=n + 1) for n in (0, 1))
    stays = decisions.propose(need, others, 10, number=3)
    accepted = decisions.propose(need, offers[2], 10, number=4)
    elsewhere = decisions.propose(decisions.need("another"), offers[0], 10)
    decisions.command(AcceptMatch(match_id=accepted))
    decisions.command(DeclineMatch(match_id=first, reason=NO_CAPACITY))
    assert [decisions.match(m).state for m in (first, second)] == ["declined", "declined"]
    assert [decisions.match(m).reason for m in (first, second)] == [NO_CAPACITY] * 2
    assert decisions.match(stays).state == decisions.match(elsewhere).state == "proposed"
    assert decisions.match(accepted).state == "accepted", "what he promised, he promised"
    assert decisions.get(Need, need).remaining == 50 - 20
    assert [decisions.get(Offer, offer).reserved for offer in offers] == [10, 0, 10]
    assert decisions.list_event_names()[-2:] == ["MatchDeclined", "MatchDeclined"]


def test_two_proposals_of_one_offer_are_declined_together() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer()
    first, second = (decisions.propose(need, offer, 10, number=n) for n in (1, 2))
    decisions.command(DeclineMatch(match_id=second, reason=NO_CAPACITY))
    assert decisions.match(first).state == "declined"
    assert (decisions.get(Offer, offer).free, decisions.get(Need, need).remaining) == (100, 50)


def test_donor_who_said_no_is_not_asked_again_through_another_offer() -> None:
    decisions = DecisionHarness()
    need, mine, more = decisions.need(), decisions.offer("a"), decisions.offer("b")
    others = decisions.offer("c", donor_id="P-other")
    id_ = decisions.propose(need, mine, 30)
    decisions.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    assert code(decisions.command(make_propose(need, more, 30, number=2))) == "donor_excluded"
    decisions.propose(need, others, 30, number=2)
    decisions.propose(decisions.need("another"), more, 30)


def test_unanswered_proposal_expires_and_frees_both_sides() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(), 30)
    due = ProposalDue(aggregate_id=id_, due_at=decisions.match(id_).expires_at)
    decisions.advance(LIFETIME_S)
    decisions.command(due)
    assert decisions.match(id_).state == "expired"
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (100, 50)
    assert decisions.need_of(id_).excluded_donors == ()
    assert decisions.need_of(id_).list_silent_donors(NOW) == (decisions.match(id_).donor_id,)
    before = len(decisions.facts)
    decisions.command(due)
    assert len(decisions.facts) == before


def test_donor_who_was_silent_is_asked_again_and_may_claim_by_himself() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(mode="both")
    id_ = decisions.propose(need, offer, 30)
    decisions.advance(LIFETIME_S)
    decisions.command(ProposalDue(aggregate_id=id_, due_at=decisions.match(id_).expires_at))
    claimed = decisions.command(ClaimNeed(request_id=need, offer_id=offer, quantity=20))
    assert claimed is not None
    assert claimed.status == 201, "no 捐赠方已婉拒 on his own claim"
    decisions.propose(need, offer, 30, number=3)


def test_donor_is_reminded_once_before_the_proposal_runs_out() -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer()
    propose = make_propose(need, offer, 30).model_copy(update={"reminder_s": 600})
    id_ = build_match_id(need, offer, 1)
    decisions.command(propose)
    remind_at = decisions.match(id_).due_at
    assert remind_at == decisions.match(id_).expires_at - timedelta(minutes=10)
    decisions.advance(LIFETIME_S - 600)
    for _ in range(2):
        decisions.command(ProposalDue(aggregate_id=id_, due_at=remind_at))
    reminders = [fact for _, fact in decisions.facts if isinstance(fact, MatchReminded)]
    assert [fact.expires_at for fact in reminders] == [decisions.match(id_).expires_at]
    assert decisions.match(id_).state == "proposed"
    decisions.advance(600)
    decisions.command(ProposalDue(aggregate_id=id_, due_at=decisions.match(id_).due_at))
    assert decisions.match(id_).state == "expired"


def test_reminder_that_comes_too_late_is_none() -> None:
    """No instance ran: it is over."""
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer()
    propose = make_propose(need, offer, 30).model_copy(update={"reminder_s": 600})
    id_ = build_match_id(need, offer, 1)
    decisions.command(propose)
    decisions.advance(LIFETIME_S)
    decisions.command(ProposalDue(aggregate_id=id_, due_at=decisions.match(id_).due_at))
    assert decisions.match(id_).state == "expired"


def test_accepted_money_does_not_expire() -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_accepted()
    decisions.advance(LIFETIME_S)
    decisions.command(ProposalDue(aggregate_id=id_, due_at=decisions.match(id_).expires_at))
    assert decisions.match(id_).state == "accepted"


@pytest.mark.parametrize(
    "scope", [Scope(area="441900102"), Scope(source="/partners/other"), Scope(area="441900101002")]
)
def test_what_the_caller_may_not_see_is_unknown_to_him(scope: Scope) -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(), 30)
    assert code(decisions.command(AcceptMatch(match_id=id_, scope=scope))) == "match_unknown"
    assert code(decisions.command(DeclineMatch(match_id=id_, scope=scope, reason=NO_CAPACITY))) == (
        "match_unknown"
    )


def test_match_id_that_is_none_is_invalid() -> None:
    with pytest.raises(Invalid):
        DecisionHarness().command(AcceptMatch(match_id="M-1"))
