"""A report as an .xlsx: sums are numbers, days are days, and what somebody wrote stays text."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from shared.sheets.cells import guard_cell

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONEY_FORMAT = "#,##0.00"
TITLE_MAX = 31
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
ROWS_MAX = 1_048_576
"""Of one sheet."""

Cell = str | int | float | Decimal | date | None


@dataclass(frozen=True, slots=True)
class ReportSheet:
    """rows: the first may be its header. widths: by the letter of a column."""

    title: str
    rows: Iterable[Sequence[Cell]]
    widths: Mapping[str, int] = field(default_factory=dict)


def convert_fen(amount_fen: int) -> Decimal:
    """To yuan, as a sheet has it."""
    return Decimal(amount_fen).scaleb(-2)


def write_report(sheets: Iterable[ReportSheet]) -> bytes:
    """Blocking. Rows are read one by one; those beyond a sheet's end go on in another."""
    from openpyxl import Workbook  # an auditor who wants no workbook does without it

    book = Workbook(write_only=True)
    for sheet in sheets:
        _add_sheet(book, sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _add_sheet(book: "Workbook", sheet: ReportSheet) -> None:
    rows, number, is_written = iter(sheet.rows), 0, False
    while True:
        some = islice(rows, ROWS_MAX)
        first = next(some, None)
        if first is None and is_written:
            return
        number, is_written = number + 1, True
        title = sheet.title if number == 1 else f"{sheet.title[: TITLE_MAX - 5]} ({number})"
        page = book.create_sheet(_NOT_IN_TITLES.sub(" ", title)[:TITLE_MAX])
        for letter, width in sheet.widths.items():
            page.column_dimensions[letter].width = width
        if first is None:
            return
        page.append(_format_row(page, first))
        for row in some:
            page.append(_format_row(page, row))


def _format_row(page: "Worksheet", row: Sequence[Cell]) -> list[object]:
    return [_format_cell(page, cell) for cell in row]


def _format_cell(page: "Worksheet", cell: Cell) -> object:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(cell, str):
        return guard_cell(_drop_controls(cell))
    if isinstance(cell, Decimal):
        sum_ = WriteOnlyCell(page)
        sum_.value = cell
        sum_.number_format = MONEY_FORMAT
        return sum_
    return cell


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _drop_controls(text: str) -> str:
    """No sheet can hold them."""
    return _CONTROLS.sub("", text)
