"""Related parties (利害关系人): declared by one, checked by another, never paid by their fund."""

from collections.abc import Callable

import pytest

from services.matching.model.campaign import Campaign
from services.matching.model.match import AcceptMatch, ClaimNeed, ConfirmMatch, DeliverMatch
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import (
    CheckRelation,
    DeclareRelation,
    FundRelations,
    WithdrawRelation,
)
from services.matching.solver.interface import Inputs
from services.matching.solver.min_cost_flow import MinCostFlow
from services.matching.store import PoolContext, build_open_need
from shared.contracts.events import LedgerCommitted, MatchReleased, ReplyUnderstood
from shared.contracts.values import Value
from shared.messaging.decision import Answer
from tests.matching.deciding import FUND, Desk, ledger, person_id, proposed, warm
from tests.support.answers import code

PERSON = person_id("r")


def asked(desk: Desk, data: Value, who: str = "maker") -> Answer:
    answer = desk.command(data, principal=who)
    assert answer is not None
    return answer


def declare(desk: Desk) -> Answer:
    return asked(desk, DeclareRelation(fund_id=FUND, person_id=PERSON, tie="relative"))


def check(desk: Desk, *, approve: bool, who: str = "checker") -> Answer:
    return asked(desk, CheckRelation(fund_id=FUND, person_id=PERSON, approve=approve), who)


def withdraw(desk: Desk) -> Answer:
    return asked(desk, WithdrawRelation(fund_id=FUND, person_id=PERSON))


def state(desk: Desk) -> str:
    relation = desk.get(FundRelations, FUND).find(PERSON)
    return relation.state if relation else "none"


def test_declaration_is_approved_by_another_than_its_maker() -> None:
    desk = Desk()
    assert declare(desk).status == 201
    assert code(check(desk, approve=True, who="maker")) == "same_person"
    assert check(desk, approve=True).body["state"] == "in_force"
    assert code(check(desk, approve=True)) == "nothing_to_check"


def test_declared_twice_is_declared_once() -> None:
    desk = Desk()
    declare(desk)
    assert declare(desk).status == 200
    assert len(desk.get(FundRelations, FUND).relations) == 1


def test_end_holds_only_when_another_approves_it() -> None:
    desk = Desk()
    declare(desk)
    assert code(withdraw(desk)) == "relation_declared"
    check(desk, approve=True)
    withdraw(desk)
    assert state(desk) == "leaving"
    assert code(declare(desk)) == "relation_leaving"
    check(desk, approve=False)
    assert state(desk) == "in_force"
    withdraw(desk)
    check(desk, approve=True)
    assert state(desk) == "none"
    assert code(withdraw(desk)) == "relation_unknown"


def test_rejected_declaration_is_gone() -> None:
    desk = Desk()
    declare(desk)
    check(desk, approve=False)
    assert state(desk) == "none"
    desk.propose(desk.need(), desk.offer(fund_id=FUND), 10)


@pytest.mark.parametrize("steps", [0, 1, 2], ids=["declared", "in_force", "leaving"])
def test_related_party_is_neither_proposed_nor_claimed_for(steps: int) -> None:
    desk = Desk()
    need, offer = desk.need(), desk.offer(fund_id=FUND, mode="both")
    declare(desk)
    if steps > 0:
        check(desk, approve=True)
    if steps > 1:
        withdraw(desk)
    assert code(desk.command(proposed(need, offer, 10))) == "related_party"
    claim = ClaimNeed(request_id=need, offer_id=offer, quantity=10)
    assert code(desk.command(claim)) == "related_party"
    desk.propose(need, desk.offer("b", fund_id="fund-other"), 10)
    desk.propose(desk.need("somebody"), offer, 10)


def test_proposal_from_before_the_declaration_falls_when_it_is_accepted() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(), desk.offer(fund_id=FUND), 10)
    declare(desk)
    assert code(desk.command(AcceptMatch(match_id=id_))) == "related_party"
    fact = desk.last()
    assert isinstance(fact, MatchReleased)
    assert (desk.match(id_).state, desk.match(id_).reason) == ("released", "related_party")
    assert (desk.offer_of(id_).free, desk.need_of(id_).remaining) == (100, 50)


def test_what_was_committed_before_the_declaration_is_not_delivered() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(), desk.offer(fund_id=FUND), 10)
    desk.command(AcceptMatch(match_id=id_))
    desk.event(id_, ledger(LedgerCommitted, 10))
    declare(desk)
    assert code(desk.command(DeliverMatch(match_id=id_))) == "related_party"
    assert desk.match(id_).state == "committed"


def by_command(desk: Desk, id_: str) -> None:
    assert code(desk.command(ConfirmMatch(match_id=id_))) == "related_party"


def by_reply(desk: Desk, id_: str) -> None:
    said = ReplyUnderstood(person_id=PERSON, meaning="received", match_id=id_)
    desk.event("reply-1", said)


@pytest.mark.parametrize("confirm", [by_command, by_reply])
def test_money_of_a_person_declared_after_delivery_is_released_and_not_paid(
    confirm: Callable[[Desk, str], None],
) -> None:
    desk = Desk()
    id_ = desk.delivered()
    declare(desk)
    confirm(desk, id_)
    fact = desk.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "refused_by_fund"
    assert (desk.match(id_).state, desk.match(id_).reason) == ("released", "related_party")
    offer, need = desk.offer_of(id_), desk.need_of(id_)
    assert (offer.free, offer.reserved, offer.delivered, offer.open_cases) == (100, 0, 0, 0)
    assert (need.remaining, need.excluded_funds) == (50, (FUND,))
    assert "MatchConfirmed" not in desk.names()


def test_budget_of_a_campaign_has_again_what_is_not_paid_to_a_related_party() -> None:
    desk = Desk()
    desk.command(warm(50, "P-donor"))
    id_ = desk.propose(desk.need(), desk.offer(fund_id=FUND, campaign_id="warm"), 50)
    desk.command(AcceptMatch(match_id=id_))
    desk.event(id_, ledger(LedgerCommitted, 50))
    desk.command(DeliverMatch(match_id=id_))
    assert desk.get(Campaign, "warm").remaining_fen == 0
    declare(desk)
    by_command(desk, id_)
    assert desk.get(Campaign, "warm").remaining_fen == 50


def test_goods_in_the_hands_of_a_person_declared_since_are_confirmed() -> None:
    desk = Desk()
    id_ = desk.propose(desk.need(unit="袋"), desk.offer(unit="袋", fund_id=FUND), 50)
    desk.command(AcceptMatch(match_id=id_))
    desk.command(DeliverMatch(match_id=id_))
    declare(desk)
    desk.command(ConfirmMatch(match_id=id_))
    assert desk.match(id_).state == "confirmed"


def test_round_leaves_related_parties_to_other_funds() -> None:
    desk = Desk()
    need = desk.get(Need, desk.need())
    offers = [desk.offer(fund, fund_id=fund) for fund in (FUND, "fund-other")]
    around = PoolContext(related={PERSON: (FUND,)})
    inputs = Inputs(
        (build_open_need(need, around),),
        tuple(desk.get(Offer, id_).to_open() for id_ in offers),
    )
    assert [a.offer_id for a in MinCostFlow().decide(inputs).allocations] == [offers[1]]
