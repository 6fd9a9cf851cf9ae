"""Merchant bills of WeChat Pay and Alipay, turned into the table that all statements are.

Each is known by its header. What it says at its end of counts and sums is checked; the fee of a
payment is the channel's, and no part of the gift.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.audit.statements import messages
from services.audit.statements.bank_lines import (
    BOOKED,
    NOT_PAID_IN,
    REFUNDED,
    BankFile,
    BankLine,
    parse_decimal,
)
from shared.errors import Invalid
from shared.sheets.decoding import decode_text
from shared.text import fold_word

HEADER_WITHIN_ROWS = 40
_IN_BRACKETS = re.compile(r"\(([^()]*)\)\s*$")
_ACCOUNT = re.compile(r"账号[:：]\s*\[?(\d{6,})")
_ALIPAY_SUM = re.compile(r"#\s*收入合计[:：]\s*(\d+)\s*笔[,，]\s*共\s*([\d.]+)\s*元")
_PAID_IN = re.compile("^(?!.*充值).*(?:交易|支付|付款|转账|收款|到账|捐|消费|当面付)")
"""Kinds of income by which somebody paid; a top-up or a fee given back is our own money."""
_STATES = {"": BOOKED, "SUCCESS": BOOKED, "REFUND": BOOKED, "REVOKED": "已撤销"}
"""WeChat's of a trade. What was paid and given back later did come in; its refund is beside it."""
Cells = Mapping[str, str]
"""Of a row, by folded header."""


@dataclass(frozen=True, slots=True)
class Bill:
    """One kind of bill. needed: the headers by which it is known; reference and moment are among
    them. amount: what came in; outgoing: what went out, where that is a column of its own, else a
    negative amount or `direction` says it. state: of what came in. total: the header of the sum
    below the table, and count what stands before it. party: who paid, where the bill says it."""

    name: str
    needed: tuple[str, ...]
    reference: str
    moment: str
    amount: str
    outgoing: str = ""
    direction: str = ""
    state: str = ""
    kind: str = ""
    party: str = ""
    memo: str = ""
    currency: str = ""
    total: str = ""


BILLS = (
    Bill(
        "微信支付资金账单",
        needed=("记账时间", "微信支付业务单号", "收支类型", "收支金额(元)"),
        reference="微信支付业务单号",
        moment="记账时间",
        amount="收支金额(元)",
        direction="收支类型",
        kind="业务类型",
        memo="备注",
        total="收入金额",
    ),
    Bill(
        "微信支付交易账单",
        needed=("交易时间", "微信订单号", "应结订单金额", "退款金额"),
        reference="微信订单号",
        moment="交易时间",
        amount="应结订单金额",
        outgoing="退款金额",
        state="交易状态",
        currency="货币种类",
        memo="商品名称",
        total="应结订单总金额",
    ),
    Bill(
        "支付宝账务明细",
        needed=("业务流水号", "发生时间", "收入金额(+元)", "支出金额(-元)"),
        reference="业务流水号",
        moment="发生时间",
        amount="收入金额(+元)",
        outgoing="支出金额(-元)",
        kind="业务类型",
        party="对方账号",
        memo="商品名称",
    ),
    Bill(
        "支付宝业务明细",
        needed=("支付宝交易号", "业务类型", "完成时间", "订单金额(元)"),
        reference="支付宝交易号",
        moment="完成时间",
        amount="订单金额(元)",
        kind="业务类型",
        party="对方账户",
        memo="商品名称",
    ),
)


def read_bill(content: bytes) -> BankFile | None:
    """None where it is none of these. Raises Invalid."""
    if content.startswith((b"PK", b"\xd0\xcf")):
        return None
    try:
        text = decode_text(content)
        rows = [[_clean(cell) for cell in row] for row in csv.reader(text.splitlines())]
    except (Invalid, csv.Error):
        return None
    for at, row in enumerate(rows[:HEADER_WITHIN_ROWS]):
        headers = [fold_word(cell) for cell in row]
        for bill in BILLS:
            if {fold_word(each) for each in bill.needed} <= set(headers):
                return _read_rows(bill, headers, rows[at + 1 :], text)
    return None


