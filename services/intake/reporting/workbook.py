"""The figures as a workbook: one sheet for each table, numbers as numbers."""

from collections.abc import Iterable, Iterator, Sequence

from services.intake.reporting.figures import STATES_ZH, Line, Table
from shared.sheets.report import Cell, ReportSheet, convert_fen

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


def list_sheets(tables: Iterable[Table]) -> list[ReportSheet]:
    """Their words are ours: nothing that a person wrote stands in them."""
    return [ReportSheet(table.zh, _list_rows(table)) for table in tables]


def _list_rows(table: Table) -> Iterator[Sequence[Cell]]:
    yield _HEAD
    yield from map(_make_row, (*table.lines, table.total))
    if table.absent:
        yield ("尚无登记", "、".join(table.absent.values()))


def _make_row(line: Line) -> list[Cell]:
    figures = line.figures
    return [
        line.label,
        figures.requests,
        *(line.by_state.get(state, 0) for state in STATES_ZH),
        line.in_hand,
        line.covered_percent,
        convert_fen(figures.fen),
        figures.waited_days,
        figures.took_days,
        line.waiting_days,
    ]
