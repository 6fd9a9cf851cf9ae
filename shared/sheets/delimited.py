"""Rows of text with separators: strict about quotes, and every line is accounted for.

A line without quotes is split; only a quoted cell may go over several lines. A quote that is not
closed, or only after what is a good row by itself, costs its line. The lines it might have
swallowed are rows again, if they have the width of the header and no loose quote.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.errors import Problem
from shared.sheets.messages import QUOTE_UNCLOSED

SEPARATORS = (",", "\t", ";", "，", "|")
LINES_PER_ROW_MAX = 60
COLUMNS_MAX = 1024
"""What is beyond stands in one more cell, so that the row is refused as too wide."""
QUOTE = '"'


@dataclass(frozen=True, slots=True)
class RawRow:
    """line: as a person counts the rows of the sheet, from 1. doubtful_since: the line whose
    quote may have swallowed this one; such a row needs the full width. merged: places of cells that
    are merged with one of a row above and have its value."""

    line: int
    cells: tuple[str, ...]
    problem: Problem | None = None
    doubtful_since: int = 0
    merged: frozenset[int] = frozenset()


class DelimitedRows:
    """Iterates over the rows of `text`. characters_read: how far it is. width, is_good_row: of the
    table, once its header is known; without them a quoted cell may swallow anything."""

    def __init__(self, text: str, separator: str) -> None:
        self._text = text
        self._separator = separator
        self.characters_read = 0
        self.width = 0
        self.is_good_row: Callable[[tuple[str, ...]], bool] = lambda _: False

    def __iter__(self) -> Iterator[RawRow]:
        source = io.StringIO(self._text, newline="")
        waiting: list[str] = []
        number, doubtful_until, opened = 0, 0, 0
        while line := (waiting.pop() if waiting else source.readline()):
            number += 1
            self.characters_read = source.tell()
            doubtful_since = opened if number <= doubtful_until else 0
            if QUOTE not in line:
                yield RawRow(number, self._split(line), None, doubtful_since)
                continue
            row = self._read_quoted(line, source, waiting)
            if row.cells is not None and not (doubtful_since and row.has_loose_quote):
                yield RawRow(number, row.cells, None, doubtful_since)
                continue
            # The lines that the quote went over are read again, each for itself.
            waiting.extend(reversed(row.further_lines))
            if number >= doubtful_until:
                opened = number
            doubtful_until = max(doubtful_until, number + len(row.further_lines))
            problem = QUOTE_UNCLOSED.problem(opened=opened)
            yield RawRow(number, self._split(line), problem)

    def _read_quoted(self, first: str, source: io.StringIO, waiting: list[str]) -> "_QuotedRow":
        row = _QuotedRow(self._separator)
        row.add_line(first)
        while row.is_open and len(row.further_lines) < LINES_PER_ROW_MAX:
            line = waiting.pop() if waiting else source.readline()
            if not line:
                break
            row.further_lines.append(line)
            row.add_line(line)
        row.finish(has_swallowed=self._has_swallowed(first, row.further_lines))
        return row

    def _has_swallowed(self, first: str, further: Sequence[str]) -> bool:
        """Whether a row that is complete without the quote is followed by another good row."""
        if not further or len(self._split(first)) != self.width:
            return False
        rows = (self._split(line.replace(QUOTE, "")) for line in further)
        return any(len(row) == self.width and self.is_good_row(row) for row in rows)

    def _split(self, line: str) -> tuple[str, ...]:
        return tuple(line.rstrip("\r\n").split(self._separator, COLUMNS_MAX))


class _QuotedRow:
    """One row as it is put together. cells: None when its quotes are wrong."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._open_cell: list[str] | None = None
        self._done: list[str] = []
        self._is_wrong = False
        self.further_lines: list[str] = []
        self.has_loose_quote = False
        self.cells: tuple[str, ...] | None = None

    @property
    def is_open(self) -> bool:
        return self._open_cell is not None and not self._is_wrong

    def add_line(self, line: str) -> None:
        at = 0
        end = len(line.rstrip("\r\n"))
        if self._open_cell is not None:
            at = self._read_to_closing_quote(line, 0, end)
        while self._open_cell is None and not self._is_wrong:
            if len(self._done) >= COLUMNS_MAX:
                self._done.append(line[at:end])
                return
            if line[at : at + 1] == QUOTE:
                self._open_cell = []
                at = self._read_to_closing_quote(line, at + 1, end)
                continue
            if at > end:
                return
            stop = line.find(self._separator, at, end)
            stop = end if stop < 0 else stop
            self._done.append(line[at:stop])
            self.has_loose_quote |= QUOTE in line[at:stop]
            at = stop + 1

    def finish(self, *, has_swallowed: bool) -> None:
        if self._open_cell is None and not self._is_wrong and not has_swallowed:
            self.cells = tuple(self._done)

    def _read_to_closing_quote(self, line: str, at: int, end: int) -> int:
        """Where the next cell begins."""
        assert self._open_cell is not None
        while True:
            quote = line.find(QUOTE, at)
            if quote < 0:
                self._open_cell.append(line[at:])
                return len(line)
            self._open_cell.append(line[at:quote])
            if line[quote + 1 : quote + 2] == QUOTE:
                self._open_cell.append(QUOTE)
                at = quote + 2
                continue
            at = self._skip_blanks(line, quote + 1, end)
            if at < end and line[at] != self._separator:
                self._is_wrong = True
                return at
            self._done.append("".join(self._open_cell))
            self._open_cell = None
            return at + 1

    def _skip_blanks(self, line: str, at: int, end: int) -> int:
        """Some banks write a tab behind every cell, behind quoted ones too."""
        while at < end and line[at] in " \t" and line[at] != self._separator:
            at += 1
        return at
