"""A sheet as a table: its header is found, its rows are read cell by cell or refused with reasons.

The first row that has the needed columns is the header; what stands above it are titles.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from shared.errors import Invalid, Problem
from shared.money import find_foreign_currency
from shared.sheets.asides import is_note, is_prepared, is_total
from shared.sheets.cells import check_not_an_error, unwrap_cell
from shared.sheets.columns import Column, Columns, Header
from shared.sheets.decoding import decode_text, is_damaged
from shared.sheets.delimited import COLUMNS_MAX, SEPARATORS, DelimitedRows, RawRow
from shared.sheets.messages import (
    BYTES_DAMAGED,
    CELLS_SURPLUS,
    FILE_FORMAT_UNKNOWN,
    FILE_TOO_LARGE,
    HEADER_CHANGED,
    QUOTE_UNCLOSED,
    SHEET_FOREIGN,
    UNIT_UNCLEAR,
    VALUE_DROPPED,
    VALUE_MERGED,
    VALUE_MISSING,
)
from shared.sheets.workbook import MEGABYTE, Worksheet, is_workbook, read_workbook
from shared.text import fold_word

HEADER_WITHIN_ROWS = 30
HEADER_WITHIN_LINES = 1000
"""Blank ones too: a file of nothing else is not read to its end by each way to read it."""
FILE_MAX = 256 * MEGABYTE

_UNIT = r"(?P<unit>(?:人民币)?[百千万亿]*元|[角分])"
_UNIT_IN_TITLE = re.compile(rf"单位[:：\s]\s*{_UNIT}(?![\u4e00-\u9fff])")
_UNIT_IN_HEADER = re.compile(rf"(?:^|[(\[【/:,_\-]|[额款数]){_UNIT}[)\]】]?$")
_OTHER_FILES = (
    *(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"%PDF",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"Rar!",
        b"7z\xbc\xaf",
    ),
    *(b"{\\rtf", b"<", b"\xef\xbb\xbf<"),
)
"""How old or locked workbooks begin, and what is no sheet: web pages saved as .xls among it."""


@dataclass(frozen=True, slots=True)
class Row:
    """line: as a person counts the rows of the sheet. values: what the columns' readers made of
    it, by column name, without what is empty. texts: the same cells as they were written.
    original: all its cells. remarks: what is said of a row that is read nevertheless."""

    line: int
    values: Mapping[str, object]
    texts: Mapping[str, str]
    original: tuple[str, ...]
    remarks: tuple[Problem, ...] = ()

    def text(self, name: str) -> str:
        """Of a column that is read as text; empty where there is none."""
        value = self.values.get(name, "")
        assert isinstance(value, str)
        return value


@dataclass(frozen=True, slots=True)
class RefusedRow:
    line: int
    original: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class TotalRow:
    """合计, 小计 ...: no row of its own; who wants to check sums finds its cells in `texts`."""

    line: int
    texts: Mapping[str, str]


@dataclass(slots=True)
class Table:
    """Iterates over its rows, once. titles: what stands above the header. unread: headers of
    columns, and names of worksheets, that were not read. worksheet: the name of the one read."""

    header: Header
    titles: tuple[str, ...]
    unread: tuple[str, ...]
    _columns: Columns
    _rows: Iterable[RawRow]
    _source: "DelimitedRows | None" = None
    _characters: int = 0
    worksheet: str = ""
    _first_named: int = field(init=False, default=0)
    _words: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        named = (at for at, cell in enumerate(self.header.cells) if cell)
        self._first_named = next(named, 0)
        self._words = frozenset(cell for cell in self.header.cells if cell)
        if self._source is not None:
            self._source.width = self.header.width
            self._source.is_good_row = self._is_good_row

    @property
    def headers(self) -> tuple[str, ...]:
        return self.header.cells

    @property
    def progress(self) -> float:
        """How much of the file is read, from 0 to 1."""
        if self._source is None or not self._characters:
            return 1.0
        return min(self._source.characters_read / self._characters, 1.0)

    def check_unit(self, name: str, unit: str) -> None:
        """That neither a title nor the header states amounts in another unit. Raises Invalid."""
        header = self._find_header(name)
        stated = [match for title in self.titles if (match := _UNIT_IN_TITLE.search(title))]
        stated += [match for match in (_UNIT_IN_HEADER.search(fold_word(header)),) if match]
        for match in stated:
            if match["unit"] not in (unit, f"人民币{unit}"):
                raise UNIT_UNCLEAR.invalid(name, stated=match["unit"], unit=unit)

    def check_yuan(self, name: str) -> None:
        """That none of them, nor the worksheet's name, speaks of another currency. Raises
        Invalid."""
        for text in (self._find_header(name), *self.titles, self.worksheet):
            if currency := find_foreign_currency(text):
                raise SHEET_FOREIGN.invalid(name, stated=currency)

    def _find_header(self, name: str) -> str:
        place = self.header.places.get(name)
        return self.headers[place] if place is not None else ""

    def __iter__(self) -> Iterator[Row | RefusedRow | TotalRow]:
        changed_at = 0
        for raw in self._rows:
            cells = tuple(unwrap_cell(cell) for cell in raw.cells)
            if not any(cells) or is_note(cells) or self._is_prepared(cells):
                continue
            if not self._words.isdisjoint(cells) and self._columns.is_header(cells):
                # Printed again on each page; with other columns it begins another table.
                changed_at = 0 if self._is_same_header(cells) else raw.line
            elif changed_at:
                yield RefusedRow(raw.line, cells, (HEADER_CHANGED.problem(line=changed_at),))
            elif raw.problem or any(is_damaged(cell) for cell in raw.cells):
                yield RefusedRow(raw.line, cells, (raw.problem or BYTES_DAMAGED.problem(),))
            else:
                yield self._read_row(replace(raw, cells=cells))

    def _is_prepared(self, cells: Sequence[str]) -> bool:
        numbered = {*range(self._first_named), *self.header.unread}
        return is_prepared(cells, numbered, self.header.places.values())

    def _is_same_header(self, cells: tuple[str, ...]) -> bool:
        try:
            return self._columns.read_header(cells).places == self.header.places
        except Invalid:
            return False

    def _is_good_row(self, cells: tuple[str, ...]) -> bool:
        row = self._read_row(RawRow(0, tuple(unwrap_cell(cell) for cell in cells)))
        return isinstance(row, Row)

    def _read_row(self, raw: RawRow) -> Row | RefusedRow | TotalRow:
        if problem := self._find_flaw(raw):
            return RefusedRow(raw.line, raw.cells, (problem,))
        texts = {
            name: text
            for name in self.header.places
            if (text := self.header.take_text(raw.cells, name))
        }
        if self._is_total(raw.cells, texts):
            return TotalRow(raw.line, texts)
        if against := self._find_objections(raw.cells):
            return RefusedRow(raw.line, raw.cells, against)
        values: dict[str, object] = {}
        problems: list[Problem] = []
        remarks: list[Problem] = []
        for column in self._columns.columns:
            text = texts.get(column.name) or self._columns.constants.get(column.name, "")
            try:
                if self.header.places.get(column.name) in raw.merged and column.single:
                    raise VALUE_MERGED.invalid(column.name, label=column.label)
                if not column.is_absent(text) or self._refuses_blank(column):
                    check_not_an_error(text, column.name, column.label)
                    values[column.name] = column.parse(text, column.name)
                elif column.required and not column.may_be_empty:
                    raise VALUE_MISSING.invalid(column.name, label=column.label)
            except Invalid as error:
                forgiven = all(problem.code in column.forgiven for problem in error.problems)
                (remarks if forgiven else problems).extend(
                    _describe_drop(column, error) if forgiven else error.problems
                )
        if problems:
            return RefusedRow(raw.line, raw.cells, tuple(problems))
        return Row(raw.line, values, texts, raw.cells, tuple(remarks))

    def _refuses_blank(self, column: Column) -> bool:
        return not column.takes_blank and column.name in self.header.places

    def _is_total(self, cells: Sequence[str], texts: Mapping[str, str]) -> bool:
        """A row that has all it needs is none for the word 合计 in one of its side fields."""
        needed = [texts.get(column.name, "") for column in self._columns.columns if column.required]
        first = next(cell for cell in cells if cell)
        if any(is_total(cell) for cell in (first, *needed)):
            return True
        has_needed = all(
            texts.get(column.name) or column.name in self._columns.constants
            for column in self._columns.columns
            if column.required
        )
        return not has_needed and any(is_total(cell) for cell in cells)

    def _find_objections(self, cells: Sequence[str]) -> tuple[Problem, ...]:
        """Of the columns that the row is not made of."""
        problems: list[Problem] = []
        for place, header in enumerate(self.header.cells):
            guard = self.header.guarded.get(place)
            check = guard.check if guard else self._columns.check_unread
            if not check or not (guard or place in self.header.unread):
                continue
            text = cells[place] if place < len(cells) else ""
            if not text and (guard is None or guard.takes_blank):
                continue
            try:
                check(text, header)
            except Invalid as error:
                problems += error.problems
        return tuple(problems)

    def _find_flaw(self, raw: RawRow) -> Problem | None:
        """Of the row's shape."""
        width = self.header.width
        if any(raw.cells[width:]) or self._has_cell_under_no_header(raw.cells):
            return CELLS_SURPLUS.problem()
        if raw.doubtful_since and len(raw.cells) != width:
            return QUOTE_UNCLOSED.problem(opened=raw.doubtful_since)
        return None

    def _has_cell_under_no_header(self, cells: Sequence[str]) -> bool:
        """A column of numbers before the first header is common; one after it is a shifted cell."""
        pairs = zip(self.header.cells, cells, strict=False)
        return any(
            cell and not header and at > self._first_named
            for at, (header, cell) in enumerate(pairs)
        )


