"""Management costs are measured by what the year spent, and who decides on a fee reads it."""

from functools import partial

import pytest

from services.audit.model import Fund
from services.audit.model.vouchers import BankEntry, FundFee
from services.audit.pages.fee_shares import describe_share, describe_shares
from services.audit.reports.fee_share import FeeShare
from services.audit.settings import AuditSettings
from tests.audit.decisions import FOUNDATION, open_audit
from tests.audit.facts import FUND, NOW


@pytest.mark.parametrize(
    ("costs_fen", "given_fen", "is_above"),
    [(10_00, 90_00, False), (10_01, 90_00, True), (0, 0, False), (1, 0, True), (1, -5, True)],
)
def test_ten_percent_of_what_was_spent_with_the_costs_themselves(
    costs_fen: int, given_fen: int, is_above: bool
) -> None:
    share = FeeShare(costs_fen, given_fen)
    assert share.is_above is is_above
    assert all(("61" in text or "六十一" in text) for text in share.describe())


def test_receipts_count_for_nothing() -> None:
    """A tenth of a large gift is far above the limit while nothing is spent."""
    totals = {"fees_fen": 100_00, "charges_fen": 5_00, "spent_fen": 500_00, "received_fen": 10**9}
    share = FeeShare.from_totals([totals])
    assert (share.costs_fen, share.spent_fen, share.is_above) == (105_00, 605_00, True)
    assert share.describe()[0].startswith(
        "超过上限：管理费用 105.00 元，当年总支出 605.00 元，年度管理费用占比 17.36%；上限 10%"
    )
    assert "须报告民政部门" in share.describe()[0]


def test_a_proposal_shows_the_share_as_it_would_be_and_interest_shows_none() -> None:
    fund = open_audit(FUND).get(Fund, FUND)
    spending = fund.model_copy(update={"obligated_fen": 900_00, "paid_fen": 900_00})
    common = {"id": "-", "maker": "m", "foundation": FOUNDATION, "fund_id": FUND, "at": NOW}
    papers = {"reference": "r", "voucher": "v", "attachment": "a" * 64}
    for fee_fen, words in (
        (100_00, "管理费用 100.00 元"),
        (101_00, "超过上限：管理费用 101.00 元"),
    ):
        for kind in (FundFee, partial(BankEntry, kind="bank_charge")):
            proposal = kind(amount_fen=fee_fen, **common, **papers)
            [(_, _, (zh, _))] = describe_share(proposal, [spending])
            assert zh.startswith(words)
    interest = BankEntry(kind="bank_interest", amount_fen=1, **common, **papers)
    assert list(describe_share(interest, [spending])) == []
    [(zh, en)] = describe_shares(AuditSettings(), [spending])
    assert ("年度管理费用占比 0.00%" in zh, "0.00%" in en) == (True, True)
