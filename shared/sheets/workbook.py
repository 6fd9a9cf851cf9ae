"""Rows of an .xlsx: numbers, dates and texts as the text that a person would have typed."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from shared.errors import Invalid
from shared.sheets.delimited import RawRow
from shared.sheets.messages import FILE_FORMAT_UNKNOWN, FILE_TOO_LARGE

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet as OpenedWorksheet

MEGABYTE = 1 << 20
UNPACKED_MAX = 256 * MEGABYTE
COLUMNS_MAX = 1024
ROWS_MAX = 1_048_576
SURE_DIGITS = 15
"""What a spreadsheet program keeps of a number."""


@dataclass(frozen=True, slots=True)
class Worksheet:
    name: str
    is_visible: bool
    rows: tuple[RawRow, ...]


def is_workbook(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


def read_workbook(content: bytes) -> tuple[Worksheet, ...]:
    """Those sheets that hold something. Raises Invalid when it is no .xlsx, or too large a one."""
    import openpyxl  # an auditor's machine does not have it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED_MAX:
                raise FILE_TOO_LARGE.invalid(megabytes=UNPACKED_MAX // MEGABYTE)
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        sheets = [
            Worksheet(sheet.title, sheet.sheet_state == "visible", tuple(_read_rows(sheet)))
            for sheet in book.worksheets
        ]
    except Invalid:
        raise
    except Exception as error:  # Whatever the libraries raise: the content is from outside.
        raise FILE_FORMAT_UNKNOWN.invalid() from error
    return tuple(sheet for sheet in sheets if sheet.rows)


def _read_rows(sheet: "OpenedWorksheet") -> Iterator[RawRow]:
    """Without empty rows; the numbers are the spreadsheet's own."""
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    if isinstance(sheet, ReadOnlyWorksheet):
        sheet.reset_dimensions()  # Some programs write wrong ones.
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if line > ROWS_MAX or any(values[COLUMNS_MAX:]):
            raise FILE_TOO_LARGE.invalid(megabytes=UNPACKED_MAX // MEGABYTE)
        cells = [format_value(value) for value in values[:COLUMNS_MAX]]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield RawRow(line, tuple(cells))


def format_value(value: object) -> str:
    """A number with more digits than the program keeps is written so that it is refused."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case int():
            text = str(value)
            return text if len(text.lstrip("-")) <= SURE_DIGITS else f"{value:E}"
        case float():
            return _format_float(value)
        case datetime():
            rounded = _round_to_second(value)
            is_day = rounded.time() == time()
            return rounded.date().isoformat() if is_day else rounded.isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _format_float(value: float) -> str:
    if value.is_integer():
        return str(int(value)) if abs(value) < 10**SURE_DIGITS else f"{value:E}"
    text = repr(value)
    return text if "e" not in text else f"{value:.20f}".rstrip("0")


def _round_to_second(moment: datetime) -> datetime:
    """A day is kept as a binary fraction: 8:30:00 comes as 8:29:59.999997."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
