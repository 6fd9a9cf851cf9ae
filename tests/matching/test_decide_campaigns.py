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
from services.matching.model.match import (
    REOPEN_REASONS,
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
from tests.matching.deciding import FUND, LIFETIME_S, NO_CAPACITY, NOW, Desk, ledger, proposed
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


def created(**changed: Any) -> Desk:
    desk = Desk()
    answer = desk.command(
        CreateCampaign(campaign_id=WARM, terms=terms(**changed)), principal="city"
    )
    assert answer is not None
    assert answer.status == 201
    return desk


def campaign(desk: Desk) -> Campaign:
    return desk.get(Campaign, WARM)


def refused(desk: Desk, quantity: int = 50, **offer: Any) -> str:
    made = desk.offer("a", campaign_id=WARM, fund_id=FUND, **offer)
    return code(desk.command(proposed(desk.need(), made, quantity)))


def match_of(desk: Desk) -> str:
    offer = desk.offer("b", campaign_id=WARM, fund_id=FUND, quantity=1000)
    return desk.propose(desk.need(), offer, 50)


def confirmed(desk: Desk) -> str:
    id_ = match_of(desk)
    desk.command(AcceptMatch(match_id=id_))
    desk.event(id_, ledger(LedgerCommitted, 50))
    desk.command(DeliverMatch(match_id=id_))
    desk.command(ConfirmMatch(match_id=id_))
    return id_


def test_proposal_holds_its_money_within_the_budget() -> None:
    desk = created()
    id_ = match_of(desk)
    assert (campaign(desk).held_fen, campaign(desk).remaining_fen) == (50, 30)
    assert desk.match(id_).campaign_id == WARM
    offer = desk.match(id_).offer_id
    another = desk.need("other")
    assert code(desk.command(proposed(another, offer, 31))) == "campaign_budget"
    desk.propose(another, offer, 30)
    assert campaign(desk).remaining_fen == 0


def test_goods_take_nothing_of_the_budget() -> None:
    desk = created()
    offer = desk.offer("a", campaign_id=WARM, unit="袋", quantity=500)
    id_ = desk.propose(desk.need(unit="袋", quantity=200), offer, 200)
    assert campaign(desk).held_fen == 0
    desk.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))
    assert campaign(desk).held_fen == 0


def test_offer_of_a_campaign_that_is_not_there_serves_nothing() -> None:
    assert refused(Desk()) == "campaign_unknown"


def test_offer_of_a_campaign_serves_in_its_period_alone() -> None:
    assert refused(created(starts_at=NOW + DAY)) == "campaign_not_on"
    desk = created()
    desk.now += 10 * DAY
    assert refused(desk) == "campaign_not_on"


def test_only_donors_who_joined_give_in_it() -> None:
    desk = created(donor_ids=[])
    assert refused(desk) == "donor_not_in_campaign"
    desk.command(JoinDonors(campaign_id=WARM, donor_ids=("P-donor", "P-other", "P-donor")))
    assert campaign(desk).donor_ids == ("P-donor", "P-other")
    match_of(desk)


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
    desk = created(criteria=criteria)
    assert refused(desk) == "need_not_in_campaign"
    joined = desk.command(JoinRequests(campaign_id=WARM, request_ids=(desk.need(),)))
    assert joined is not None
    assert (joined.status, joined.body["requests"]) == (200, 1)
    match_of(desk)


def test_request_recorded_before_the_campaign_is_not_in_it_of_itself() -> None:
    desk = created(starts_at=NOW, ends_at=NOW + DAY)
    need = desk.get(Need, desk.need())
    assert campaign(desk).covers(need)
    assert not campaign(desk).covers(need.model_copy(update={"recorded_at": NOW - DAY}))
    assert not campaign(desk).covers(need.model_copy(update={"recorded_at": NOW + DAY}))


