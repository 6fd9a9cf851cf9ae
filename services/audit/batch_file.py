"""The bank's batch file (网银批量代发): one row a payment, the reference of its line in 附言.

The statement's line has the 附言 again, so the payment is found by it (`bank_lines`). 业务参考号
is the same once more: banks refuse one that they had before, so a second upload pays nobody twice.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal

from openpyxl import Workbook

from services.audit.accounts import Account
from services.audit.model import PaymentOrder
from shared.money import format_yuan_plain

Format = Literal["csv", "xlsx"]
COLUMNS = ("序号", "收款账号", "户名", "开户行", "金额", "用途", "附言", "业务参考号")
PURPOSE = "莞家微心愿资助"
"""The same for all: what somebody is helped with is nothing for a bank."""
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Row = tuple[int, str, str, str, str, str, str, str]


def list_batch_rows(
    order: PaymentOrder,
    accounts: Mapping[str, Account],
    stopped_matches: Collection[str],
) -> Iterator[Row]:
    """What waits for the bank: a file that is read and uploaded again pays nothing twice, nor what
    was released and stands in another order, nor what the bank may have paid.

    accounts: by payee. stopped_matches: what fell since the order was made, or may have been paid
    by a line of another order: no bank is told to pay it.
    """
    for number, line in enumerate(order.lines, 1):
        if line.state != "waiting" or line.question_ids or line.match_id in stopped_matches:
            continue
        account = accounts[line.payee_id]
        yield (
            number,
            account.number,
            account.name,
            account.bank,
            format_yuan_plain(line.amount_fen),
            PURPOSE,
            order.format_reference(number),
            order.format_reference(number),
        )


def name_batch_file(order: PaymentOrder, format_: Format) -> str:
    """One that is given out anew says so: its first copy may be at the bank."""
    copy = f"-copy{order.copies}" if order.copies > 1 else ""
    return f"{order.id}{copy}.{format_}"


def write_batch(rows: Iterable[Row], format_: Format) -> bytes:
    """Accounts are text: a spreadsheet would make 6.22202E+18 of them."""
    if format_ == "csv":
        text = io.StringIO()
        csv.writer(text).writerows([COLUMNS, *rows])
        return text.getvalue().encode("utf-8-sig")
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("批量代发")
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append([*row[:4], Decimal(row[4]), *row[5:]])
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()
