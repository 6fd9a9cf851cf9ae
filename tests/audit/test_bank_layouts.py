"""Banks' own exports: two languages, days of eight figures, signs, units in headers."""

import pytest

from services.audit.statements import Gift, parse_layout, read_statement
from services.audit.statements.bank_rows import BankRow
from shared.errors import Invalid
from shared.sheets import RefusedRow

WARM = parse_layout(constants=("fund_id=warm",)).of_account("1001")

CCB = """中国建设银行活期账户明细
交易时间,借方发生额/元(支取),贷方发生额/元(收入),余额,币种,对方户名,摘要,账户明细编号-交易流水号
20260105 09:12:33,0.00,"10,000.00","110,000.00",人民币元,甲公司,电汇,12345-1
20260106 10:12:33,"5,000.00",0.00,"105,000.00",人民币元,示例店,转账,12345-2
"""
BOC = """\
交易类型[ Transaction Type ],付款人名称[ Payer's Name ],交易日期[ Transaction Date ],\
交易时间[ Transaction time ],交易货币[ Trade Currency ],交易金额[ Trade Amount ],\
交易流水号[ Transaction reference number ]
来账,甲公司,20260105,09:12:33,CNY,"10,000.00",B-1
往账,本会,20260106,10:12:33,CNY,"-5,000.00",B-2
"""
ICBC = """凭证号,交易时间,借/贷,借方发生额,贷方发生额,对方单位名称,交易流水号
,2026-01-05-09.12.33.123456,贷,0.00,10000.00,甲公司,B-1
,2026-01-06-10.12.33.000000,借,5000.00,0.00,示例店,B-2
"""
DAYS = """流水号,付款人,收入(元),支出（元）,记账日期
B-1,甲公司,"10,000.00",,20260105
B-2,示例店,,"5,000.00",20260106
"""


def read(text: str) -> list[Gift | RefusedRow]:
    return list(read_statement(text.encode("gb18030"), "a.csv", WARM))


@pytest.mark.parametrize("text", [CCB, BOC, ICBC, DAYS], ids=["CCB", "BOC", "ICBC", "days"])
def test_a_banks_own_export_needs_no_mapping(text: str) -> None:
    gift, payment = read(text)
    assert isinstance(gift, Gift)
    assert (gift.giver["name"], gift.fact.amount_fen) == ("甲公司", 10_000_00)
    assert f"{gift.fact.received_at:%Y-%m-%d}" == "2026-01-05"
    assert isinstance(payment, BankRow)
    assert (payment.stated.direction, payment.stated.amount_fen) == ("paid", 5_000_00)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("手续费,,20260106,10:12:33,CNY,-5.00,B-2", ("charge", "paid", 5_00)),
        ("结息,,20260106,10:12:33,CNY,5.00,B-2", ("interest", "returned", 5_00)),
        ("网银转出,甲,20260106,10:12:33,CNY,-5.00,B-2", ("", "paid", 5_00)),
    ],
)
def test_a_sign_says_which_way_the_banks_own_word_went(
    row: str, expected: tuple[str, str, int]
) -> None:
    (found,) = read("".join(BOC.splitlines(keepends=True)[:1]) + row + "\n")
    assert isinstance(found, BankRow), found
    stated = found.stated
    assert (stated.own_kind, stated.direction, stated.amount_fen) == expected


@pytest.mark.parametrize(
    "row",
    [
        "往账,甲公司,20260106,10:12:33,CNY,5.00,B-2",
        "冲正,甲公司,20260106,10:12:33,CNY,-5.00,B-2",
        "来账,甲公司,20260106,10:12:33,CNY,-5.00,B-2",
    ],
)
def test_a_row_that_says_two_things_is_neither_gift_nor_payment(row: str) -> None:
    (found,) = read("".join(BOC.splitlines(keepends=True)[:1]) + row + "\n")
    assert isinstance(found, RefusedRow)
    assert not isinstance(found, BankRow)


@pytest.mark.parametrize(
    "header",
    [
        *("金额(US Dollars)", "金额(万元)", "金额[ euro ]", "金额(thousand)"),
        *("金额(thousand yuan)", "金额(wanyuan)", "金额(rmb million)", "金额[USDT]"),
        *("金额(ringgit)", "金额(in US cents)", "金额(debit)"),
        *("金额[ Amount in thousand ]", "金额(marks)"),
    ],
)
def test_a_unit_that_changes_the_sum_is_no_second_language(header: str) -> None:
    with pytest.raises(Invalid):
        read(f"流水号,付款人,{header},记账日期\nB-1,甲公司,10,2026-01-05\n")


@pytest.mark.parametrize("header", ["金额[ Trade Amount ]", "金额(Amount)", "金额(RMB yuan)"])
def test_a_second_language_that_changes_no_sum_is_read(header: str) -> None:
    [found] = read(f"流水号,付款人,{header},记账日期\nB-1,甲公司,10,2026-01-05\n")
    assert isinstance(found, Gift)
    assert found.fact.amount_fen == 10_00


def test_a_trade_that_was_revoked_is_no_gift() -> None:
    bill = """\
交易时间,微信订单号,交易状态,货币种类,应结订单金额,退款金额,商品名称
`2026-01-05 08:21:23,`1,`SUCCESS,`CNY,`100.00,`0.00,`捐款
`2026-01-05 08:21:24,`2,`REVOKED,`CNY,`30.00,`0.00,`捐款
`2026-01-05 08:21:25,`3,`NOTPAY,`CNY,`40.00,`0.00,`捐款
总交易单数,应结订单总金额,退款总金额
`3,`170.00,`0.00
"""
    found = read(bill)
    assert [each.fact.amount_fen for each in found if isinstance(each, Gift)] == [100_00]
    assert [type(each) for each in found[1:]] == [RefusedRow, RefusedRow]
