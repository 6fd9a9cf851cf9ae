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
from services.matching.solver.solve import MinCostFlow
from services.matching.store import PoolContext, build_open_need
from shared.contracts.events import (
    LedgerCommitted,
    MatchReleased,
    PersonJoined,
    PersonSeparated,
    ReplyUnderstood,
    RequestReopened,
    RequestWithdrawn,
)
from shared.contracts.values import Value
from shared.messaging.decision import Answer
from tests.matching.decisions import (
    FUND,
    DecisionHarness,
    make_campaign,
    make_ledger_answer,
    make_propose,
    person_id,
)
from tests.support.answers import code

PERSON = person_id("r")


def execute(decisions: DecisionHarness, data: Value, who: str = "maker") -> Answer:
    answer = decisions.command(data, principal=who)
    assert answer is not None
    return answer


def declare(decisions: DecisionHarness) -> Answer:
    return execute(decisions, DeclareRelation(fund_id=FUND, person_id=PERSON, tie="relative"))


def check(decisions: DecisionHarness, *, approve: bool, who: str = "checker") -> Answer:
    return execute(decisions, CheckRelation(fund_id=FUND, person_id=PERSON, approve=approve), who)


def withdraw(decisions: DecisionHarness) -> Answer:
    return execute(decisions, WithdrawRelation(fund_id=FUND, person_id=PERSON))


def state(decisions: DecisionHarness) -> str:
    relation = decisions.get(FundRelations, FUND).find(PERSON)
    return relation.state if relation else "none"


def test_declaration_is_approved_by_another_than_its_maker() -> None:
    decisions = DecisionHarness()
    assert declare(decisions).status == 201
    assert code(check(decisions, approve=True, who="maker")) == "checker_same"
    assert check(decisions, approve=True).body["state"] == "in_force"
    assert code(check(decisions, approve=True)) == "check_missing"


def test_declared_twice_is_declared_once() -> None:
    decisions = DecisionHarness()
    declare(decisions)
    assert declare(decisions).status == 200
    assert len(decisions.get(FundRelations, FUND).relations) == 1


def test_end_holds_only_when_another_approves_it() -> None:
    decisions = DecisionHarness()
    declare(decisions)
    assert code(withdraw(decisions)) == "relation_declared"
    check(decisions, approve=True)
    withdraw(decisions)
    assert state(decisions) == "leaving"
    assert code(declare(decisions)) == "relation_leaving"
    check(decisions, approve=False)
    assert state(decisions) == "in_force"
    withdraw(decisions)
    check(decisions, approve=True)
    assert state(decisions) == "none"
    assert code(withdraw(decisions)) == "relation_unknown"


def test_rejected_declaration_is_gone() -> None:
    decisions = DecisionHarness()
    declare(decisions)
    check(decisions, approve=False)
    assert state(decisions) == "none"
    decisions.propose(decisions.need(), decisions.offer(fund_id=FUND), 10)


@pytest.mark.parametrize("steps", [0, 1, 2], ids=["declared", "in_force", "leaving"])
def test_related_party_is_neither_proposed_nor_claimed_for(steps: int) -> None:
    decisions = DecisionHarness()
    need, offer = decisions.need(), decisions.offer(fund_id=FUND, mode="both")
    declare(decisions)
    if steps > 0:
        check(decisions, approve=True)
    if steps > 1:
        withdraw(decisions)
    assert code(decisions.command(make_propose(need, offer, 10))) == "related_party"
    claim = ClaimNeed(request_id=need, offer_id=offer, quantity=10)
    assert code(decisions.command(claim)) == "related_party"
    decisions.propose(need, decisions.offer("b", fund_id="fund-other"), 10)
    decisions.propose(decisions.need("somebody"), offer, 10)


def test_a_related_party_is_one_by_each_record_that_intake_joined_to_his() -> None:
    """A second phone, and the same ID number: two records of one person."""
    decisions = DecisionHarness()
    second = decisions.need("second")
    asking = decisions.get(Need, second).person_id
    offer = decisions.offer(fund_id=FUND, mode="both")
    declare(decisions)
    decisions.event(PERSON, PersonJoined(person_ids=(PERSON, asking)))
    assert code(decisions.command(make_propose(second, offer, 10))) == "related_party"
    decisions.event(asking, PersonSeparated(person_ids=(PERSON,)))
    decisions.propose(second, offer, 10)


