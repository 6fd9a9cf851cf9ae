"""From the published log: statements, vouchers and the journal of a month, and the chart."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import chain

from services.audit.exports.tables import list_rows
from services.audit.ledger.accounts import Chart, parse_chart, read_chart_file
from services.audit.ledger.kinds import KINDS
from services.audit.ledger.published import PublishedLog, day_of, open_log
from services.audit.model.beginning import FoundationChart
from services.audit.pages.downloads.messages import YEAR_UNKNOWN
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.statutory.dates import compare_dates
from services.audit.reports.statutory.statements import count_statements
from services.audit.reports.statutory.vouchers import list_vouchers
from services.audit.reports.statutory.workbook import build_voucher_sheet, list_statement_sheets
from services.audit.resources import AuditRuntime
from shared import mongo
from shared.sheets.report import Cell, ReportSheet, convert_fen
from shared.web.access import Denied


async def build_statements(
    runtime: AuditRuntime,
    month: Period,
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    """Raises StatutoryError, as `build_vouchers` does once it is read."""
    log, chart = await _open(runtime, month)
    name = runtime.settings.foundations[runtime.settings.default_foundation]

    def count() -> list[ReportSheet]:
        statements = count_statements(log.read_entries(), month, chart)
        dates = compare_dates(log.read_entries(), month, chart)
        return list_statement_sheets(statements, dates, name, chart.standard)

    return await asyncio.to_thread(count)


async def build_vouchers(
    runtime: AuditRuntime,
    month: Period,
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    log, chart = await _open(runtime, month)
    return [build_voucher_sheet(list_vouchers(log.read_entries(), month, chart))]


JOURNAL = (
    *("入账日", "银行日", "账本条目", "类型", "基金", "科目代码", "科目名称", "借方（元）"),
    *("贷方（元）", "物资", "借方数量", "贷方数量", "单位", "业务编号", "依据", "银行流水号"),
)


async def build_journal(
    runtime: AuditRuntime,
    month: Period,
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    """By the day of entry, every leg, promises and goods too."""
    log, chart = await _open(runtime, month)
    return [ReportSheet("日记账", chain([JOURNAL], _list_legs(log, chart, month)))]


def _list_legs(log: PublishedLog, chart: Chart, month: Period) -> Iterator[Sequence[Cell]]:
    for leg in list_rows(log, chart):
        recorded_on = day_of(str(leg["recorded_at"]))
        if recorded_on in month:
            yield _make_leg_row(leg, recorded_on)


def _make_leg_row(leg: dict[str, object], recorded_on: date) -> Sequence[Cell]:
    amount, quantity = leg.get("amount_fen"), leg.get("quantity")
    money = convert_fen(amount) if isinstance(amount, int) else None
    things = quantity if isinstance(quantity, int) else None
    is_debit = leg["side"] == "debit"
    return (
        recorded_on,
        day_of(str(leg["effective_at"])),
        f"{leg['log']}#{leg['index']}",
        KINDS[str(leg["kind"])].zh,
        str(leg["fund"]),
        str(leg["account_code"]),
        str(leg["account_title"] or leg["account"]),
        money if is_debit else None,
        None if is_debit else money,
        str(leg.get("item", "")),
        things if is_debit else None,
        None if is_debit else things,
        str(leg.get("unit", "")),
        str(leg["subject"]),
        str(leg.get("authorisation", "")),
        str(leg.get("reference", "")),
    )


async def build_chart(
    runtime: AuditRuntime,
    period: Period,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
) -> list[ReportSheet]:
    chart = await load_own_chart(runtime)
    rows = [
        (role, account.code, account.title, account.name)
        for role, account in chart.accounts.items()
    ]
    head = [[f"依据：{chart.standard}"], ["用途", "科目代码", "科目名称", "账本科目"]]
    return [ReportSheet("会计科目表", [*head, *rows])]


async def load_own_chart(runtime: AuditRuntime) -> Chart:
    """Of our own foundation, in force."""
    own = await mongo.load(runtime.database, FoundationChart, runtime.settings.default_foundation)
    return parse_chart(own.toml if own else read_chart_file(runtime.settings.chart_file))


async def _open(runtime: AuditRuntime, period: Period) -> tuple[PublishedLog, Chart]:
    """Raises Denied."""
    log = await asyncio.to_thread(find_year, runtime, period.start.year)
    if log is None:
        raise Denied(YEAR_UNKNOWN.refusal(404, year=period.start.year))
    return log, await load_own_chart(runtime)


def find_year(runtime: AuditRuntime, year: int) -> PublishedLog | None:
    """Our own foundation's log of a year, as it is published. Blocking."""
    settings, logs = runtime.settings, runtime.resources
    name = logs.name_of(settings.format_origin(settings.default_foundation, year))
    return open_log(logs.open_log_source(name)) if logs.read_checkpoint(name) else None
