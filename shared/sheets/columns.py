"""Which columns a kind of sheet has: names, the words that stand above them, readers of cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.errors import Invalid, Problem
from shared.sheets.messages import COLUMN_UNKNOWN, COLUMNS_MISSING, COLUMNS_REPEATED
from shared.text import clean_text, fold_text, fold_word

Parse = Callable[[str, str], object]
"""From a cell's text and the column's name to a value. Raises Invalid."""

_REMARK = re.compile(r"\((?:必填|选填|可选|必填项|选填项|required|optional)\)")
_NO_PART = re.compile(r"[\s_*]|:$")
_YUAN = re.compile(r"\((?:人民币)?元\)$|/(?:人民币)?元(?=\(|$)")
"""Amounts are in yuan unless a header says otherwise, so 金额(元) is the column 金额."""
_GLOSS_WORDS = (
    "transaction trade trading business payment payer payee remitter sender recipient receiver "
    "beneficiary counterparty opposite other party bank branch account acct holder number no name "
    "date time day posting booking value entry amount type kind category currency ccy yuan rmb "
    "cny code reference ref serial sequence order voucher balance after before available channel "
    "status state purpose usage summary abstract remark memo note postscript "
    "description detail message address phone mobile telephone town person of the and s"
)
_GLOSS_WORD = "|".join(sorted(_GLOSS_WORDS.split(), key=len, reverse=True))
_GLOSS = re.compile(rf"(?<=[^\x00-\x7f])[(\[](?=.{{4}})(?:(?:{_GLOSS_WORD})[.'/&\-]?)++[)\]]$")
"""A bank's second language: 交易日期[ Transaction Date ]. Only words that change neither the sum
nor its direction: 金额(thousand) and 金额(debit) are other columns than 金额."""

_DAY, _OF_DAY = "日期", "时间"
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?")
_TIME_FIGURES = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)")
ABSENT_WORDS = frozenset({"无", "没有", "无电话", "暂无", "/", "-", "--", "—", "none", "n/a"})
"""What people write into a cell for which they have nothing."""


def parse_text(text: str, _: str) -> str:
    return clean_text(text)


@dataclass(frozen=True, slots=True)
class Column:
    """words: what may stand above it, separated by blanks; the first is its label, and its name
    is one too. required: no sheet without the column, and no row without the value unless it
    may_be_empty. takes_blank: else an empty cell of it is parsed too. absent: words for an empty
    cell. forgiven: codes of problems that cost the value and not the row, such as a
    donor's masked phone. single: a cell merged over several rows is refused, being a sum of all of
    them; else it is of each, as a name or a place is."""

    name: str
    words: str
    parse: Parse = parse_text
    required: bool = False
    takes_blank: bool = True
    may_be_empty: bool = False
    absent: frozenset[str] = frozenset()
    forgiven: frozenset[str] = frozenset()
    single: bool = False

    @property
    def label(self) -> str:
        return self.words.split()[0]

    def is_absent(self, text: str) -> bool:
        return not text or (bool(self.absent) and fold_text(text).casefold() in self.absent)


@dataclass(frozen=True, slots=True)
class Guard:
    """What must be true of a column that no row is made of: that a currency is yuan, a state done.

    header: searched in what stands above it, folded as a word. There may be several such columns,
    each under words of its own. check: of a cell that is not empty; raises Invalid. beside: it
    guards only where another column is named so.
    """

    name: str
    header: re.Pattern[str]
    check: Callable[[str, str], object]
    beside: re.Pattern[str] | None = None
    takes_blank: bool = True


@dataclass(frozen=True, slots=True)
class Header:
    """places: column names to positions. guarded: by position. unread: headers that neither a
    column nor a guard knows. times: of a day's column, the position of the time beside it."""

    cells: tuple[str, ...]
    places: Mapping[str, int]
    guarded: Mapping[int, Guard]
    unread: tuple[int, ...]
    times: Mapping[str, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return len(self.cells)

    def take_text(self, cells: Sequence[str], name: str) -> str:
        """What stands under a column in a row: empty where it has none. A day and its time, in
        columns of their own, are one moment."""
        text = _get(cells, self.places.get(name))
        time = _get(cells, self.times.get(name))
        if not text or not time:
            return text
        if figures := _TIME_FIGURES.fullmatch(time):
            time = ":".join(figures.groups())
        return f"{text} {time}" if _TIME.fullmatch(time) and not _TIME.search(text) else text


@dataclass(frozen=True, slots=True)
class Columns:
    """mapping: headers by column name, as one file's own words. constants: values by column name,
    for every row of it. ignored: headers that are of no use, whatever they say. guards: of the
    columns that have no name here. check_unread: of the cells of those that have neither."""

    columns: Sequence[Column]
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    guards: Sequence[Guard] = ()
    check_unread: Callable[[str, str], object] | None = None

    def find_column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether it has every column that is needed; twice the same is for `read_header`."""
        names = set(self._find_places(cells))
        return bool(names) and not self._list_missing(names)

    def count_known(self, cells: Sequence[str]) -> int:
        return len(self._find_places(cells))

    def read_header(self, cells: Sequence[str]) -> Header:
        """Raises Invalid: what is missing, or there twice."""
        self._check_mapping(cells)
        places = self._find_places(cells)
        if missing := self._list_missing(places):
            raise COLUMNS_MISSING.invalid(
                labels="、".join(column.label for column in missing),
                names=", ".join(column.name for column in missing),
                known="、".join(column.label for column in self.columns),
            )
        times = self._take_times(places, cells)
        if repeated := [name for name, positions in places.items() if len(positions) > 1]:
            raise Invalid(*(self._name_repeated(name, places[name], cells) for name in repeated))
        positions_read = {position for positions in places.values() for position in positions}
        positions_read.update(times.values())
        ignored = self._fold_ignored()
        others = [
            position
            for position, cell in enumerate(cells)
            if cell and position not in positions_read and fold_header(cell) not in ignored
        ]
        guards = {position: self.find_guard(cells[position], cells) for position in others}
        return Header(
            tuple(cells),
            {name: each[0] for name, each in places.items()},
            {position: guard for position, guard in guards.items() if guard},
            tuple(position for position, guard in guards.items() if guard is None),
            times,
        )

    def _take_times(self, places: dict[str, list[int]], cells: Sequence[str]) -> dict[str, int]:
        """交易时间 beside 交易日期 is no second column of moments. Takes it out of these. Who says
        which column it is means that one alone: ids of rows have their moment."""
        ignored = self._fold_ignored()
        headers = {
            header: position
            for position, cell in enumerate(cells)
            if (header := fold_header(cell)) not in ignored
        }
        times: dict[str, int] = {}
        for name, positions in places.items():
            for position in () if name in self.mapping else positions:
                day = fold_header(cells[position])
                time = headers.get(day.removesuffix(_DAY) + _OF_DAY)
                if day.endswith(_DAY) and time is not None:
                    times[name] = time
        for name, time in times.items():
            places[name] = [position for position in places[name] if position != time]
        return times

    def find_guard(self, header: str, cells: Sequence[str]) -> Guard | None:
        """Of a header that no column has. cells: the whole line of headers."""
        word = fold_header(header)
        for guard in self.guards:
            is_alone = guard.beside and not any(guard.beside.search(fold_header(c)) for c in cells)
            if guard.header.search(word) and not is_alone:
                return guard
        return None

    def _fold_ignored(self) -> frozenset[str]:
        return frozenset(fold_header(header) for header in self.ignored)

    def _find_places(self, cells: Sequence[str]) -> dict[str, list[int]]:
        # A column that the file maps, or that has a constant, is not looked for by its usual words.
        settled = {*self.mapping, *self.constants}
        mapped = {fold_header(header) for header in self.mapping.values()}
        names: dict[str, list[str]] = {}
        for name, header in self.mapping.items():
            names.setdefault(fold_header(header), []).append(name)
        for column in self.columns:
            words = {fold_header(word) for word in (*column.words.split(), column.name)}
            for word in words - mapped - self._fold_ignored() if column.name not in settled else ():
                names.setdefault(word, []).append(column.name)
        places: dict[str, list[int]] = {}
        for position, cell in enumerate(cells):
            for name in names.get(fold_header(cell), ()):
                places.setdefault(name, []).append(position)
        return places

    def _list_missing(self, names: Mapping[str, object] | set[str]) -> list[Column]:
        return [
            column
            for column in self.columns
            if column.required and column.name not in names and column.name not in self.constants
        ]

    def _check_mapping(self, cells: Sequence[str]) -> None:
        present = {fold_header(cell) for cell in cells}
        absent = [each for each in self.mapping.values() if fold_header(each) not in present]
        if absent:
            raise COLUMN_UNKNOWN.invalid(headers=", ".join(absent))

    def _name_repeated(self, name: str, positions: Sequence[int], cells: Sequence[str]) -> Problem:
        label, headers = self.find_column(name).label, "、".join(cells[p] for p in positions)
        return COLUMNS_REPEATED.problem(name, label=label, headers=headers)


def _get(cells: Sequence[str], position: int | None) -> str:
    return cells[position] if position is not None and position < len(cells) else ""


def fold_header(text: str) -> str:
    """手机号码（必填） is 手机号码, `Town Code` is towncode, 金額（元） is 金额."""
    word = _NO_PART.sub("", _REMARK.sub("", fold_word(text)))
    return _YUAN.sub("", _GLOSS.sub("", word))