def _clean(cell: str) -> str:
    """WeChat puts a ` before each value, Alipay a tab after it."""
    return cell.strip().removeprefix("`").strip()


def _read_rows(bill: Bill, headers: list[str], rows: Sequence[list[str]], text: str) -> BankFile:
    lines: list[BankLine] = []
    for at, row in enumerate(rows):
        if not any(row) or row[0].startswith("#"):
            continue
        if bill.total and any(cell.endswith(bill.total) for cell in row):
            _check_total(bill, row, rows[at + 1 : at + 2], lines)
            break
        if len(row) < len(headers) - 1 or any(row[len(headers) :]):
            raise messages.BANK_FILE_BROKEN.invalid(reason=f"{bill.name} {row[0][:20]}")
        lines += _read_lines(bill, dict(zip(headers, row, strict=False)))
    _check_alipay_sum(text, lines)
    account = _ACCOUNT.search(text[:2000])
    return BankFile(account[1] if account else "", tuple(lines))


def _read_lines(bill: Bill, cells: Cells) -> Iterator[BankLine]:
    """A row of WeChat's bill of trades that gives money back has that beside the amount."""
    amount = _read_amount(cells, bill.amount)
    outgoing = abs(_read_amount(cells, bill.outgoing)) if bill.outgoing else Decimal(0)
    goes_out = amount < 0 or (bill.direction and _get(cells, bill.direction) == "支出")
    if outgoing or goes_out:
        yield _make_line(bill, cells, outgoing or abs(amount), is_credit=False)
    if amount > 0 and not goes_out:
        yield _make_line(bill, cells, amount, is_credit=True)


def _make_line(bill: Bill, cells: Cells, amount: Decimal, *, is_credit: bool) -> BankLine:
    kind = _get(cells, bill.kind)
    state = _get(cells, bill.state) if is_credit else ""
    if not is_credit and "退款" in (kind or "退款"):
        state = REFUNDED
    elif is_credit and kind and not _PAID_IN.search(kind):
        state = NOT_PAID_IN
    return BankLine(
        reference=_get(cells, bill.reference),
        moment=_get(cells, bill.moment),
        party=_read_party(_get(cells, bill.party)),
        amount=amount,
        currency=_get(cells, bill.currency) or "CNY",
        is_credit=is_credit,
        state=_STATES.get(state, state),
        kind=kind,
        memo=_get(cells, bill.memo).replace("缺省", ""),
    )


def _read_party(text: str) -> str:
    """`zhang***@a.example(张三)`, `*三(zhang***@a.example)`: the name, never the account."""
    inside = _IN_BRACKETS.search(text)
    parts = [text[: inside.start()], inside[1]] if inside else [text]
    names = [part.strip() for part in parts if part.strip() and not re.search(r"[@\d]", part)]
    return names[0] if names else ""


def _get(cells: Cells, header: str) -> str:
    return cells.get(fold_word(header), "") if header else ""


def _read_amount(cells: Cells, header: str) -> Decimal:
    return parse_decimal(_get(cells, header).replace(",", "").replace("¥", "") or "0")


def _check_total(
    bill: Bill, names: Sequence[str], values: Sequence[Sequence[str]], lines: list[BankLine]
) -> None:
    """Raises Invalid."""
    place = next(at for at, name in enumerate(names) if name.endswith(bill.total))
    cells = values[0] if values else []
    if place >= len(cells):
        raise messages.BANK_FILE_BROKEN.invalid(reason=f"{bill.name} {bill.total}")
    _check_sum(parse_decimal(cells[place].replace(",", "")), lines)


def _check_alipay_sum(text: str, lines: list[BankLine]) -> None:
    stated = _ALIPAY_SUM.search(text)
    if stated:
        _check_sum(parse_decimal(stated[2]), lines)


def _check_sum(stated: Decimal, lines: list[BankLine]) -> None:
    counted = sum((each.amount for each in lines if each.is_credit), Decimal(0))
    if counted != stated:
        raise messages.BILL_SUM_DIFFERENT.invalid(stated=f"{stated:f}", counted=f"{counted:f}")
