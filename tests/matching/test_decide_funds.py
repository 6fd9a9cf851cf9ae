"""A fund's terms are asked before its donor is."""

from typing import Any

import pytest

from services.matching.model.funds import KnownFund
from services.matching.model.match import ClaimNeed
from services.matching.store import PoolContext, build_open_need
from shared.contracts.events import LedgerCarried, LedgerFundOpened
from shared.messaging.decision import NOTHING
from tests.audit.decisions import open_audit
from tests.audit.test_decide_commitments import MEALS_IN_SHILONG
from tests.matching.decisions import FUND, DecisionHarness, make_propose
from tests.support.answers import code

MEALS: dict[str, Any] = {"category": "meals", "beneficiary_class": "elderly_alone"}


def open_restricted() -> DecisionHarness:
    """As audit itself says it: 石龙镇长者配餐."""
    audit = open_audit(FUND, terms=MEALS_IN_SHILONG, restricted=True)
    subject, opened = audit.events[-1]
    decisions = DecisionHarness()
    decisions.event(subject, opened)
    return decisions


def test_the_funds_terms_are_known_from_audits_log() -> None:
    fund = open_restricted().get(KnownFund, FUND)
    assert fund.categories == ("home_care", "meals")
    assert fund.beneficiary_classes == ("elderly_alone",)
    assert fund.town_codes == ("441900101",)


def test_no_donor_is_asked_for_what_his_funds_terms_refuse() -> None:
    decisions = open_restricted()
    offer = decisions.offer(fund_id=FUND, mode="both")
    request = decisions.need("medicine", category="medical")
    refused = decisions.command(make_propose(request, offer, 50))
    assert code(refused) == "fund_terms_outside"
    claim = ClaimNeed(request_id=request, offer_id=offer, quantity=50)
    assert code(decisions.command(claim)) == "fund_terms_outside"
    decisions.propose(decisions.need("meals", **MEALS), offer, 50)


def test_a_round_and_the_menu_know_them_too() -> None:
    decisions = open_restricted()
    offer = decisions.offer(fund_id=FUND)
    id_ = decisions.propose(decisions.need("meals", **MEALS), offer, 50)
    need = decisions.need_of(id_)
    context = PoolContext(funds=(decisions.get(KnownFund, FUND),))
    assert build_open_need(need, context).barred_funds == ()
    other = need.model_copy(update={"town_code": "441900119"})
    assert build_open_need(other, context).barred_funds == (FUND,)


@pytest.mark.parametrize("entry", ['{"kind":"goods_carried","fund":"F"}', "{}"])
def test_entries_without_terms_say_nothing_of_a_fund(entry: str) -> None:
    fact: dict[str, Any] = {"log": "log", "index": 1, "fund_id": FUND, "entry": entry}
    for kind in (LedgerCarried, LedgerFundOpened):
        assert DecisionHarness().event(FUND, kind.model_validate(fact)) is NOTHING
