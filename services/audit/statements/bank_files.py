"""CAMT.053, MT940, bills of payment channels: turned into the table that all statements are.

So a row of them is guarded, refused and entered as one of a spreadsheet is. What a table cannot say
is checked here: that the file is of one account, and that its balances and lines agree.
"""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from services.audit.statements import camt, messages, mt940_file
from services.audit.statements.bank_lines import BankFile, BankLine
from services.audit.statements.merchant_bills import read_bill
from shared.money import format_yuan

HEADERS = (
    "流水号",
    "交易时间",
    "对方户名",
    "金额",
    "币种",
    "借贷标志",
    "交易状态",
    "交易类型",
    "附言",
    "收款账号",
)


def read_bank_file(content: bytes) -> BankFile | None:
    """None where it is none of them. Raises Invalid."""
    if camt.is_camt(content):
        file = camt.read_camt(content)
    elif mt940_file.is_mt940(content):
        file = mt940_file.read_mt940(content)
    else:
        return read_bill(content)
    _check_balance(file)
    return file


def _check_balance(file: BankFile) -> None:
    """Where it has both: a page that is missing shows. Raises Invalid."""
    if file.opening is None or file.closing is None:
        return
    moved = sum((line.signed for line in file.lines), Decimal(0))
    if file.opening + moved != file.closing:
        raise messages.BALANCE_DIFFERENT.invalid(
            opening=_format(file.opening),
            moved=_format(moved),
            closing=_format(file.closing),
        )


def _format(amount: Decimal) -> str:
    return format_yuan(int(amount * 100))


def write_as_sheet(file: BankFile) -> bytes:
    """As a spreadsheet: the n-th line stands in line n + 1."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADERS)
    writer.writerows(map(_list_cells, file.lines))
    return out.getvalue().encode()


def _list_cells(line: BankLine) -> Iterator[str]:
    yield line.reference
    yield line.moment
    yield line.party
    yield f"{line.amount:f}"
    yield line.currency
    yield "贷" if line.is_credit else "借"
    yield line.state
    yield line.kind
    yield line.memo
    yield line.account
