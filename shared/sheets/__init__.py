"""People's spreadsheets: bytes in, rows out, each with its values or the reasons why it has none.

table = open_sheet(content).find_table(COLUMNS)
for row in table: ...  # Row | RefusedRow | TotalRow
"""

from shared.sheets.cells import (
    check_not_example,
    count_doubtful_zeros,
    make_code_parser,
    parse_folded,
)
from shared.sheets.columns import ABSENT_WORDS, Column, Columns, Guard, parse_text
from shared.sheets.guards import CURRENCY_GUARD, check_not_foreign, check_yuan
from shared.sheets.table import RefusedRow, Row, Sheet, Table, TotalRow, open_sheet
from shared.sheets.workbook import check_unpacked
from shared.sheets.writing import REASON_HEADERS, format_refused, write_refused

__all__ = [
    "ABSENT_WORDS",
    "CURRENCY_GUARD",
    "REASON_HEADERS",
    "Column",
    "Columns",
    "Guard",
    "RefusedRow",
    "Row",
    "Sheet",
    "Table",
    "TotalRow",
    "check_not_example",
    "check_not_foreign",
    "check_unpacked",
    "check_yuan",
    "count_doubtful_zeros",
    "format_refused",
    "make_code_parser",
    "open_sheet",
    "parse_folded",
    "parse_text",
    "write_refused",
]
