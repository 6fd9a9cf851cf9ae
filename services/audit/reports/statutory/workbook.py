"""Vouchers and statements as `.xlsx`, in the statutory layout."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

from services.audit.reports.statutory.dates import MonthByDates
from services.audit.reports.statutory.statements import (
    ASSETS,
    EXPENSES,
    INCOME,
    LIABILITIES,
    Row,
    Statements,
)
from services.audit.reports.statutory.vouchers import HEADERS, Cell, Voucher
from services.audit.tlog.disk import write_whole
from shared.sheets.report import ReportSheet, convert_fen, write_report

WIDTHS = {"A": 34, "E": 30, "F": 12, "G": 26}
Line = Sequence[Cell]
REVISED = date(2026, 1, 1)
"""The standard as revised is in force from here on; the numbers of its rows are not known here."""
REVISED_NOTE = (
    "适用{standard}。修订后报表的行次未经核对，不列；"
    "报送前请对照财政部公布的格式。受赠服务、志愿时数未计价，不在表内。"
)


def write_vouchers(vouchers: Iterable[Voucher], out: Path) -> int:
    """How many."""
    counted = _Counted(vouchers)
    _write([build_voucher_sheet(counted)], out)
    return counted.count


def build_voucher_sheet(vouchers: Iterable[Voucher]) -> ReportSheet:
    rows = (row for voucher in vouchers for row in voucher.list_rows())
    return ReportSheet("记账凭证", chain((HEADERS,), rows), WIDTHS)


@dataclass(slots=True)
class _Counted:
    """count: of those read so far."""

    vouchers: Iterable[Voucher]
    count: int = 0

    def __iter__(self) -> Iterator[Voucher]:
        for voucher in self.vouchers:
            self.count += 1
            yield voucher


def write_statements(
    statements: Statements, dates: MonthByDates, organisation: str, standard: str, out: Path
) -> None:
    """standard: the rules that the chart cites."""
    _write(list_statement_sheets(statements, dates, organisation, standard), out)


def list_statement_sheets(
    statements: Statements, dates: MonthByDates, organisation: str, standard: str
) -> list[ReportSheet]:
    """standard: as `write_statements`."""
    last = statements.period.end.toordinal() - 1
    day = type(statements.period.end).fromordinal(last)
    is_revised = statements.period.start >= REVISED
    forms = ("", "") if is_revised else ("会民非01表", "会民非02表")
    note = [[REVISED_NOTE.format(standard=standard)]] if is_revised else []
    lay_out = _lay_out_of(statements.period.start)
    balance = [
        *_list_titles("资产负债表", forms[0], organisation, f"{day:%Y年%m月%d日}"),
        *(lay_out(line) for line in _list_balance(statements)),
        *note,
    ]
    activity = [
        *_list_titles("业务活动表", forms[1], organisation, f"{day:%Y年%m月}"),
        *(lay_out(line) for line in _list_activity(statements)),
        *note,
    ]
    return [
        ReportSheet("资产负债表", balance, WIDTHS),
        ReportSheet("业务活动表", activity, WIDTHS),
        ReportSheet("入账日与银行日", _list_dates(dates), WIDTHS),
    ]


def _lay_out_of(day: date) -> Callable[[Line], list[Cell]]:
    """As the forms of that day have it: numbers of rows are integers, amounts never are."""
    if day < REVISED:
        return list
    return lambda line: [None if isinstance(cell, int) else cell for cell in line]


def _list_titles(name: str, form: str, organisation: str, when: str) -> list[Line]:
    return [
        [name],
        [f"编制单位：{organisation}", None, None, when, None, form, None, "单位：元"],
    ]


def _list_balance(statements: Statements) -> list[Line]:
    """Assets on the left, what they are owed to on the right."""

    def list_lines(rows: Sequence[Row], sign: int) -> list[Line]:
        return [
            (
                words,
                number,
                *(convert_fen(sign * statements.sum_balance(row, at_end=end)) for end in ENDS),
            )
            for row in rows
            for words, number, _ in (row,)
        ]

    def sum_rows(rows: Sequence[Row], sign: int) -> list[int]:
        return [sign * sum(statements.sum_balance(row, at_end=end) for row in rows) for end in ENDS]

    def sum_owned(*kinds: bool) -> list[int]:
        return [
            sum(statements.sum_net_assets(restricted=kind, at_end=end) for kind in kinds)
            for end in ENDS
        ]

    assets, owed, net = sum_rows(ASSETS, 1), sum_rows(LIABILITIES, -1), sum_owned(False, True)
    left: list[Line] = [
        ("流动资产：", None, None, None),
        *list_lines(ASSETS, 1),
        ("流动资产合计", 20, *map(convert_fen, assets)),
        ("资产总计", 60, *map(convert_fen, assets)),
    ]
    right: list[Line] = [
        ("流动负债：", None, None, None),
        *list_lines(LIABILITIES, -1),
        ("负债合计", 100, *map(convert_fen, owed)),
        ("净资产：", None, None, None),
        ("非限定性净资产", 101, *map(convert_fen, sum_owned(False))),
        ("限定性净资产", 105, *map(convert_fen, sum_owned(True))),
        ("净资产合计", 110, *map(convert_fen, net)),
        ("负债和净资产总计", 120, *(convert_fen(a + b) for a, b in zip(owed, net, strict=True))),
    ]
    empty: Line = (None,) * 4
    left += [empty] * (len(right) - len(left))
    heading = ("行次", "年初数", "期末数")
    rows = [(*a, *b) for a, b in zip(left, right, strict=True)]
    return [("资产", *heading, "负债和净资产", *heading), *rows]


ENDS = (False, True)
"""The beginning of the year, the end of the month."""


def _list_activity(statements: Statements) -> list[Line]:
    def spread(words: str, number: int, count: Callable[[bool, bool], int]) -> Line:
        """count: of what is restricted, of the year so far."""
        parts = [(count(False, year), count(True, year)) for year in (False, True)]
        cells = [convert_fen(each) for free, bound in parts for each in (free, bound, free + bound)]
        return (words, number, *cells)

    def sum_income(row: Row) -> Callable[[bool, bool], int]:
        return lambda bound, year: statements.sum_income(row, restricted=bound, of_year=year)

    def sum_expense(row: Row) -> Callable[[bool, bool], int]:
        return lambda bound, year: 0 if bound else statements.sum_expense(row, of_year=year)

    def add_up(parts: Sequence[Callable[[bool, bool], int]]) -> Callable[[bool, bool], int]:
        return lambda bound, year: sum(part(bound, year) for part in parts)

    def count_release(bound: bool, year: bool) -> int:
        amount = statements.count_release(of_year=year)
        return -amount if bound else amount

    def sum_change(bound: bool, year: bool) -> int:
        return statements.sum_change(restricted=bound, of_year=year)

    kinds = ("非限定性", "限定性", "合计")
    return [
        ("项目", "行次", "本月数", None, None, "本年累计数", None, None),
        (None, None, *kinds, *kinds),
        ("一、收入", None),
        *(spread(row[0], row[1], sum_income(row)) for row in INCOME),
        spread("收入合计", 11, add_up([sum_income(row) for row in INCOME])),
        ("二、费用", None),
        *(spread(row[0], row[1], sum_expense(row)) for row in EXPENSES),
        spread("费用合计", 35, add_up([sum_expense(row) for row in EXPENSES])),
        spread("三、限定性净资产转为非限定性净资产", 40, count_release),
        spread("四、净资产变动额（若为净资产减少额，以“-”号填列）", 45, sum_change),
    ]


def _list_dates(dates: MonthByDates) -> list[Line]:
    """What the month moved by either day, and the entries that make the difference."""
    sums = [
        (title, code, convert_fen(entered), convert_fen(of_bank), convert_fen(of_bank - entered))
        for code, title in dates.list_accounts()
        for entered, of_bank in ((dates.by_entry[code, title], dates.by_bank[code, title]),)
    ]
    crossings = [
        (
            each.entry,
            each.kind,
            each.recorded_on,
            each.effective_on,
            each.funds,
            convert_fen(amount),
        )
        for each in dates.crossings
        for amount in (each.amount_fen,)
    ]
    return [
        ("科目（本月借方减贷方）", "科目代码", "按入账日", "按银行日", "相差"),
        *sums,
        (),
        ("账本条目", "类型", "入账日", "银行日", "基金", "金额"),
        *crossings,
    ]


def _write(sheets: Iterable[ReportSheet], out: Path) -> None:
    with write_whole(out) as unfinished:
        unfinished.write_bytes(write_report(sheets))