def test_requests_join_all_or_none() -> None:
    desk = created(criteria=None)
    known = desk.need()
    answer = desk.command(JoinRequests(campaign_id=WARM, request_ids=(known, "R-unknown")))
    assert code(answer) == "request_not_open"
    assert answer is not None
    assert answer.body["request_ids"] == ["R-unknown"]
    assert desk.get(Need, known).campaigns == ()


def test_whatever_frees_a_match_frees_its_budget() -> None:
    def declined(desk: Desk, id_: str) -> None:
        desk.command(DeclineMatch(match_id=id_, reason=NO_CAPACITY))

    def expired(desk: Desk, id_: str) -> None:
        desk.later(LIFETIME_S)
        desk.command(ProposalDue(aggregate_id=id_, due_at=desk.match(id_).expires_at))

    def refused_by_fund(desk: Desk, id_: str) -> None:
        desk.command(AcceptMatch(match_id=id_))
        desk.event(id_, ledger(LedgerRefused, 50))

    def offer_withdrawn(desk: Desk, id_: str) -> None:
        desk.command(WithdrawOffer(offer_id=desk.match(id_).offer_id))
        desk.command(ReleaseMatch(match_id=id_))

    def request_withdrawn(desk: Desk, id_: str) -> None:
        desk.withdraw_request()

    def withdrawn_before_the_answer(desk: Desk, id_: str) -> None:
        desk.command(AcceptMatch(match_id=id_))
        desk.withdraw_request()
        assert campaign(desk).held_fen == 50
        desk.event(id_, ledger(LedgerCommitted, 50))

    def given_up(desk: Desk, id_: str) -> None:
        desk.command(AcceptMatch(match_id=id_))
        desk.event(id_, ledger(LedgerCommitted, 50))
        desk.command(GiveUpMatch(match_id=id_))

    for frees in (
        declined,
        expired,
        refused_by_fund,
        offer_withdrawn,
        request_withdrawn,
        withdrawn_before_the_answer,
        given_up,
    ):
        desk = created()
        id_ = match_of(desk)
        frees(desk, id_)
        assert campaign(desk).held_fen == 0, frees.__name__
        assert desk.need_of(id_).paid_by == {}, frees.__name__


def test_money_that_was_paid_stays_spent_though_its_request_reopens() -> None:
    desk = created()
    id_ = confirmed(desk)
    desk.command(ReopenMatch(match_id=id_, reason=REOPEN_REASONS[0]))
    assert desk.match(id_).state == "reopened"
    assert campaign(desk).held_fen == 50
    assert desk.need_of(id_).paid_by == {}


def test_ended_campaign_takes_nothing_new_and_keeps_what_stands() -> None:
    desk = created()
    id_ = match_of(desk)
    desk.command(EndCampaign(campaign_id=WARM))
    again = proposed(desk.need("other"), desk.match(id_).offer_id, 10)
    assert code(desk.command(again)) == "campaign_not_on"
    assert code(desk.command(JoinDonors(campaign_id=WARM, donor_ids=("P-x",)))) == "campaign_over"
    desk.command(AcceptMatch(match_id=id_))
    assert desk.match(id_).state == "accepted"


def test_campaign_is_created_once() -> None:
    desk = created()
    again = desk.command(CreateCampaign(campaign_id=WARM, terms=terms(budget_fen=1)))
    assert code(again) == "campaign_exists"
    assert campaign(desk).budget_fen == 80
    assert campaign(desk).created_by == "city"


@pytest.mark.parametrize(
    "period",
    [
        {"starts_at": NOW, "ends_at": NOW},
        {"starts_at": NOW - 2 * DAY, "ends_at": NOW - DAY},
    ],
)
def test_campaign_without_a_period_to_come_is_invalid(period: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        created(**period)


@pytest.mark.parametrize(
    "command",
    [
        JoinDonors(campaign_id="none", donor_ids=("P-x",)),
        JoinRequests(campaign_id="none", request_ids=("R-x",)),
        EndCampaign(campaign_id="none"),
    ],
)
def test_unknown_campaign_is_said_to_be_unknown(command: Any) -> None:
    assert code(Desk().command(command)) == "campaign_unknown"
