"""A checker sees all that he approves: whatever a proposal says, its lines say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.audit.ledger.accounts import load_chart
from services.audit.model import (
    Fund,
    FundTerms,
    Proposal,
    Reversal,
    SecondPayment,
    Transfer,
)
from services.audit.model.mandate import DonorConsent
from services.audit.pages.proposals import PROPOSALS
from shared.contracts.events import StandingLimits
from shared.contracts.values import Category
from tests.audit.decisions import make_mandate, open_audit
from tests.audit.facts import gift

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
FUND = Fund(
    id="warm",
    name="暖",
    restricted=False,
    foundation="guanjia",
    accounts=load_chart().of_fund(restricted=False),
    maker="m",
)
CONSENT = DonorConsent(consented_at=NOW, how="电话录音")
MANDATE = make_mandate("warm").model_copy(update={"state": "proposed", "covers": "gifts"})
TRANSFER = Transfer(
    id="T",
    maker="m",
    reference="纪要",
    foundation="f",
    from_fund_id="a",
    to_fund_id="b",
    amount_fen=1,
)
SECOND = SecondPayment(id="R-1", maker="m", reason="纪要", fallen=("M-1",))

CHANGES: list[tuple[Proposal, str, Any]] = [
    (FUND, "name", "春"),
    (FUND, "restricted", True),
    (FUND, "foundation", "other"),
    (FUND, "terms", FundTerms(purpose="助学")),
    (FUND, "terms", FundTerms(fee_permille_max=1000)),
    (FUND, "terms", FundTerms(categories=(Category.MEDICAL,))),
    (FUND, "terms", FundTerms(town_codes=("441900103",))),
    (MANDATE, "standing", StandingLimits(request_fen=100, month_fen=200)),
    (MANDATE, "fund_id", "other"),
    (MANDATE, "donor_id", "P-other"),
    (MANDATE, "source", "/partners/two"),
    (MANDATE, "covers", "fund"),
    (MANDATE, "sum_fen", 99),
    (MANDATE, "terms", FundTerms(categories=(Category.MEDICAL,))),
    (MANDATE, "valid_until", MANDATE.valid_until + timedelta(days=1)),
    (MANDATE, "reference", "另一份"),
    (MANDATE, "consent", CONSENT),
    (MANDATE, "asked_at", NOW),
    (TRANSFER, "reference", "另一份"),
    (TRANSFER, "from_fund_id", "c"),
    (TRANSFER, "to_fund_id", "c"),
    (TRANSFER, "amount_fen", 2),
    (SECOND, "reason", "另一份"),
    (SECOND, "fallen", ("M-1", "M-2")),
]


def describe(proposal: Proposal) -> list[Any]:
    [kind] = [kind for kind in PROPOSALS.values() if kind.state is type(proposal)]
    return list(kind.describe(proposal))


@pytest.mark.parametrize(("proposal", "field", "value"), CHANGES)
def test_what_is_different_reads_differently(proposal: Proposal, field: str, value: Any) -> None:
    changed = proposal.model_copy(update={field: value})
    assert changed.digest != proposal.digest
    assert describe(changed) != describe(proposal)


def test_a_reversal_says_what_was_entered_and_how_much() -> None:
    audit = open_audit("warm")
    audit.receive(gift(5_000, fund="warm"))
    reversal = Reversal(
        id="V",
        maker="m",
        reference="纪要",
        foundation="f",
        reverses_log="guanjia.test/log/2026",
        reverses=7,
        fund_id="warm",
        leaf=audit.leaves[-1].decode(),
    )
    values = {zh: value for zh, _, value in describe(reversal)}
    assert values["冲正的条目"] == "guanjia.test/log/2026 #7"
    assert values["金额"] == ("50.00 元", "CNY 50.00")
    assert values["原来记的"]