def test_a_request_that_repeated_no_other_is_on_the_menu_again() -> None:
    decisions = DecisionHarness()
    need = decisions.need()
    decisions.event(need, RequestWithdrawn(person_id=PERSON))
    decisions.event(need, RequestReopened(person_id=PERSON, is_separated=True))
    assert decisions.get(Need, need).state == "open"


def test_proposal_from_before_the_declaration_falls_when_it_is_accepted() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(fund_id=FUND), 10)
    declare(decisions)
    assert code(decisions.command(AcceptMatch(match_id=id_))) == "related_party"
    fact = decisions.last()
    assert isinstance(fact, MatchReleased)
    assert (decisions.match(id_).state, decisions.match(id_).reason) == (
        "released",
        "related_party",
    )
    assert (decisions.offer_of(id_).free, decisions.need_of(id_).remaining) == (100, 50)


def test_what_was_committed_before_the_declaration_is_not_delivered() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(), decisions.offer(fund_id=FUND), 10)
    decisions.command(AcceptMatch(match_id=id_))
    decisions.event(id_, make_ledger_answer(LedgerCommitted, 10))
    declare(decisions)
    assert code(decisions.command(DeliverMatch(match_id=id_))) == "related_party"
    assert decisions.match(id_).state == "committed"


def by_command(decisions: DecisionHarness, id_: str) -> None:
    assert code(decisions.command(ConfirmMatch(match_id=id_))) == "related_party"


def by_reply(decisions: DecisionHarness, id_: str) -> None:
    said = ReplyUnderstood(person_id=PERSON, meaning="received", match_id=id_)
    decisions.event("reply-1", said)


@pytest.mark.parametrize("confirm", [by_command, by_reply])
def test_money_of_a_person_declared_after_delivery_is_released_and_not_paid(
    confirm: Callable[[DecisionHarness, str], None],
) -> None:
    decisions = DecisionHarness()
    id_ = decisions.make_delivered()
    declare(decisions)
    confirm(decisions, id_)
    fact = decisions.last()
    assert isinstance(fact, MatchReleased)
    assert fact.reason == "refused_by_fund"
    assert (decisions.match(id_).state, decisions.match(id_).reason) == (
        "released",
        "related_party",
    )
    offer, need = decisions.offer_of(id_), decisions.need_of(id_)
    assert (offer.free, offer.reserved, offer.delivered, offer.open_cases) == (100, 0, 0, 0)
    assert (need.remaining, need.excluded_funds) == (50, (FUND,))
    assert "MatchConfirmed" not in decisions.list_event_names()


def test_budget_of_a_campaign_has_again_what_is_not_paid_to_a_related_party() -> None:
    decisions = DecisionHarness()
    decisions.command(make_campaign(50, "P-donor"))
    id_ = decisions.propose(decisions.need(), decisions.offer(fund_id=FUND, campaign_id="warm"), 50)
    decisions.command(AcceptMatch(match_id=id_))
    decisions.event(id_, make_ledger_answer(LedgerCommitted, 50))
    decisions.command(DeliverMatch(match_id=id_))
    assert decisions.get(Campaign, "warm").remaining_fen == 0
    declare(decisions)
    by_command(decisions, id_)
    assert decisions.get(Campaign, "warm").remaining_fen == 50


def test_goods_in_the_hands_of_a_person_declared_since_are_confirmed() -> None:
    decisions = DecisionHarness()
    id_ = decisions.propose(decisions.need(unit="袋"), decisions.offer(unit="袋", fund_id=FUND), 50)
    decisions.command(AcceptMatch(match_id=id_))
    decisions.command(DeliverMatch(match_id=id_))
    declare(decisions)
    decisions.command(ConfirmMatch(match_id=id_))
    assert decisions.match(id_).state == "confirmed"


def test_round_leaves_related_parties_to_other_funds() -> None:
    decisions = DecisionHarness()
    need = decisions.get(Need, decisions.need())
    offers = [decisions.offer(fund, fund_id=fund) for fund in (FUND, "fund-other")]
    around = PoolContext(related={PERSON: (FUND,)})
    inputs = Inputs(
        (build_open_need(need, around),),
        tuple(decisions.get(Offer, id_).to_open() for id_ in offers),
    )
    assert [a.offer_id for a in MinCostFlow().decide(inputs).allocations] == [offers[1]]
