"""Campaigns: their offers serve their requests, in their period, within their budget."""

from datetime import timedelta
from typing import Any

import pytest

from services.matching.model.campaign import (
    Campaign,
    CampaignTerms,
    CreateCampaign,
    EndCampaign,
    JoinDonors,
    JoinRequests,
)
from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    DeclineMatch,
    DeliverMatch,
    GiveUpMatch,
    ProposalDue,
    ReleaseMatch,
    ReopenMatch,
)
from services.matching.model.need import Need
from services.matching.model.offer import WithdrawOffer
from shared.contracts.events import LedgerCommitted, LedgerRefused
from shared.errors import Invalid
from tests.matching.decisions import (
    FUND,
    LIFETIME_S,
    NO_CAPACITY,
    NOW,
    DecisionHarness,
    make_ledger_answer,
    make_propose,
)
from tests.support.answers import code

WARM = "warm-2026"
DAY = timedelta(days=1)


def terms(**changed: Any) -> CampaignTerms:
    fields: dict[str, Any] = {
        "name": "暖“留”行动",
        "starts_at": NOW - DAY,
        "ends_at": NOW + 10 * DAY,
        "budget_fen": 80,
        "criteria": {"beneficiary_classes": ["subsistence"]},
        "donor_ids": ["P-donor"],
    }
    return CampaignTerms.model_validate(fields | changed)


def make_running_campaign(**changed: Any) -> DecisionHarness:
    decisions = DecisionHarness()
    answer = decisions.command(
        CreateCampaign(campaign_id=WARM, terms=terms(**changed)), principal="city"
    )
    assert answer is not None
    assert answer.status == 201
    return decisions


def campaign(decisions: DecisionHarness) -> Campaign:
    return decisions.get(Campaign, WARM)


def propose_refused(decisions: DecisionHarness, quantity: int = 50, **offer: Any) -> str:
    offer_id = decisions.offer("a", campaign_id=WARM, fund_id=FUND, **offer)
    return code(decisions.command(make_propose(decisions.need(), offer_id, quantity)))


def propose_match(decisions: DecisionHarness) -> str:
    offer = decisions.offer("b", campaign_id=WARM, fund_id=FUND, quantity=1000)
    return decisions.propose(decisions.need(), offer, 50)


def confirm_match(decisions: DecisionHarness) -> str:
    id_ = propose_match(decisions)
    decisions.command(AcceptMatch(match_id=id_))
    decisions.event(id_, make_ledger_answer(LedgerCommitted, 50))
    decisions.command(DeliverMatch(match_id=id_))
    decisions.command(ConfirmMatch(match_id=id_))
    return id_


def test_proposal_holds_its_money_within_the_budget() -> None:
    decisions = make_running_campaign()
    id_ = propose_match(decisions)
    assert (campaign(decisions).held_fen, campaign(decisions).remaining_fen) == (50, 30)
    assert decisions.match(id_).campaign_id == WARM
    offer = decisions.match(id_).offer_id
    another = decisions.need("other")
    assert code(decisions.command(make_propose(another, offer, 31))) == "budget_exceeded"
    decisions.propose(another, offer, 30)
    assert campaign(decisions).remaining_fen == 0


def test_goods_take_nothing_of_the_budget() -> None:
    decisions = make_running_campaign()
    offer = decisions.offer("a", campaign_id=WARM, unit="袋", quantity=500)
    id_ = decisions.propose(decisions.need(unit="袋", quantity=200), offer, 200)
    assert campaign(decisions).held_fen == 0
    decisions.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    assert campaign(decisions).held_fen == 0


def test_offer_of_a_campaign_that_is_not_there_serves_nothing() -> None:
    assert propose_refused(DecisionHarness()) == "campaign_unknown"


def test_offer_of_a_campaign_serves_in_its_period_alone() -> None:
    assert propose_refused(make_running_campaign(starts_at=NOW + DAY)) == "campaign_not_on"
    decisions = make_running_campaign()
    decisions.now += 10 * DAY
    assert propose_refused(decisions) == "campaign_not_on"


def test_only_donors_who_joined_give_in_it() -> None:
    decisions = make_running_campaign(donor_ids=[])
    assert propose_refused(decisions) == "donor_not_in_campaign"
    decisions.command(JoinDonors(campaign_id=WARM, donor_ids=("P-donor", "P-other", "P-donor")))
    assert campaign(decisions).donor_ids == ("P-donor", "P-other")
    propose_match(decisions)


@pytest.mark.parametrize(
    "criteria",
    [
        {"beneficiary_classes": ["child"]},
        {"categories": ["meals"]},
        {"town_codes": ["441900102"]},
        None,
    ],
)
def test_other_requests_are_not_served_unless_they_are_joined(criteria: Any) -> None:
    decisions = make_running_campaign(criteria=criteria)
    assert propose_refused(decisions) == "need_not_in_campaign"
    joined = decisions.command(JoinRequests(campaign_id=WARM, request_ids=(decisions.need(),)))
    assert joined is not None
    assert (joined.status, joined.body["requests"]) == (200, 1)
    propose_match(decisions)


