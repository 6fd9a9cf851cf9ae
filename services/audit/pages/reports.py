"""报表: every report, each a workbook to take away."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from services.audit.model.months import Month
from services.audit.pages.downloads import REPORTS, BookReport
from services.audit.pages.downloads.messages import (
    ACCOUNT_UNPLACED,
    PERIOD_UNREAD,
    REPORT_UNKNOWN,
)
from services.audit.pages.finance import Reader
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.reports.disclosure.figures import Period, PeriodError
from services.audit.reports.statutory.accounts import StatutoryError
from services.audit.resources import AuditRuntimeDep
from shared.contracts.values import CHINA
from shared.text import EMPTY_AS_NONE
from shared.web.access import Denied
from shared.web.downloads import attach_report
from shared.web.staff import PageRouter

router = PageRouter()
REPORTS_PATH = FINANCE_PATH + "/reports"


@router.get(REPORTS_PATH)
async def show_reports(
    _caller: Reader,
    request: Request,
    runtime: AuditRuntimeDep,
    month: Annotated[Month | None, Query(), EMPTY_AS_NONE] = None,
) -> Response:
    """Of the month that is asked for, by default the last that is over, and of its year."""
    chosen = month or _find_last_month(await runtime.processor.now())
    groups: dict[str, list[BookReport]] = {covers: [] for covers in ("month", "year", "now")}
    for report in REPORTS.values():
        groups[report.covers].append(report)
    return PAGES.render_for(
        request,
        "reports.html",
        month=chosen,
        groups=groups,
        periods={"month": chosen, "year": chosen[:4], "now": ""},
    )


@router.get(REPORTS_PATH + "/{name}.xlsx")
async def download_report(
    name: str,
    _caller: Reader,
    runtime: AuditRuntimeDep,
    period: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Reading the books and writing the workbook are in no queue: each download has its own."""
    report = REPORTS.get(name)
    if report is None:
        raise Denied(REPORT_UNKNOWN.refusal(404))
    now = await runtime.processor.now()
    days = _parse_period(report, period, now)
    try:
        sheets = await report.build(runtime, days, now)
    except StatutoryError as error:
        raise Denied(ACCOUNT_UNPLACED.refusal(409, text=str(error))) from None
    about = days.name if report.covers != "now" else f"{now.astimezone(CHINA):%Y-%m-%d}"
    return await attach_report(sheets, f"guanjia-{report.name}-{about}")


def _parse_period(report: BookReport, text: str, now: datetime) -> Period:
    """Raises Denied where it is not of the kind that the report covers."""
    if report.covers == "now" or not text:
        month = _find_last_month(now)
        return Period.parse(month[:4] if report.covers == "year" else month)
    try:
        period = Period.parse(text)
    except PeriodError:
        raise Denied(PERIOD_UNREAD.refusal(422, "period")) from None
    if ("-" in text) is not (report.covers == "month") or "Q" in text:
        raise Denied(PERIOD_UNREAD.refusal(422, "period"))
    return period


def _find_last_month(now: datetime) -> str:
    first = now.astimezone(CHINA).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"
