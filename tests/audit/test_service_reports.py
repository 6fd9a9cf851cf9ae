"""Every report of the books is downloaded as a workbook, in which the sums are the books'."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO

import httpx
import pytest
from openpyxl import load_workbook

from services.audit.model import Mandate
from services.audit.model.months import MonthClose
from services.audit.months.reading import NOTHING_BOOKED
from services.audit.pages.accounts import ACCOUNTS_PATH
from services.audit.pages.disclosures import DISCLOSURES_PATH
from services.audit.pages.downloads import REPORTS
from services.audit.pages.downloads.holdings import name_proposal_state
from services.audit.pages.months import MONTHS_PATH
from services.audit.pages.reports import REPORTS_PATH
from shared.contracts.values import CHINA
from shared.security import Role
from shared.sheets.report import XLSX, Cell, ReportSheet, convert_fen, write_report
from tests.audit.facts import acceptance, bank_line, confirmation, gift
from tests.audit.harness import AuditHarness

ACCOUNT = "工行 1001"
Rows = Sequence[Sequence[object]]


def read_sheets(answer: httpx.Response) -> dict[str, Rows]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    book = load_workbook(BytesIO(answer.content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


async def download(harness: AuditHarness, name: str, period: str = "") -> Mapping[str, Rows]:
    path = f"{REPORTS_PATH}/{name}.xlsx?period={period}"
    return read_sheets(await harness.audit.http.get(path, headers=harness.maker))


async def test_every_report_is_a_workbook_with_the_sums_of_the_books(
    harness: AuditHarness,
) -> None:
    http = harness.audit.http
    await harness.open_fund()
    data = gift(1_000_00).data.model_copy(update={"own_account": ACCOUNT})
    await harness.publish_in_order(
        gift(1_000_00).model_copy(update={"data": data}),
        acceptance("M-1", 333_00),
        confirmation("M-1", 333_00),
        bank_line("房租", 8_00, bank_reference="B-2", own_account=ACCOUNT),
    )
    await harness.wait_published(4)
    now = await harness.audit.runtime.processor.now()
    month = f"{now.astimezone(CHINA):%Y-%m}"
    periods = {"month": month, "year": month[:4], "now": ""}
    books = {
        name: await download(harness, name, periods[report.covers])
        for name, report in REPORTS.items()
    }

    assert all(book and all(rows for rows in book.values()) for book in books.values())
    vouchers = books["vouchers"]["记账凭证"]
    assert [row[7] for row in vouchers[1:] if row[7]] == [1000, 333]
    journal = books["journal"]["日记账"][1:]
    assert sum(row[7] or 0 for row in journal) == sum(row[8] or 0 for row in journal)  # type: ignore[misc]
    assert {row[3] for row in journal} == {"收到捐赠", "承诺资助", "确认应付"}
    [totals] = [row for row in books["statements"]["资产负债表"] if row[0] == "资产总计"]
    assert totals[3] == 1000
    fund = dict(zip(*books["funds"]["基金"], strict=True))
    assert (fund["收到捐赠（元）"], fund["应付未付（元）"]) == (1000, 333)
    [payable] = books["payables"]["应付款"][1:]
    assert payable[3:7] == (333, 0, 0, 333)
    [asked] = books["open"]["待核对的银行流水"][1:]
    assert (asked[1], asked[2], asked[4]) == ("付出", 8, ACCOUNT)
    duties = books["disclosure"]["到期事项"]
    assert "未能读取专项行动" in str(duties[-1]), "matching does not run"
    [yearly] = [row for row in duties if row[3] == month[:4]]
    assert (str(yearly[0])[:10], yearly[2]) == (
        f"{int(month[:4]) + 1}-05-31",
        "年度工作报告和财务会计报告",
    )
    january = await download(harness, "month", f"{month[:4]}-01")
    assert (ACCOUNT, None, 1000, -8, None) in january["银行与账面"]
    assert "已认捐未到账" in str(books["reconciliation"]["按天数"])

    page = await http.get(f"{REPORTS_PATH}?month={month}", headers=harness.maker)
    assert all(f"{REPORTS_PATH}/{name}.xlsx" in page.text for name in REPORTS)
    auditor = harness.stack.bearer("an-auditor", Role.AUDITOR)
    collector = harness.stack.bearer("a-collector", Role.COLLECTOR)
    for who, status in ((auditor, 200), (collector, 403)):
        assert (await http.get(f"{REPORTS_PATH}/funds.xlsx", headers=who)).status_code == status


@pytest.mark.parametrize(
    ("name", "period", "status"),
    [
        ("nothing", "", 404),
        ("vouchers", "2026", 422),
        ("vouchers", "2026Q1", 422),
        ("disclosure", "2026-01", 422),
        ("vouchers", "2001-01", 404),
        ("disclosure", "2001", 404),
    ],
)
async def test_what_cannot_be_made_is_said(
    harness: AuditHarness, name: str, period: str, status: int
) -> None:
    path = f"{REPORTS_PATH}/{name}.xlsx?period={period}"
    answer = await harness.audit.http.get(path, headers=harness.maker)
    assert answer.status_code == status, answer.text


async def test_a_field_of_a_form_that_was_left_empty_selects_nothing(
    harness: AuditHarness,
) -> None:
    http = harness.audit.http
    for path in (
        *(f"{ACCOUNTS_PATH}?year=", f"{DISCLOSURES_PATH}?year="),
        *(f"{REPORTS_PATH}?month=", f"{MONTHS_PATH}?month="),
    ):
        assert (await http.get(path, headers=harness.maker)).status_code == 200, path
    first = await http.get(f"{DISCLOSURES_PATH}?year=2001", headers=harness.maker)
    assert ("year=2000" in first.text, "year=2002" in first.text) == (False, True)


def test_the_workbook_says_what_became_of_a_mandate_and_of_a_close() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    mandate = Mandate(
        id="M-1", maker="m", fund_id="f", donor_id="P-1", covers="gifts", sum_fen=1, valid_until=now
    ).model_copy(update={"state": "open"})
    earlier = now - timedelta(seconds=1)
    assert [name_proposal_state(mandate, each) for each in (earlier, now)] == ["有效", "已过期"]
    close = MonthClose(
        id="C", maker="m", foundation="f", month="2026-04", balances=(), figures=NOTHING_BOOKED
    )
    assert name_proposal_state(close, now) == "等第二个人决定"
    reopened = close.model_copy(update={"state": "revoked"})
    assert name_proposal_state(reopened, now) == "已反结账"


# --- the writer ---


def test_what_somebody_wrote_is_no_formula_and_sums_are_numbers() -> None:
    day = datetime(2026, 1, 2, tzinfo=CHINA).date()
    rows: list[list[Cell]] = [["=1+1", "a\x00b", convert_fen(12_345), day, None]]
    book = load_workbook(BytesIO(write_report([ReportSheet("一/二:三" * 10, rows)])))
    [sheet] = book.worksheets
    [cells] = sheet.iter_rows()
    assert [cell.value for cell in cells[:3]] == ["'=1+1", "ab", 123.45]
    assert [cell.data_type for cell in cells[:3]] == ["s", "s", "n"]
    assert len(sheet.title) <= 31


def test_rows_beyond_a_sheets_end_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.sheets.report.ROWS_MAX", 3)
    content = write_report([ReportSheet("长", ([n] for n in range(7))), ReportSheet("空", ())])
    book = load_workbook(BytesIO(content))
    rows = [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
    assert (book.sheetnames, rows) == (
        ["长", "长 (2)", "长 (3)", "空"],
        [[0, 1, 2], [3, 4, 5], [6], []],
    )
