"""Offers, campaigns and emergencies that nothing could ever match are refused, or warned of."""

from datetime import timedelta
from typing import Any

import pytest

from services.matching.model.campaign import (
    CampaignTerms,
    CreateCampaign,
)
from services.matching.model.funds import KnownFund
from services.matching.model.offer import ChangeOffer, OfferTerms, RegisterOffer
from services.matching.spreadsheet import SheetOffer, read_offers
from shared.errors import Invalid, Problem
from shared.messaging.decision import Ref
from tests.matching.decisions import (
    FUND,
    NOW,
    DecisionHarness,
    make_campaign,
    make_submitted,
)

SHILONG = "441900101"
REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    ({"unit": "元", "quantity": 500}, "unit", "money_not_in_fen", "quantity 写 50000、unit 写 fen"),
    ({"unit": "万元", "quantity": 3}, "unit", "money_not_in_fen", "quantity 写 3000000"),
    ({"unit": "RMB", "quantity": 5}, "unit", "money_not_in_fen", "quantity 写 500"),
    ({"unit": "fen", "item": "大米"}, "item", "money_with_item", "去掉 item"),
    ({"unit": "元", "item": "大米"}, "unit", "money_not_in_fen", "fen"),
    ({"town_codes": ["441900999"]}, "town_codes", "town_unknown", "没有这个镇街"),
    ({"town_codes": ["441900000"]}, "town_codes", "town_citywide", "全市请留空"),
    ({"village_codes": ["441900999001"]}, "village_codes", "village_foreign", "前9位"),
]


def find_problem(register: Any) -> Problem:
    with pytest.raises(Invalid) as refused:
        register()
    [problem] = refused.value.problems
    return problem


@pytest.mark.parametrize(("offer", "field", "code", "says"), REFUSED)
def test_what_can_never_match_is_refused_by_http_and_topic_alike(
    offer: dict[str, Any], field: str, code: str, says: str
) -> None:
    decisions, submitted = DecisionHarness(), make_submitted(**offer)
    decisions.grant(submitted)
    by_http = RegisterOffer(source="desk", message_id="m", offer=submitted)
    for problem in (
        find_problem(lambda: decisions.command(by_http)),
        find_problem(lambda: decisions.event("m", submitted)),
    ):
        assert (problem.field, problem.code) == (field, code)
        assert says in problem.zh


def test_a_sheet_may_say_yuan_and_a_piece_of_soap_is_no_money() -> None:
    sheet = "名称,单位,数量,物品\n示例企业,元,500,\n示例企业,块,20,肥皂\n"
    rows = [row for row in read_offers(sheet.encode()) if isinstance(row, SheetOffer)]
    assert [(row.offer["unit"], row.offer["quantity"]) for row in rows] == [
        ("fen", 50_000),
        ("块", 20),
    ]
    for row in rows:
        decisions, submitted = DecisionHarness(), make_submitted(**row.offer)
        decisions.grant(submitted)
        decisions.event("m", submitted)


@pytest.mark.parametrize("quantity", [0, -1])
def test_an_offer_of_nothing_is_none(quantity: int) -> None:
    with pytest.raises(ValueError, match="quantity"):
        make_submitted(quantity=quantity)


def register(decisions: DecisionHarness, name: str = "m", **offer: Any) -> list[dict[str, str]]:
    """The warnings."""
    submitted = make_submitted(**offer)
    decisions.grant(submitted)
    answer = decisions.command(RegisterOffer(source="desk", message_id=name, offer=submitted))
    assert answer is not None
    assert answer.status == 201
    return list(answer.body.get("warnings", []))


def test_who_offers_from_a_fund_that_is_not_open_yet_is_warned() -> None:
    decisions = DecisionHarness()
    [warning] = register(decisions, fund_id=FUND)
    assert (warning["field"], warning["code"]) == ("fund_id", "fund_not_opened")
    assert FUND in warning["zh"]
    decisions.states[Ref(KnownFund, FUND)] = KnownFund(id=FUND)
    assert register(decisions, "again", fund_id=FUND) == []


def test_an_offer_for_a_campaign_that_is_not_there_or_over_is_warned_of() -> None:
    decisions = DecisionHarness()
    [warning] = register(decisions, campaign_id="warm")
    assert (warning["field"], warning["code"]) == ("campaign_id", "campaign_missing")
    assert "请核对编号" in warning["zh"]
    decisions.command(make_campaign(100, "P-donor"))
    decisions.advance(timedelta(days=4000).total_seconds())
    [warning] = register(decisions, "late", campaign_id="warm")
    assert warning["code"] == "campaign_over"


def test_a_donor_who_has_not_joined_the_campaign_is_warned() -> None:
    decisions = DecisionHarness()
    decisions.command(make_campaign(100, "P-other"))
    [warning] = register(decisions, campaign_id="warm")
    assert (warning["field"], warning["code"]) == ("donor_id", "donor_not_yet_joined")
    assert register(decisions, "his", campaign_id="warm", donor_id="P-other") == []


def test_an_offer_is_not_changed_into_one_that_matches_nothing() -> None:
    decisions = DecisionHarness()
    terms = OfferTerms(town_codes=("441900999",))
    change = ChangeOffer(offer_id=decisions.offer(), terms=terms)
    assert find_problem(lambda: decisions.command(change)).code == "town_unknown"


@pytest.mark.parametrize(
    ("town", "code"), [("441900999", "town_unknown"), ("441900000", "town_citywide")]
)
def test_a_campaign_of_no_town_is_refused(town: str, code: str) -> None:
    decisions, until = DecisionHarness(), NOW + timedelta(days=3)
    campaign = {
        "name": "暖“留”行动",
        "starts_at": NOW,
        "ends_at": until,
        "budget_fen": 100,
        "criteria": {"town_codes": [SHILONG, town]},
    }
    create = CreateCampaign(campaign_id="c", terms=CampaignTerms.model_validate(campaign))
    problem = find_problem(lambda: decisions.command(create))
    assert (problem.field, problem.code) == ("criteria.town_codes", code)
