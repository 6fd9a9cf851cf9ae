"""The figures as a workbook: one sheet for each table, numbers as numbers."""

import io
from collections.abc import Iterable

from openpyxl import Workbook

from services.intake.reporting.figures import STATES_ZH, Line, Table
from shared.money import format_yuan_plain

SHEET_TITLE_MAX = 31
_HEAD = (
    "项目",
    "件数",
    *STATES_ZH.values(),
    "在办",
    "覆盖率（%）",
    "公开的需求（元）",
    "平均审批（天）",
    "平均办结（天）",
    "在办平均已等（天）",
)


def write_workbook(tables: Iterable[Table]) -> bytes:
    """Its words are ours: nothing that a person wrote stands in it."""
    book = Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.zh[:SHEET_TITLE_MAX])
        sheet.append(_HEAD)
        for line in (*table.lines, table.total):
            sheet.append(_make_row(line))
        if table.absent:
            sheet.append(["没有登记的", "、".join(table.absent.values())])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _make_row(line: Line) -> list[str | int | float | None]:
    figures = line.figures
    return [
        line.label,
        figures.requests,
        *(line.by_state.get(state, 0) for state in STATES_ZH),
        line.in_hand,
        line.covered_percent,
        float(format_yuan_plain(figures.fen)),
        figures.waited_days,
        figures.took_days,
        line.waiting_days,
    ]
