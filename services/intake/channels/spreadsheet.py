"""Sheets of requests: bytes in, rows out, each either a request or why it is none.

Headers and values in Chinese or English. The hospitals' event file of February 2020 is known by
its header (`hospital_needs`). Nothing here asks a service: who imports may be anywhere.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from services.intake.channels import hospital_needs
from services.intake.channels.columns import (
    REQUEST_COLUMNS,
    find_village_code,
    parse_request,
)
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import Channel
from shared.errors import Invalid, Problem
from shared.sheets import Column, Columns, RefusedRow, Row, Table, TotalRow, open_sheet
from shared.text import fold_text, fold_word
from shared.towns import load_towns
from shared.validation import describe_validation

_SECTION = re.compile(r"^[(\[]?[一二三四五六七八九十\d]{1,3}[)\]]?[、.:]?\s*|[:(].*$")
_READ_ALIKE = ("phone", "town", "category", "class", "amount", "amount_fen", "id_number")
"""Columns that are the same however they are written."""
_BESIDE = frozenset({"currency", "remark", "address"})
"""Columns that make no other row of one: what changes in them is a correction."""

HOSPITAL_COLUMNS = Columns(
    tuple(
        Column(name, name, required=True, may_be_empty=True)
        for name in sorted(hospital_needs.HEADER)
    )
)


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """line: in the sheet, from 1. key: the same row is the same message, however often imported.
    number: the sheet's own, empty where it has none. original: its cells as they were written.
    remarks: what of it was left out, and why."""

    line: int
    original: tuple[str, ...]
    key: str
    request: RequestSubmitted
    number: str = ""
    remarks: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetReading:
    """How one file is read. mapping: its headers by our columns' names. constants: what every row
    says. town: where neither a row nor the sheet's titles say one."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    town: str = ""


@dataclass(frozen=True, slots=True)
class RequestSheet:
    """Iterates over its rows, once; lines of totals are left out. town: of the whole sheet, as far
    as no line between the rows names another: 二、石排镇."""

    table: Table
    channel: Channel
    is_hospital_file: bool
    town: str = ""

    def __iter__(self) -> Iterator[SheetRequest | RefusedRow]:
        town = self.town
        for row in self.table:
            if isinstance(row, Row):
                yield self._read_request(row, town)
            elif isinstance(row, RefusedRow) and (section := _find_section_town(row.original)):
                town = section
            elif not isinstance(row, TotalRow):
                yield row

    def _read_request(self, row: Row, town: str) -> SheetRequest | RefusedRow:
        try:
            if self.is_hospital_file:
                texts = {name: row.texts.get(name, "") for name in hospital_needs.HEADER}
                fields = hospital_needs.build_hospital_request(texts, self.channel)
            else:
                fields = parse_request(row, self.channel, town)
            request = RequestSubmitted.model_validate(fields)
        except Invalid as error:
            return RefusedRow(row.line, row.original, error.problems)
        except ValidationError as error:
            return RefusedRow(row.line, row.original, describe_validation(error))
        number = str(row.values.get("number", ""))
        key = self._make_key(row, town)
        return SheetRequest(row.line, row.original, key, request, number, row.remarks)

    def _make_key(self, row: Row, town: str) -> str:
        """Its own number if it has one, with whose it is; else a digest of what it says.

        Every village counts its rows from 1. Where a row is corrected its number, place, collector
        and name stay. How a cell is written changes nothing: 200 and 200.00 are one.
        """
        number = row.values.get("number")
        village = find_village_code(row, town) or fold_word(row.text("village"))
        # In the order and letters of earlier releases, whose rows are corrected too.
        town_code, collector = (fold_text(row.text(name)) for name in ("town", "collector"))
        whose = [town_code, village, collector, fold_word(row.text("name"))]
        content: object = [number, *whose] if number else self._read_contents(row, village)
        framed = json.dumps([self.channel.value, content], ensure_ascii=False).encode()
        return f"row-{hashlib.sha256(framed).hexdigest()[:32]}"

    def _read_contents(self, row: Row, village: str) -> Sequence[tuple[str, str]]:
        """What it says in each column that is read; in the hospitals' file as it is written."""
        if self.is_hospital_file:
            cells = zip(self.table.headers, row.original, strict=False)
            return sorted((header, cell) for header, cell in cells if cell)
        names = sorted({*row.texts} - _BESIDE)
        contents = {name: fold_word(row.texts[name]) for name in names}
        contents |= {name: str(row.values[name]) for name in _READ_ALIKE if name in row.values}
        contents |= {"village": village} if village else {}
        return sorted(contents.items())


AS_IT_IS = SheetReading()


def read_requests(
    content: bytes, channel: Channel, skip: int | None = None, reading: SheetReading = AS_IT_IS
) -> RequestSheet:
    """skip: rows above the header. Raises Invalid when the file is no sheet of requests at all."""
    sheet = open_sheet(content)
    is_hospital_file = sheet.has_header(HOSPITAL_COLUMNS, skip)
    columns = HOSPITAL_COLUMNS if is_hospital_file else _adapt_columns(reading)
    table = sheet.find_table(columns, skip)
    table.check_unit("amount", "元")
    return RequestSheet(table, channel, is_hospital_file, _find_title_town(table) or reading.town)


def find_headers(content: bytes, reading: SheetReading = AS_IT_IS) -> tuple[str, ...]:
    """Of the row that comes nearest to a header, where none has all that is needed; none where no
    row knows a column. Raises Invalid where the file is no sheet."""
    return open_sheet(content).find_nearest_header(_adapt_columns(reading))


def _adapt_columns(reading: SheetReading) -> Columns:
    return replace(REQUEST_COLUMNS, mapping=reading.mapping, constants=reading.constants)


def _find_section_town(cells: Sequence[str]) -> str:
    """Of a line that is nothing but the name of a town: those below it are there."""
    filled = [fold_text(cell) for cell in cells if cell]
    name = _SECTION.sub("", filled[0]) if len(filled) == 1 else ""
    return next((code for code, each in load_towns().items() if each == name), "")


def _find_title_town(table: Table) -> str:
    """茶山镇2026年微心愿汇总表: where the titles and the worksheet name one town, in full."""
    texts = " ".join((*table.titles, table.worksheet))
    codes = {code for code, name in load_towns().items() if name in texts}
    return codes.pop() if len(codes) == 1 else ""
