"""Rows of an .xlsx: numbers, dates and texts as the text that a person would have typed."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from shared.errors import Invalid
from shared.sheets.delimited import COLUMNS_MAX, RawRow
from shared.sheets.messages import FILE_FORMAT_UNKNOWN, FILE_TOO_LARGE

if TYPE_CHECKING:
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.worksheet.worksheet import Worksheet as OpenedWorksheet

MEGABYTE = 1 << 20
UNPACKED_MAX = 256 * MEGABYTE
ROWS_MAX = 1_048_576
SURE_DIGITS = 15
"""What a spreadsheet program keeps of a number."""
MERGED_MAX = 100_000
"""Cells that have their value from one above."""

Place = tuple[int, int]
"""A row, from 1, and a column, from 0."""
Merged = Mapping[int, Mapping[int, Place]]
"""By row and column, cells that are merged with one above: the first of their block, which alone
has the value."""
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_TAG_MAX = 200


@dataclass(frozen=True, slots=True)
class Worksheet:
    name: str
    is_visible: bool
    rows: tuple[RawRow, ...]


def is_workbook(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


def check_unpacked(content: bytes, megabytes: int) -> None:
    """Of a file that may be an archive: what it states to hold. Raises Invalid."""
    if not is_workbook(content):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
    except Exception as error:  # Whatever the library raises: the content is from outside.
        raise FILE_FORMAT_UNKNOWN.invalid() from error
    if unpacked > megabytes * MEGABYTE:
        raise FILE_TOO_LARGE.invalid(megabytes=megabytes)


def read_workbook(content: bytes) -> tuple[Worksheet, ...]:
    """Those sheets that hold something. Raises Invalid when it is no .xlsx, or too large a one."""
    from openpyxl.reader.excel import ExcelReader  # an auditor's machine does not have it

    check_unpacked(content, UNPACKED_MAX // MEGABYTE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            reader = ExcelReader(
                io.BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
            reader.read()
            sheets = [
                Worksheet(
                    sheet.title,
                    sheet.sheet_state == "visible",
                    tuple(_read_rows(sheet, _find_merged(packed, path))),
                )
                for sheet, path in zip(reader.wb.worksheets, _list_paths(reader), strict=True)
            ]
    except Invalid:
        raise
    except Exception as error:  # Whatever the libraries raise: the content is from outside.
        raise FILE_FORMAT_UNKNOWN.invalid() from error
    return tuple(sheet for sheet in sheets if sheet.rows)


def _list_paths(reader: "ExcelReader") -> list[str]:
    """Where each worksheet is in the archive; sheets of one name are told apart by their order."""
    return [
        part.target
        for _, part in reader.parser.find_sheets()
        if part.target in reader.valid_files and "chartsheet" not in part.Type
    ]


def _find_merged(packed: zipfile.ZipFile, path: str) -> Merged:
    """They are listed behind all the rows. path: of the sheet in the archive."""
    merged: dict[int, dict[int, Place]] = {}
    count = 0
    with packed.open(path) as part:
        before = b""
        while chunk := part.read(MEGABYTE):
            text = before + chunk
            for match in _MERGED.finditer(text):
                left, top, _, bottom = match.groups()
                count += max(int(bottom) - int(top), 0)
                if count > MERGED_MAX:
                    raise FILE_TOO_LARGE.invalid(megabytes=UNPACKED_MAX // MEGABYTE)
                first = (int(top), _read_letters(left))
                for line in range(first[0] + 1, int(bottom) + 1):
                    merged.setdefault(line, {})[first[1]] = first
            before = text[-_TAG_MAX:]
    return merged


def _read_letters(letters: bytes) -> int:
    """A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _read_rows(sheet: "OpenedWorksheet", merged: Merged) -> Iterator[RawRow]:
    """Without empty rows; the numbers are the spreadsheet's own."""
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    if isinstance(sheet, ReadOnlyWorksheet):
        sheet.reset_dimensions()  # Some programs write wrong ones.
    firsts = {first: "" for places in merged.values() for first in places.values()}
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if line > ROWS_MAX or any(values[COLUMNS_MAX:]):
            raise FILE_TOO_LARGE.invalid(megabytes=UNPACKED_MAX // MEGABYTE)
        cells = [format_value(value) for value in values[:COLUMNS_MAX]]
        firsts |= {(line, at): cell for at, cell in enumerate(cells) if (line, at) in firsts}
        spread = _fill_merged(cells, merged.get(line, {}), firsts) if line in merged else ()
        while cells and not cells[-1]:
            cells.pop()
        if sum(map(bool, cells)) > len(spread):
            yield RawRow(line, tuple(cells), merged=frozenset(spread))


def _fill_merged(
    cells: list[str], places: Mapping[int, Place], firsts: Mapping[Place, str]
) -> list[int]:
    """Where a value was filled in."""
    cells += [""] * (max(places, default=0) + 1 - len(cells))
    spread = [at for at, first in places.items() if firsts[first] and not cells[at]]
    for at in spread:
        cells[at] = firsts[places[at]]
    return spread


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
