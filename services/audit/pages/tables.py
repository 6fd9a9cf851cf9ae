"""The public figures to take away: CSV or a workbook, the same rows as the charts show."""

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from services.audit.overview import (
    MERGED,
    Overview,
    Sums,
    Use,
    add_months,
    add_uses,
    merge_few,
)
from services.audit.pages.charts import MERGED_NAME, name_category, name_town
from shared.sheets.cells import guard_cell
from shared.sheets.report import XLSX, ReportSheet, convert_fen, write_report

TableName = Literal["funds", "months", "categories", "towns"]
Format = Literal["csv", "xlsx"]
Row = list[str | int | Decimal]
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": XLSX,
}
_SUMS = (
    "上年结转(元)",
    "收到(元)",
    "划转净额(元)",
    "管理费(元)",
    "利息(元)",
    "银行手续费(元)",
    "退款(元)",
    "承诺(元)",
    "已拨付(元)",
    "已承诺未付(元)",
    "可用余额(元)",
)
_USES = ("笔数", "承诺(元)", "已拨付(元)")


def build_table(figures: Overview, name: TableName, fund: str = "") -> list[Row]:
    """With its header. fund: of this one alone; empty for all."""
    flows = [each for each in figures.funds.values() if not fund or each.id == fund]
    if name == "funds":
        rows = [[flow.id, flow.name, *_format_sums(flow.total)] for flow in flows]
        return [["基金编号", "基金名称", *_SUMS], *rows]
    if name == "months":
        months = add_months(flows).items()
        return [["月份", *_SUMS], *([month, *_format_sums(sums)] for month, sums in months)]
    name_code = name_category if name == "categories" else name_town
    uses = merge_few(add_uses(flows, name))
    rows = [
        [(MERGED_NAME if code == MERGED else name_code(code))[0], *_format_use(use)]
        for code, use in uses
    ]
    return [["类别" if name == "categories" else "镇街", *_USES], *rows]


def render_table(rows: list[Row], form: Format) -> bytes:
    """Names stay texts in a spreadsheet program, whatever they begin with; numbers are numbers."""
    if form == "xlsx":
        return write_report([ReportSheet("善款去向", rows)])
    text = io.StringIO(newline="")
    guarded = ([guard_cell(c) if isinstance(c, str) else c for c in row] for row in rows)
    csv.writer(text).writerows(guarded)
    return text.getvalue().encode("utf-8-sig")


def _format_sums(sums: Sums) -> Row:
    own = (sums.brought_forward, sums.income, sums.moved, sums.fees, sums.interest, sums.charges)
    promised = (sums.committed - sums.released, sums.spent, sums.outstanding, sums.remaining)
    return [convert_fen(fen) for fen in (*own, sums.refunded, *promised)]


def _format_use(use: Use) -> Row:
    return [use.cases, convert_fen(use.committed), convert_fen(use.spent)]