def _describe_drop(column: Column, error: Invalid) -> tuple[Problem, ...]:
    return tuple(
        VALUE_DROPPED.problem(column.name, label=column.label, why=why.zh, why_en=why.en)
        for why in error.problems
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file whose bytes are read and whose kind is not decided yet."""

    _text: str = ""
    _worksheets: tuple[Worksheet, ...] = ()

    def has_header(self, columns: Columns, skip: int | None = None) -> bool:
        return any(
            columns.is_header(_read_header_cells(raw))
            for candidate in self._list_candidates()
            for raw in _read_first_rows(candidate.read_rows(), skip)
        )

    def find_table(self, columns: Columns, skip: int | None = None) -> Table:
        """skip: how many rows stand above the header; otherwise it is looked for.

        Raises Invalid when there is no header with the needed columns.
        """
        candidates = self._list_candidates()
        for candidate in candidates:
            for raw in _read_first_rows(candidate.read_rows(), skip):
                if columns.is_header(_read_header_cells(raw)):
                    return self._make_table(columns, candidate, raw)
        raise _explain_missing(columns, candidates, skip)

    def find_nearest_header(self, columns: Columns) -> tuple[str, ...]:
        """The row that has the most columns, whatever it misses; none where none has any."""
        raw = _find_nearest(columns, self._list_candidates())
        cells = _read_header_cells(raw) if raw else ()
        return cells if columns.count_known(cells) else ()

    def _make_table(self, columns: Columns, candidate: "_Candidate", header_row: RawRow) -> Table:
        header = columns.read_header(_read_header_cells(header_row))
        rows = candidate.read_rows()
        iterator = iter(rows)
        titles = []
        for raw in iterator:
            if raw.line == header_row.line:
                break
            titles += [cell for cell in map(unwrap_cell, raw.cells) if cell]
        unread = tuple(header.cells[place] for place in header.unread)
        others = tuple(s.name for s in self._worksheets if s is not candidate.worksheet)
        source = rows if isinstance(rows, DelimitedRows) else None
        return Table(
            header,
            tuple(titles),
            (*unread, *others),
            columns,
            iterator,
            source,
            len(self._text),
            candidate.worksheet.name if candidate.worksheet else "",
        )

    def _list_candidates(self) -> Sequence["_Candidate"]:
        if self._worksheets:
            visible = [s for s in self._worksheets if s.is_visible] or self._worksheets
            return [_Candidate(worksheet=sheet) for sheet in visible]
        return [_Candidate(self._text, separator) for separator in SEPARATORS]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One way to read the file: a worksheet, or the text with one separator."""

    text: str = ""
    separator: str = ""
    worksheet: Worksheet | None = None

    def read_rows(self) -> Iterable[RawRow]:
        if self.worksheet:
            return self.worksheet.rows
        return DelimitedRows(self.text, self.separator)


def open_sheet(content: bytes) -> Sheet:
    """An .xlsx or text with separators. Raises Invalid when it can be neither."""
    if len(content) > FILE_MAX:
        raise FILE_TOO_LARGE.invalid(megabytes=FILE_MAX // MEGABYTE)
    if content.startswith(_OTHER_FILES):
        raise FILE_FORMAT_UNKNOWN.invalid()
    if is_workbook(content):
        return Sheet(_worksheets=read_workbook(content))
    return Sheet(decode_text(content))


def _read_header_cells(raw: RawRow) -> tuple[str, ...]:
    if raw.problem or len(raw.cells) > COLUMNS_MAX:
        return ()
    cells = [unwrap_cell(cell) for cell in raw.cells]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _read_first_rows(rows: Iterable[RawRow], skip: int | None) -> Iterator[RawRow]:
    """Those among which the header may be."""
    seen = 0
    if skip is None:
        rows = islice(rows, HEADER_WITHIN_LINES)
    for raw in rows:
        if skip is not None:
            if raw.line > skip:
                yield raw
                return
        elif any(raw.cells):
            yield raw
            seen += 1
            if seen == HEADER_WITHIN_ROWS:
                return


def _find_nearest(
    columns: Columns, candidates: Sequence[_Candidate], skip: int | None = None
) -> RawRow | None:
    rows = [raw for each in candidates for raw in _read_first_rows(each.read_rows(), skip)]
    return max(rows, key=lambda raw: columns.count_known(_read_header_cells(raw)), default=None)


def _explain_missing(
    columns: Columns, candidates: Sequence[_Candidate], skip: int | None
) -> Invalid:
    """By the row that comes nearest to a header."""
    rows = [raw for each in candidates for raw in _read_first_rows(each.read_rows(), skip)]
    nearest = _find_nearest(columns, candidates, skip)
    problems = [raw.problem for raw in rows if raw.problem]
    try:
        columns.read_header(_read_header_cells(nearest) if nearest else ())
    except Invalid as error:
        return Invalid(*error.problems, *problems[:1])
    raise AssertionError("a header was found where there is none")