def test_request_recorded_before_the_campaign_is_not_in_it_of_itself() -> None:
    decisions = make_running_campaign(starts_at=NOW, ends_at=NOW + DAY)
    need = decisions.get(Need, decisions.need())
    assert campaign(decisions).covers(need)
    assert not campaign(decisions).covers(need.model_copy(update={"recorded_at": NOW - DAY}))
    assert not campaign(decisions).covers(need.model_copy(update={"recorded_at": NOW + DAY}))


def test_requests_join_all_or_none() -> None:
    decisions = make_running_campaign(criteria=None)
    known = decisions.need()
    answer = decisions.command(JoinRequests(campaign_id=WARM, request_ids=(known, "R-unknown")))
    assert code(answer) == "request_not_open"
    assert answer is not None
    assert answer.body["request_ids"] == ["R-unknown"]
    assert decisions.get(Need, known).campaigns == ()


def test_whatever_frees_a_match_frees_its_budget() -> None:
    def decline(decisions: DecisionHarness, id_: str) -> None:
        decisions.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))

    def expire(decisions: DecisionHarness, id_: str) -> None:
        decisions.advance(LIFETIME_S)
        decisions.command(ProposalDue(aggregate_id=id_, due_at=decisions.match(id_).expires_at))

    def refuse_by_fund(decisions: DecisionHarness, id_: str) -> None:
        decisions.command(AcceptMatch(match_id=id_))
        decisions.event(id_, make_ledger_answer(LedgerRefused, 50))

    def offer_withdrawn(decisions: DecisionHarness, id_: str) -> None:
        decisions.command(WithdrawOffer(offer_id=decisions.match(id_).offer_id))
        decisions.command(ReleaseMatch(match_id=id_))

    def request_withdrawn(decisions: DecisionHarness, id_: str) -> None:
        decisions.withdraw_request()

    def withdrawn_before_the_answer(decisions: DecisionHarness, id_: str) -> None:
        decisions.command(AcceptMatch(match_id=id_))
        decisions.withdraw_request()
        assert campaign(decisions).held_fen == 50
        decisions.event(id_, make_ledger_answer(LedgerCommitted, 50))

    def give_up(decisions: DecisionHarness, id_: str) -> None:
        decisions.command(AcceptMatch(match_id=id_))
        decisions.event(id_, make_ledger_answer(LedgerCommitted, 50))
        decisions.command(GiveUpMatch(match_id=id_))

    for frees in (
        decline,
        expire,
        refuse_by_fund,
        offer_withdrawn,
        request_withdrawn,
        withdrawn_before_the_answer,
        give_up,
    ):
        decisions = make_running_campaign()
        id_ = propose_match(decisions)
        frees(decisions, id_)
        assert campaign(decisions).held_fen == 0, frees.__name__
        assert decisions.need_of(id_).paid_by == {}, frees.__name__


def test_money_that_was_paid_stays_spent_though_its_request_reopens() -> None:
    decisions = make_running_campaign()
    id_ = confirm_match(decisions)
    decisions.command(ReopenMatch(match_id=id_, reason=REOPEN_REASONS[0]))
    assert decisions.match(id_).state == "reopened"
    assert campaign(decisions).held_fen == 50
    assert decisions.need_of(id_).paid_by == {}


def test_ended_campaign_takes_nothing_new_and_keeps_what_stands() -> None:
    decisions = make_running_campaign()
    id_ = propose_match(decisions)
    decisions.command(EndCampaign(campaign_id=WARM))
    again = make_propose(decisions.need("other"), decisions.match(id_).offer_id, 10)
    assert code(decisions.command(again)) == "campaign_not_on"
    assert (
        code(decisions.command(JoinDonors(campaign_id=WARM, donor_ids=("P-x",)))) == "campaign_over"
    )
    decisions.command(AcceptMatch(match_id=id_))
    assert decisions.match(id_).state == "accepted"


def test_campaign_is_created_once() -> None:
    decisions = make_running_campaign()
    again = decisions.command(CreateCampaign(campaign_id=WARM, terms=terms(budget_fen=1)))
    assert code(again) == "campaign_exists"
    assert campaign(decisions).budget_fen == 80
    assert campaign(decisions).created_by == "city"


@pytest.mark.parametrize(
    "period",
    [
        {"starts_at": NOW, "ends_at": NOW},
        {"starts_at": NOW - 2 * DAY, "ends_at": NOW - DAY},
    ],
)
def test_campaign_without_a_period_to_come_is_invalid(period: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        make_running_campaign(**period)


@pytest.mark.parametrize(
    "command",
    [
        JoinDonors(campaign_id="none", donor_ids=("P-x",)),
        JoinRequests(campaign_id="none", request_ids=("R-x",)),
        EndCampaign(campaign_id="none"),
    ],
)
def test_unknown_campaign_is_said_to_be_unknown(command: Any) -> None:
    assert code(DecisionHarness().command(command)) == "campaign_unknown"
