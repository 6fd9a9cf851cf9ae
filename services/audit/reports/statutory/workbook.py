"""Vouchers and statements as `.xlsx`, in the statutory layout."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

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
from shared.sheets.cells import guard_cell

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MONEY_FORMAT = "#,##0.00"
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
    book, count = _open_book(), 0
    sheet = _add_sheet(book, "记账凭证")
    sheet.append(HEADERS)
    for voucher in vouchers:
        count += 1
        for row in voucher.list_rows():
            sheet.append([*row])
    _save(book, out)
    return count


def write_statements(
    statements: Statements, dates: MonthByDates, organisation: str, standard: str, out: Path
) -> None:
    """standard: the rules that the chart cites."""
    book = _open_book()
    last = statements.period.end.toordinal() - 1
    day = type(statements.period.end).fromordinal(last)
    balance = _add_sheet(book, "资产负债表")
    forms = ("会民非01表", "会民非02表") if statements.period.start < REVISED else ("", "")
    _write_title(balance, "资产负债表", forms[0], organisation, f"{day:%Y年%m月%d日}")
    lay_out = _lay_out_of(statements.period.start)
    for line in _list_balance(statements):
        balance.append(lay_out(line))
    activity = _add_sheet(book, "业务活动表")
    _write_title(activity, "业务活动表", forms[1], organisation, f"{day:%Y年%m月}")
    for line in _list_activity(statements):
        activity.append(lay_out(line))
    if statements.period.start >= REVISED:
        for sheet in (balance, activity):
            sheet.append([guard_cell(REVISED_NOTE.format(standard=standard))])
    compared = _add_sheet(book, "入账日与银行日")
    for line in _list_dates(dates):
        compared.append([*line])
    _save(book, out)


def _lay_out_of(day: date) -> Callable[[Line], list[Cell]]:
    """As the forms of that day have it: numbers of rows are integers, amounts never are."""
    if day < REVISED:
        return list
    return lambda line: [None if isinstance(cell, int) else cell for cell in line]


def _write_title(sheet: "Worksheet", name: str, form: str, organisation: str, when: str) -> None:
    sheet.append([name])
    sheet.append([f"编制单位：{organisation}", None, None, when, None, form, None, "单位：元"])


def _list_balance(statements: Statements) -> list[Line]:
    """Assets on the left, what they are owed to on the right."""

    def list_lines(rows: Sequence[Row], sign: int) -> list[Line]:
        return [
            (
                words,
                number,
                *(_to_yuan(sign * statements.sum_balance(row, at_end=end)) for end in ENDS),
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
        ("流动资产合计", 20, *map(_to_yuan, assets)),
        ("资产总计", 60, *map(_to_yuan, assets)),
    ]
    right: list[Line] = [
        ("流动负债：", None, None, None),
        *list_lines(LIABILITIES, -1),
        ("负债合计", 100, *map(_to_yuan, owed)),
        ("净资产：", None, None, None),
        ("非限定性净资产", 101, *map(_to_yuan, sum_owned(False))),
        ("限定性净资产", 105, *map(_to_yuan, sum_owned(True))),
        ("净资产合计", 110, *map(_to_yuan, net)),
        ("负债和净资产总计", 120, *(_to_yuan(a + b) for a, b in zip(owed, net, strict=True))),
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
        cells = [_to_yuan(each) for free, bound in parts for each in (free, bound, free + bound)]
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
        (title, code, _to_yuan(entered), _to_yuan(of_bank), _to_yuan(of_bank - entered))
        for code, title in dates.list_accounts()
        for entered, of_bank in ((dates.by_entry[code, title], dates.by_bank[code, title]),)
    ]
    crossings = [
        (each.entry, each.kind, each.recorded_on, each.effective_on, each.funds, _to_yuan(amount))
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


def _to_yuan(amount_fen: int) -> Decimal:
    return Decimal(amount_fen) / 100


def _open_book() -> "Workbook":
    import openpyxl  # an auditor who wants no workbook does without it

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    return book


def _add_sheet(book: "Workbook", name: str) -> "Worksheet":
    sheet: Worksheet = book.create_sheet(name)
    for column, width in WIDTHS.items():
        sheet.column_dimensions[column].width = width
    return sheet


def _save(book: "Workbook", out: Path) -> None:
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, Decimal):
                    cell.number_format = MONEY_FORMAT
                elif isinstance(cell.value, str):
                    cell.data_type = "s"  # a fund's name is no formula
    with write_whole(out) as unfinished:
        book.save(unfinished)
