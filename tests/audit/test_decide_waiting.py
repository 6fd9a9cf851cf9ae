"""A gift that comes before its fund is opened waits, and is entered once it is."""

from datetime import timedelta

import pytest

from services.audit.model import ApproveFund, DeclineFund, EnterWaitingGift, ProposeFund
from services.audit.pages.proposing import FINANCE_PATH
from services.audit.years import enter_waiting_gifts
from shared.contracts.events import LedgerRefused
from shared.dates import format_day
from shared.errors import Invalid
from tests.audit.decisions import MemoryAudit, open_audit
from tests.audit.facts import BANK, NOW, gift, refund
from tests.audit.harness import AuditHarness


def receive_early() -> tuple[MemoryAudit, EnterWaitingGift]:
    audit = open_audit()
    audit.execute(ProposeFund(fund_id="LATE", name="晚开"), "maker")
    entries = len(audit.leaves)
    answer = audit.receive(gift(700, fund="LATE")).answer
    assert answer is not None
    assert (answer.status, answer.body) == (202, {"state": "waiting"})
    assert len(audit.leaves) == entries, "the log says nothing yet"
    assert not audit.donation().is_on_ledger
    return audit, EnterWaitingGift(donation_id=audit.donation().id)


def test_a_gift_waits_for_its_fund_and_is_entered_once_with_the_banks_day() -> None:
    audit, enter = receive_early()
    assert audit.execute(enter).states == (), "its fund waits still"
    audit.execute(ApproveFund(fund_id="LATE"), "checker")
    for _ in range(2):
        audit.execute(enter)
    audit.receive(gift(700, fund="LATE"))
    assert audit.kinds().count("donation_received") == 1
    entry = audit.entries()[-1]
    assert entry["effective_at"].startswith(f"{NOW:%Y-%m-%dT%H:%M}")
    assert (audit.fund("LATE").received_fen, audit.donation().is_on_ledger) == (700, True)
    assert audit.donation().entry == entry["index"]
    audit.books()


def test_a_refund_of_what_waits_comes_again_once_its_fund_is_decided() -> None:
    audit, enter = receive_early()
    back = refund(audit.donation().id, 300)
    with pytest.raises(Invalid, match="waits for its fund"):
        audit.receive(back)
    audit.execute(ApproveFund(fund_id="LATE"), "checker")
    audit.execute(enter)
    audit.receive(back)
    assert audit.fund("LATE").remaining_fen == 400


@pytest.mark.parametrize("times", [1, 2])
def test_a_gift_whose_fund_is_declined_is_refused_on_the_log_once(times: int) -> None:
    audit, enter = receive_early()
    audit.execute(DeclineFund(fund_id="LATE"), "checker")
    for _ in range(times):
        audit.execute(enter)
    assert audit.kinds().count("refusal") == 1
    assert (audit.donation().refused, audit.donation().waiting) == (True, False)


def test_what_waits_too_long_stands_on_the_log_and_is_entered_all_the_same() -> None:
    """Who proposes a fund and never decides hides no gift."""
    audit, enter = receive_early()
    early, late = (NOW + timedelta(days=days) for days in (29, 30))
    assert audit.execute(enter, now=early).states == ()
    for _ in range(2):
        audit.execute(enter, now=late)
    assert audit.kinds().count("refusal") == 1
    [refused] = [fact for _, fact in audit.events if isinstance(fact, LedgerRefused)]
    assert (refused.amount_fen, refused.fund_id, refused.reason) == (700, "LATE", "unknown_fund")
    assert (audit.donation().waiting, audit.donation().refused) == (True, True)
    audit.execute(ApproveFund(fund_id="LATE"), "checker")
    for _ in range(2):
        audit.execute(enter, now=late)
    assert audit.kinds().count("donation_received") == 1
    assert (audit.fund("LATE").received_fen, audit.donation().is_on_ledger) == (700, True)
    assert audit.donation().entry == audit.entries()[-1]["index"]
    audit.books()


def test_what_waited_too_long_for_a_fund_that_is_declined_is_refused_once() -> None:
    audit, enter = receive_early()
    audit.execute(enter, now=NOW + timedelta(days=30))
    audit.execute(DeclineFund(fund_id="LATE"), "checker")
    for _ in range(2):
        audit.execute(enter, now=NOW + timedelta(days=31))
    assert audit.kinds().count("refusal") == 1
    assert (audit.donation().waiting, audit.donation().refused) == (False, True)


async def test_the_service_enters_what_waited(harness: AuditHarness) -> None:
    await harness.open_fund()
    late = {"fund_id": "LATE", "name": "晚开"}
    assert (await harness.post("/funds", harness.maker, "late-1", late)).status_code == 202
    await harness.publish_in_order(gift(700, fund="LATE"), gift(500, "gift-2"))
    await harness.wait_published(2)
    await enter_waiting_gifts(harness.audit.runtime)
    assert (await harness.get("/summary"))["received_fen"] == 500
    row = {
        "id": "row",
        "donor_id": "P-donor",
        "fund_id": "general",
        "amount_fen": 700,
        "received_at": NOW.isoformat(),
        "bank_reference": "",
        "statement": {"statement": "a.csv", "row": 2},
    }
    query = {"source": BANK, "rows": [row]}
    alike = await harness.post("/statements/alike", harness.maker, "k", query)
    [answer] = alike.json()["rows"]
    assert len(answer["gifts"]) == 1, "what waits will be on the ledger: it is asked about"
    page = (await harness.audit.http.get(FINANCE_PATH, headers=harness.checker)).text
    assert f"：1 笔，共 7.00 元，最早 {format_day('zh', NOW)}" in page
    assert (await harness.post("/funds/LATE/approve", harness.checker, "late-2")).status_code == 200
    await enter_waiting_gifts(harness.audit.runtime)
    summary = await harness.wait_published(4)
    assert summary["received_fen"] == 1_200
    await harness.verify(summary)
