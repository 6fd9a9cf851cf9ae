"""Sheets of requests: bytes in, rows out, each either a request or why it is none.

Headers and values in Chinese or English. The hospitals' event file of February 2020 is known by
its header (`hospital_needs`). Nothing here asks the house: who imports may be anywhere.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from services.intake.channels import hospital_needs
from services.intake.channels.columns import REQUEST_COLUMNS, parse_request
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import Channel
from shared.errors import Invalid, Problem
from shared.sheets import Column, Columns, RefusedRow, Row, Table, TotalRow, open_sheet
from shared.text import fold_text
from shared.towns import load_towns
from shared.validation import describe_validation

_WHOSE = ("town", "village", "collector", "name")
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
    """Iterates over its rows, once; lines of totals are left out. town: of the whole sheet."""

    table: Table
    channel: Channel
    is_hospital_file: bool
    town: str = ""

    def __iter__(self) -> Iterator[SheetRequest | RefusedRow]:
        for row in self.table:
            if isinstance(row, Row):
                yield self._read_request(row)
            elif not isinstance(row, TotalRow):
                yield row

    def _read_request(self, row: Row) -> SheetRequest | RefusedRow:
        try:
            if self.is_hospital_file:
                texts = {name: row.texts.get(name, "") for name in hospital_needs.HEADER}
                fields = hospital_needs.build_hospital_request(texts, self.channel)
            else:
                fields = parse_request(row, self.channel, self.town)
            request = RequestSubmitted.model_validate(fields)
        except Invalid as error:
            return RefusedRow(row.line, row.original, error.problems)
        except ValidationError as error:
            return RefusedRow(row.line, row.original, describe_validation(error))
        number = str(row.values.get("number", ""))
        key = self._make_key(row)
        return SheetRequest(row.line, row.original, key, request, number, row.remarks)

    def _make_key(self, row: Row) -> str:
        """Its own number if it has one, with whose it is; else a digest of what it says.

        Every village counts its rows from 1. Where a row is corrected its number, place, collector
        and name stay.
        """
        number = row.values.get("number")
        whose = [fold_text(str(row.values.get(name, ""))) for name in _WHOSE]
        content: object = [number, *whose] if number else sorted(self._read_contents(row).items())
        framed = json.dumps([self.channel.value, content], ensure_ascii=False).encode()
        return f"row-{hashlib.sha256(framed).hexdigest()[:32]}"

    def _read_contents(self, row: Row) -> Mapping[str, str]:
        """By their headers: of the columns that are read, or of all in the hospitals' file."""
        header = self.table.header
        read = [place for name, place in header.places.items() if name not in _BESIDE]
        places = range(header.width) if self.is_hospital_file else read
        return {
            header.cells[place]: row.original[place] if place < len(row.original) else ""
            for place in places
        }


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


def _find_title_town(table: Table) -> str:
    """茶山镇2026年微心愿汇总表: where the titles and the worksheet name one town, in full."""
    texts = " ".join((*table.titles, table.worksheet))
    codes = {code for code, name in load_towns().items() if name in texts}
    return codes.pop() if len(codes) == 1 else ""
