"""A month is closed by two people, bank against books; then it takes no entry with its date."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.audit.model import LogHead
from services.audit.model.months import (
    ApproveMonthClose,
    ApproveMonthReopening,
    BookedAccount,
    DeclineMonthClose,
    MonthClose,
    MonthDifference,
    MonthFigures,
    ProposeMonthClose,
    ProposeMonthReopening,
    StatedBalance,
    begin_month,
    end_month,
)
from services.audit.pages.months import MONTHS_PATH
from services.audit.pages.proposing import FINANCE_PATH
from shared.errors import Invalid
from tests.audit.decisions import FOUNDATION, MemoryAudit, open_audit
from tests.audit.facts import NOW, acceptance, bank_line, confirmation, gift
from tests.audit.harness import AuditHarness
from tests.audit.test_cli_proposals import proposed, run
from tests.support.answers import code

MONTH, ACCOUNT = "2026-01", "工行 1001"
AFTER = datetime(2026, 2, 3, 8, tzinfo=UTC)
BOOKED = MonthFigures(
    books_fen=20_000,
    accounts=(BookedAccount(account=ACCOUNT, books_fen=20_000),),
    differences=(),
)
RENT = MonthDifference(kind="asked", account=ACCOUNT, amount_fen=-800, reference="B-2", at=NOW)


def make_close(
    balance_fen: int = 20_000,
    *,
    month: str = MONTH,
    reason: str = "",
    figures: MonthFigures = BOOKED,
) -> ProposeMonthClose:
    return ProposeMonthClose(
        month=month,
        balances=(StatedBalance(account=ACCOUNT, balance_fen=balance_fen),),
        reason=reason,
        foundation=FOUNDATION,
        figures=figures,
    )


def close(audit: MemoryAudit, month: str = MONTH, now: datetime = AFTER) -> None:
    answer = audit.answer(make_close(month=month), "maker", now)
    assert answer.status == 202, answer
    approval = ApproveMonthClose(close_id=str(answer.body["id"]), figures=read_books(audit))
    assert audit.answer(approval, "checker", now).status == 200


def read_books(audit: MemoryAudit) -> MonthFigures:
    return BOOKED.model_copy(update={"place": audit.get(LogHead, FOUNDATION).place})


def find_end(audit: MemoryAudit) -> datetime | None:
    return audit.get(LogHead, FOUNDATION).closed_until


def test_months_begin_and_end_in_china() -> None:
    assert begin_month("2026-01") == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert end_month("2026-12") == begin_month("2027-01")


def test_a_month_is_closed_by_two_on_what_the_second_read() -> None:
    audit = open_audit()
    answer = audit.answer(make_close(), "maker", AFTER)
    id_ = str(answer.body["id"])
    approval = ApproveMonthClose(close_id=id_, figures=BOOKED)
    assert code(audit.answer(make_close(), "other", AFTER)) == "month_close_exists"
    assert code(audit.answer(approval, "maker", AFTER)) == "second_person_needed"
    changed = approval.model_copy(
        update={"figures": BOOKED.model_copy(update={"books_fen": 20_001})}
    )
    assert code(audit.answer(changed, "checker", AFTER)) == "month_changed"
    assert find_end(audit) is None
    assert audit.answer(approval, "checker", AFTER).status == 200
    assert find_end(audit) == end_month(MONTH)


def test_a_month_is_not_closed_on_books_that_grew_since_they_were_read() -> None:
    """An entry with its date comes between the reading and the decision; one of now does not
    matter."""
    audit = open_audit()
    answer = audit.answer(make_close(), "maker", AFTER)
    approval = ApproveMonthClose(close_id=str(answer.body["id"]), figures=read_books(audit))
    audit.receive(gift(500, "late"), AFTER)
    assert code(audit.answer(approval, "checker", AFTER)) == "month_moved"
    assert find_end(audit) is None
    again = approval.model_copy(update={"figures": read_books(audit)})
    of_now = gift(700, "new")
    received = of_now.data.model_copy(update={"received_at": AFTER})
    audit.receive(of_now.model_copy(update={"data": received}), AFTER)
    assert audit.kinds()[-1] == "donation_received"
    assert audit.answer(again, "checker", AFTER).status == 200


def test_a_month_that_is_closed_anew_keeps_what_was_decided_before() -> None:
    audit = open_audit()
    first = audit.answer(make_close(), "maker", AFTER)
    audit.execute(DeclineMonthClose(close_id=str(first.body["id"])), "checker")
    for balance in (20_001, 20_002):
        answer = audit.answer(make_close(balance, reason="多一分"), "maker", AFTER)
        audit.execute(DeclineMonthClose(close_id=str(answer.body["id"])), "checker")
    closes = audit.all(MonthClose)
    assert sorted(closes) == [f"{FOUNDATION}.{MONTH}{end}" for end in ("", ".1", ".2")]
    stated = [closes[id_].balances[0].balance_fen for id_ in sorted(closes)]
    assert stated == [20_002, 20_000, 20_001]


def test_what_differs_is_named_to_the_fen_and_needs_a_line_or_a_reason() -> None:
    audit = open_audit()
    assert code(audit.answer(make_close(19_200), "maker", AFTER)) == "month_differs"
    explained = BOOKED.model_copy(update={"differences": (RENT,)})
    answer = audit.answer(make_close(19_200, figures=explained), "maker", AFTER)
    assert answer.status == 202
    [row] = answer.body["rows"]
    assert (row["stated_fen"], row["books_fen"], row["known_fen"]) == (19_200, 20_000, -800)
    assert row["unexplained_fen"] == 0
    other = open_audit()
    answer = other.answer(make_close(19_999, reason="银行多扣一分，已函询"), "maker", AFTER)
    assert answer.body["rows"][0]["unexplained_fen"] == -1


def test_what_no_source_named_an_account_for_stands_in_a_row_of_its_own() -> None:
    figures = BOOKED.model_copy(update={"books_fen": 20_500})
    proposal = make_close(figures=figures)
    made = MonthClose(id="x", maker="m", **proposal.model_dump(exclude={"reason"}))
    assert [(row.account, row.unexplained_fen) for row in made.rows] == [(ACCOUNT, 0), ("", -500)]
    assert not made.is_equal


def test_months_are_closed_in_order_and_when_they_are_over() -> None:
    audit = open_audit()
    assert code(audit.answer(make_close(month="2026-02"), "maker", AFTER)) == "month_runs"
    close(audit)
    late = datetime(2026, 5, 1, tzinfo=UTC)
    for month in ("2026-03", "2026-01", "2025-12"):
        refused = audit.answer(make_close(month=month), "maker", late)
        assert code(refused) == "month_out_of_order", month
    close(audit, "2026-02", late)
    assert find_end(audit) == end_month("2026-02")
    nobody = make_close().model_copy(update={"foundation": "nobody"})
    assert code(audit.answer(nobody, "maker", AFTER)) == "foundation_unknown"


def test_a_closed_month_takes_no_entry_with_its_date() -> None:
    """A bank's fact is refused with what to do, and its id stays free; what matching tells late
    counts from the first open moment on."""
    audit = open_audit()
    audit.receive(gift(20_000))
    audit.receive(acceptance("M-1", 3_000))
    close(audit)
    entries = len(audit.leaves)
    with pytest.raises(Invalid) as refused:
        audit.receive(gift(500, "gift-2"), AFTER)
    assert refused.value.problems[0].code == "month_closed"
    assert len(audit.leaves) == entries
    assert audit.receive(gift(20_000), AFTER).states == (), "what is entered already is no news"
    audit.receive(confirmation("M-1", 3_000), AFTER)
    assert audit.entries()[-1]["effective_at"] == "2026-01-31T16:00:00.000000Z"
    order = audit.order("M-1")
    with pytest.raises(Invalid):
        audit.receive(bank_line(order.format_reference(1), 3_000), AFTER)
    assert audit.kinds()[-1] == "obligation"
    audit.books()


def test_the_last_month_is_opened_again_by_two_and_takes_what_was_refused() -> None:
    audit = open_audit()
    close(audit)
    close(audit, "2026-02", AFTER + timedelta(days=40))
    earlier = ProposeMonthReopening(foundation=FOUNDATION, month=MONTH, reason="漏记")
    assert code(audit.answer(earlier, "maker")) == "month_not_last"
    for month in ("2026-02", MONTH):
        reopening = earlier.model_copy(update={"month": month})
        answer = audit.answer(reopening, "maker", key=month)
        approval = ApproveMonthReopening(reopening_id=str(answer.body["id"]))
        assert code(audit.answer(approval, "maker")) == "second_person_needed"
        assert audit.answer(approval, "checker").status == 200
    assert find_end(audit) == begin_month(MONTH)
    audit.receive(gift(500, "gift-2"), AFTER)
    assert audit.kinds()[-1] == "donation_received"
    close(audit)
    assert find_end(audit) == end_month(MONTH)


async def test_finance_closes_a_month_by_page_and_command(harness: AuditHarness) -> None:
    await harness.open_fund()
    named = gift(20_000).data.model_copy(update={"own_account": ACCOUNT})
    lines = bank_line("房租", 800, bank_reference="B-2", own_account=ACCOUNT)
    await harness.publish_in_order(
        gift(20_000).model_copy(update={"data": named}), gift(300, "gift-2"), lines
    )
    await harness.wait_published(3)
    shown = (await run(harness, harness.maker, "month", "show", MONTH)).output
    for part in (ACCOUNT, "200.00", "未注明账户", "3.00", "-8.00", "B-2"):
        assert part in shown, part
    http, (maker, checker) = harness.audit.http, (harness.maker, harness.checker)
    page = await http.get(f"{MONTHS_PATH}?month={MONTH}", headers=maker)
    assert (page.status_code, ACCOUNT in page.text, "203.00" in page.text) == (200, True, True)
    form = {"month": MONTH, "balances": f"{ACCOUNT} 192.00", "form_key": "k" * 22}
    differs = await http.post(MONTHS_PATH, data=form, headers=maker)
    assert (differs.status_code, "请写明原因" in differs.text) == (409, True)
    unread = await http.post(MONTHS_PATH, data=form | {"balances": "x"}, headers=maker)
    assert unread.status_code == 422
    reason = {"reason": "现金捐款三元未存银行", "form_key": "l" * 22}
    done = await http.post(MONTHS_PATH, data=form | reason, headers=maker)
    assert (done.status_code, done.headers["location"]) == (303, FINANCE_PATH)
    waiting = (await http.get(FINANCE_PATH, headers=checker)).text
    for part in ("银行 192.00，账面 200.00，未入账流水 -8.00，相符", "差额 -3.00", "现金捐款三元"):
        assert part in waiting, part
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', waiting))
    path = f"{FINANCE_PATH}/month-closes/guanjia.{MONTH}/approve"
    assert (await http.post(path, data={"digest": digest}, headers=maker)).status_code == 403
    closed = await http.post(path, data={"digest": digest}, headers=checker)
    assert closed.status_code == 303, closed.text
    assert "2026-01" in (await run(harness, harness.maker, "month", "list")).output
    words = ("month", "reopen", MONTH, "--reason", "漏记一笔")
    reopening = await proposed(harness, *words)
    approved = await run(harness, harness.checker, "month", "approve-reopening", reopening)
    assert approved.exit_code == 0, approved.output
