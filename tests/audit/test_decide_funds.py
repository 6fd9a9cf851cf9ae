"""A fund is opened by two people, in its foundation's log."""

import pytest

from services.audit.model import ApproveFund, DeclineFund, FundTerms, ProposeFund
from shared.contracts.events import LedgerFundOpened
from shared.contracts.values import Category
from tests.audit.decisions import OTHER_FOUNDATION, OTHER_ORIGIN, open_audit, open_fund
from tests.audit.facts import FUND


def test_an_opened_fund_is_told() -> None:
    subject, event = open_audit().events[-1]
    assert isinstance(event, LedgerFundOpened)
    assert (subject, event.fund_id, event.index) == (FUND, FUND, 0)


def test_a_fund_needs_a_second_person() -> None:
    audit = open_audit()
    audit.execute(ProposeFund(fund_id="NEW", name="裕杨奖励自强残疾人基金", restricted=True), "ann")
    refused = audit.execute(ApproveFund(fund_id="NEW"), "ann").answer
    assert refused is not None
    assert refused.status == 409
    opened = audit.execute(ApproveFund(fund_id="NEW"), "bo").answer
    assert opened is not None
    assert (opened.status, opened.body["state"]) == (200, "open")
    assert audit.books().funds["NEW"].restricted


def test_a_declined_fund_may_be_proposed_again() -> None:
    audit = open_audit()
    audit.execute(ProposeFund(fund_id="NEW", name="写错了"), "ann")
    audit.execute(DeclineFund(fund_id="NEW"), "bo")
    again = audit.execute(ProposeFund(fund_id="NEW", name="写对了"), "ann").answer
    assert again is not None
    assert again.status == 202
    assert audit.fund("NEW").checker == ""


@pytest.mark.parametrize("command", [ApproveFund, DeclineFund])
def test_only_a_proposed_fund_can_be_decided_on(
    command: type[ApproveFund] | type[DeclineFund],
) -> None:
    audit = open_audit()
    unknown = audit.execute(command(fund_id="NONE"), "bo").answer
    decided = audit.execute(command(fund_id=FUND), "bo").answer
    assert unknown is not None
    assert decided is not None
    assert (unknown.status, decided.status) == (404, 409)


def test_an_open_fund_cannot_be_proposed_again() -> None:
    answer = open_audit().execute(ProposeFund(fund_id=FUND, name="又一个")).answer
    assert answer is not None
    assert answer.status == 409


def test_the_log_says_what_a_fund_is_for_and_which_accounts_it_has() -> None:
    audit = open_audit()
    terms = FundTerms(
        purpose="助学",
        categories=(Category.MEALS, Category.EDUCATION, Category.MEALS),
        fee_permille_max=0,
    )
    open_fund(audit, "NEW", terms=terms, restricted=True)
    entry = audit.entries()[-1]
    assert entry["kind"] == "fund_opened"
    assert (entry["maker"], entry["checker"]) == ("maker", "checker")
    assert entry["terms"] == {
        "beneficiary_classes": [],
        "categories": ["education", "meals"],
        "fee_permille_max": 0,
        "purpose": "助学",
        "towns": [],
    }
    assert "Income:Donations:Restricted" in entry["accounts"]
    assert "Income:Donations:Unrestricted" not in entry["accounts"]


def test_a_fund_belongs_to_a_foundation_that_is_known() -> None:
    audit = open_audit()
    open_fund(audit, "TEA", foundation=OTHER_FOUNDATION)
    assert audit.entries()[-1]["log"] == audit.fund("TEA").log == OTHER_ORIGIN
    proposal = ProposeFund(fund_id="NEW", name="没有的基金会", foundation="nobody")
    assert audit.answer(proposal).status == 404


@pytest.mark.parametrize("id_", ["M-R-1-O-1-1", "D-0123456789", "T-1"])
def test_a_fund_cannot_take_the_id_of_something_else_that_speaks_on_the_topic(id_: str) -> None:
    assert open_audit().answer(ProposeFund(fund_id=id_, name="冒名")).status == 409
