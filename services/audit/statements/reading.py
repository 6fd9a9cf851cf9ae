"""A statement's rows: each a gift with its giver, or why it is none. One at a time in memory.

Amounts in yuan or with their Chinese unit; a time without zone is China's, a date its midnight.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TextIO

from pydantic import ValidationError

from services.audit.statements.layout import NEEDED, Layout
from shared.contracts.events import Applicant, DonationReceived, StatementRow
from shared.contracts.values import CHINA
from shared.errors import Invalid
from shared.money import parse_amount
from shared.text import fold_text
from shared.validation import describe_validation

NOBODY = "P-not-registered-yet"
NO_REFERENCE = "none"
ENCODINGS = ("utf-8-sig", "gb18030")
PIECE_BYTES = 1 << 20
NAME_MAX = 100

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}:\d{2}.*))?")


@dataclass(frozen=True, slots=True)
class Gift:
    """line: in the file, from 1. giver: name and perhaps phone, as intake registers a party.

    fact: without its donor_id, which intake gives when the giver is registered there.
    reference: the bank's own; empty when it gave none.
    """

    line: int
    giver: dict[str, str]
    fact: DonationReceived
    reference: str

    @property
    def listed(self) -> StatementRow:
        assert self.fact.statement is not None
        return self.fact.statement


@dataclass(frozen=True, slots=True)
class Refused:
    line: int
    field: str
    zh: str
    en: str


def decoded(file: BinaryIO) -> TextIO:
    """UTF-8 or GB18030, found out piece by piece. Raises Invalid when it is neither."""
    for encoding in ENCODINGS:
        file.seek(0)
        if _is_written_in(file, encoding):
            file.seek(0)
            return io.TextIOWrapper(file, encoding=encoding, newline="")
    raise Invalid.of("encoding_unknown", "文件编码无法识别", "neither UTF-8 nor GB18030")


def _is_written_in(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(PIECE_BYTES):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def read(text: TextIO, name: str, layout: Layout) -> Iterator[Gift | Refused]:
    """name: the file's. Raises Invalid when it is no statement at all."""
    lines = csv.reader(text)
    try:
        headers = next(lines, [])
        places = layout.named(headers)
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield _row(lines.line_num, cells, len(headers), places, layout, name)
    except csv.Error as error:
        zh, en = f"第 {lines.line_num} 行不是 CSV", f"line {lines.line_num} is no CSV: {error}"
        raise Invalid.of("not_csv", zh, en) from None


def _row(
    line: int,
    cells: Sequence[str],
    width: int,
    places: Mapping[str, int],
    layout: Layout,
    name: str,
) -> Gift | Refused:
    if len(cells) > width:  # an amount with a comma that nobody quoted, and all is shifted
        return Refused(line, "", "单元格多于表头", "more cells than the header has")
    said = {ours: cells[place].strip() for ours, place in places.items() if place < len(cells)}
    values = {"statement": name[:NAME_MAX], "row": str(line)} | dict(layout.constants)
    values |= {ours: value for ours, value in said.items() if value}
    for needed in NEEDED:
        if not values.get(needed):
            return Refused(line, needed, "缺少此项", "is missing")
    try:
        return _gift(line, values, layout.amounts.unit)
    except ValidationError as error:
        problem = describe_validation(error)[0]
    except Invalid as error:
        problem = error.problems[0]
    return Refused(line, problem.field, problem.zh, problem.en)


def _gift(line: int, values: Mapping[str, str], unit: str) -> Gift:
    """Raises Invalid and ValidationError."""
    giver = {"name": " ".join(values["name"].split())}
    if values.get("phone"):
        giver["phone"] = values["phone"]
    Applicant.model_validate(giver)
    reference = values.get("bank_reference", "")
    fact = DonationReceived(
        donor_id=NOBODY,
        fund_id=values["fund_id"],
        amount_fen=parse_amount(values["amount"], "amount", unit),
        received_at=_moment(values["received_at"]),
        bank_reference=reference or NO_REFERENCE,
        statement=StatementRow(statement=values["statement"], row=_number(values["row"])),
        designation=values.get("designation", ""),
    )
    return Gift(line, giver, fact, reference)


def _number(text: str) -> int:
    """Raises Invalid."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise Invalid.of("row_wrong", "行号不正确", "not a row's number", "row")
    return int(text)


def _moment(text: str) -> datetime:
    """Raises Invalid."""
    day = _DAY.fullmatch(fold_text(text))
    iso = f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}" if day else fold_text(text)
    clock = day[4] if day and day[4] else ""
    if clock:
        iso += "T" + (clock if clock[1] != ":" else f"0{clock}")
    try:
        found = datetime.fromisoformat(iso)
    except ValueError:
        raise Invalid.of(
            "time_wrong", "时间不正确，如 2022-01-20 08:30", "not a date or time", "received_at"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)
