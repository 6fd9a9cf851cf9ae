"""`guanjia audit vouchers|statements`: a month for the accountant, as `.xlsx`."""

from pathlib import Path
from typing import Annotated

import typer

from services.audit.cli.console import Where as LogPlace
from services.audit.cli.console import console, report_unreadable, report_unwritable
from services.audit.ledger.accounts import ChartError, load_chart
from services.audit.ledger.published import open_log
from services.audit.reports.disclosure.figures import Period, PeriodError
from services.audit.reports.statutory.accounts import StatutoryError
from services.audit.reports.statutory.dates import compare_dates
from services.audit.reports.statutory.statements import count_statements
from services.audit.reports.statutory.vouchers import list_vouchers
from services.audit.reports.statutory.workbook import write_statements, write_vouchers

Month = Annotated[str, typer.Option(metavar="YYYY-MM", help="月份 the month, as 2026-01")]
Out = Annotated[Path, typer.Option(dir_okay=False, help="写入此 .xlsx the file to write")]
ChartFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="会计科目表 a chart of your own")
]


def write_month_vouchers(where: LogPlace, month: Month, out: Out, chart: ChartFile = None) -> None:
    """记账凭证，可导入用友、金蝶。A month's vouchers, for the accountant's program."""
    period = _parse_month(month)
    try:
        with report_unreadable(), report_unwritable(out):
            log = open_log(where)
            count = write_vouchers(
                list_vouchers(log.read_entries(), period, load_chart(chart)), out
            )
    except (ChartError, StatutoryError) as error:
        raise typer.BadParameter(str(error)) from None
    console.print(f"{out}: {count} 张凭证 vouchers")


def write_month_statements(
    where: LogPlace,
    month: Month,
    out: Out,
    organisation: Annotated[str, typer.Option(help="编制单位 the organisation")] = "",
    chart: ChartFile = None,
) -> None:
    """资产负债表、业务活动表。Balance sheet and statement of activities."""
    period = _parse_month(month)
    try:
        with report_unreadable(), report_unwritable(out):
            log = open_log(where)
            accounts = load_chart(chart)
            statements = count_statements(log.read_entries(), period, accounts)
            dates = compare_dates(log.read_entries(), period, accounts)
            maker = organisation or log.origin
            write_statements(statements, dates, maker, accounts.standard, out)
    except (ChartError, StatutoryError) as error:
        raise typer.BadParameter(str(error)) from None
    console.print(f"{out}: 资产负债表、业务活动表 {month}")


def _parse_month(text: str) -> Period:
    try:
        period = Period.parse(text)
    except PeriodError as error:
        raise typer.BadParameter(str(error)) from None
    if "-" not in text:
        raise typer.BadParameter("月份写作 2026-01; a month is written 2026-01")
    return period
