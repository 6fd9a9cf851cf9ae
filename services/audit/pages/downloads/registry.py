"""Which reports there are, what they are called, and who writes their sheets.

A report is a row here, a page or a read of it, and a row in `tests/contracts/reports.py`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.audit.pages.downloads import bank, books, disclosure, holdings
from services.audit.pages.proposal_forms import Texts
from services.audit.reports.disclosure.figures import Period
from services.audit.resources import AuditRuntime
from shared.sheets.report import ReportSheet

Covers = Literal["now", "month", "year"]
Build = Callable[[AuditRuntime, Period, datetime], Awaitable[list[ReportSheet]]]
"""Of a month, a year, or of this moment; sheets may read on while they are written."""


@dataclass(frozen=True, slots=True)
class BookReport:
    """name: of its file. covers: a month, a year, or as things stand."""

    name: str
    names: Texts
    covers: Covers
    build: Build


REPORTS: Mapping[str, BookReport] = {
    report.name: report
    for report in (
        BookReport(
            "statements",
            ("资产负债表、业务活动表", "Balance sheet and activity statement"),
            "month",
            books.build_statements,
        ),
        BookReport("vouchers", ("记账凭证", "Vouchers"), "month", books.build_vouchers),
        BookReport("journal", ("日记账", "Journal"), "month", books.build_journal),
        BookReport(
            "month", ("月结：银行与账面", "Month close: bank and books"), "month", bank.build_month
        ),
        BookReport(
            "disclosure",
            ("信息公开：各项数字和到期事项", "Disclosure: figures and what falls due"),
            "year",
            disclosure.build_disclosure,
        ),
        BookReport(
            "accounts",
            ("各账户逐月对账：对账单与账面", "Accounts by month: statements and books"),
            "year",
            bank.build_accounts,
        ),
        BookReport("funds", ("基金", "Funds"), "now", holdings.build_funds),
        BookReport("open", ("待办事项", "What is open"), "now", bank.build_open),
        BookReport(
            "decisions",
            ("双人复核事项", "What two people decide"),
            "now",
            holdings.build_decisions,
        ),
        BookReport("payables", ("应付款", "What is due"), "now", holdings.build_payables),
        BookReport("orders", ("付款单", "Payment orders"), "now", holdings.build_orders),
        BookReport(
            "reconciliation",
            ("认捐、银行、账本三方核对", "Pledges, bank and ledger compared"),
            "now",
            bank.build_reconciliation,
        ),
        BookReport(
            "statement-lists",
            ("各对账单、名单及重叠", "Statements and lists, and where they overlap"),
            "now",
            bank.build_statement_lists,
        ),
        BookReport("stocks", ("库存物资", "Goods in store"), "now", holdings.build_stocks),
        BookReport(
            "invoices",
            ("未开捐赠票据的捐款", "Gifts without an invoice"),
            "now",
            holdings.build_invoices,
        ),
        BookReport("chart", ("会计科目表", "Chart of accounts"), "now", books.build_chart),
    )
}
