"""What stands beside an amount and changes its meaning is read, whatever its column is called."""

import pytest

from services.audit.statements import Gift, parse_layout, read_statement
from shared.errors import Invalid
from shared.sheets import RefusedRow

HEADER = "流水号,名称,金额,基金,到账时间"
ROW = "B-1,甲公司,100.00,warm,2026-01-05"


def read(text: str, *columns: str, constants: tuple[str, ...] = ()) -> list[Gift | RefusedRow]:
    layout = parse_layout(columns=columns, constants=constants)
    return list(read_statement(text.encode(), "bank.csv", layout))


def read_beside(header: str, cell: str) -> Gift | RefusedRow:
    (row,) = read(f'{HEADER},{header}\n{ROW},"{cell}"\n')
    return row


def codes(row: Gift | RefusedRow) -> list[str]:
    assert isinstance(row, RefusedRow), row
    return [problem.code for problem in row.problems]


@pytest.mark.parametrize(
    "header", ["货币种类", "交易币种", "結算幣種", "Currency", "CCY", "原币币种", "账户 货币"]
)
@pytest.mark.parametrize("cell", ["HKD", "港币", "US$", "MOP 澳门元", "日元", "840"])
def test_another_currency_is_refused_under_any_header(header: str, cell: str) -> None:
    assert codes(read_beside(header, cell)) == ["currency_foreign"]


@pytest.mark.parametrize("cell", ["人民币", "CNY", "rmb￥", "人民币(CNY)", "人民币元", "156", ""])
def test_yuan_is_yuan_however_it_is_written(cell: str) -> None:
    assert isinstance(read_beside("交易币种", cell), Gift)


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("借贷标识", "借", "direction_outgoing"),
        ("收付标志", "付", "direction_outgoing"),
        ("收/支", "/", "direction_unclear"),
        ("收/支", "不计收支", "direction_unclear"),
        ("收/支", "代扣", "direction_outgoing"),
        ("收支方向", "消费", "direction_outgoing"),
        ("借贷标志", "网银转出", "direction_outgoing"),
        ("借贷标志", "?", "direction_unclear"),
        ("收支方向", "支付宝转入", "direction_unclear"),
        ("收支方向", "对方付款", "direction_unclear"),
        ("收支方向", "扣款失败", "direction_unclear"),
        ("收支方向", "跨行付款", "direction_outgoing"),
        ("借贷标志", "", "direction_unclear"),
        ("资金流向", "流出", "direction_outgoing"),
        ("Dr/Cr", "DR", "direction_outgoing"),
        ("借貸", "借(支出)", "direction_outgoing"),
        ("借方发生额", "100.00", "direction_outgoing"),
        ("支出金额", "-100.00", "direction_outgoing"),
        ("Withdrawal", "1", "direction_outgoing"),
        ("当前状态", "交易关闭", "state_unfinished"),
        ("订单状态", "已退款(￥50.00)", "state_unfinished"),
        ("處理結果狀態", "失敗", "state_unfinished"),
        ("Status", "PENDING", "state_unfinished"),
        ("交易结果", "处理中", "state_unfinished"),
        ("退款金额", "50.00", "row_reversed"),
        ("微信退款单号", "5000", "row_reversed"),
        ("冲正标志", "Y", "row_reversed"),
        ("是否撤销", "是", "row_reversed"),
        ("交易类型", "退款", "kind_of_no_gift"),
        ("业务类型", "提现", "kind_of_no_gift"),
        ("交易类型", "利息收入", "kind_of_no_gift"),
        ("業務種類", "沖正", "kind_of_no_gift"),
        ("摘要", "活期结息", "kind_of_no_gift"),
        ("附言", "手续费", "kind_of_no_gift"),
        ("用途", "冲正", "kind_of_no_gift"),
        ("甲列", "已退款", "state_unfinished"),
        ("甲列", "美元", "currency_foreign"),
        ("单位", "万元", "unit_unclear"),
    ],
)
def test_a_row_that_is_no_gift_is_refused_and_says_why(header: str, cell: str, code: str) -> None:
    row = read_beside(header, cell)
    assert codes(row)[0] == code
    assert isinstance(row, RefusedRow)
    assert row.problems[0].field in (header, "designation")


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("借贷标识", "贷"),
        ("借贷方向", "贷(收入)"),
        ("Dr/Cr", "CR"),
        ("借方发生额", "0.00"),
        ("借方发生额", "-"),
        ("当前状态", "对方已收钱"),
        ("交易状态", "SUCCESS"),
        ("对账状态", "未对账"),
        ("打印状态", "未打印"),
        ("退款金额", "0.00"),
        ("退款状态", "无"),
        ("是否冲正", "否"),
        ("交易类型", "二维码收款"),
        ("业务类型", "捐款"),
        ("摘要", "捐助困境儿童，不必退还"),
        ("用途", "指定茶山镇助学"),
        ("付款银行", "工商银行"),
        ("国籍", "US"),
        ("备注", "共3人合捐"),
        ("备注", "合计"),
    ],
)
def test_what_is_usual_costs_nothing(header: str, cell: str) -> None:
    assert isinstance(read_beside(header, cell), Gift)


@pytest.mark.parametrize("name", ["利息", "结息", "手续费", "批量结息", "冲正"])
def test_the_banks_own_word_for_a_name_is_no_giver(name: str) -> None:
    (row,) = read(f"{HEADER}\nB-1,{name},5,warm,2026-01-05\n")
    assert codes(row) == ["kind_of_no_gift"]


@pytest.mark.parametrize("amount", ["-120.00", "(120.00)", "-￥120", "－120"])
def test_a_reversal_says_by_which_command_it_is_entered(amount: str) -> None:
    gift, reversed_ = read(f'{HEADER}\n{ROW}\nB-2,甲公司,"{amount}",warm,2026-01-06\n')
    assert isinstance(gift, Gift)
    assert codes(reversed_) == ["amount_reversed"]
    assert "guanjia audit reversal propose" in reversed_.problems[0].zh  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("title", "header", "code"),
    [
        ("账户币种：港币", "金额", "sheet_foreign"),
        ("Account 6222 (USD)", "金额", "sheet_foreign"),
        ("", "金额(HKD)", "sheet_foreign"),
        ("", "港币金额", "sheet_foreign"),
        ("", "金额/万元", "unit_unclear"),
        ("", "捐赠额（千元）", "unit_unclear"),
        ("单位:百元", "金额", "unit_unclear"),
    ],
)
def test_a_sheet_in_another_money_is_refused_as_a_whole(title: str, header: str, code: str) -> None:
    text = f"{title}\n名称,{header},基金,到账时间\n甲,5,warm,2026-01-05\n"
    with pytest.raises(Invalid) as refused:
        read(text, f"amount={header}")
    assert refused.value.problems[0].code == code


def test_what_is_in_yuan_beside_its_foreign_amount_is_taken() -> None:
    text = "名称,原币币种,原币金额,人民币金额,基金,到账时间\n同乡会,HKD,100,92.10,warm,2026-01-05\n"
    (gift,) = read(text, "amount=人民币金额")
    assert isinstance(gift, Gift)
    assert gift.fact.amount_fen == 9210
    (gift,) = read(f"账户币种：港币\n{HEADER}\n{ROW}\n", constants=("currency=CNY",))
    assert isinstance(gift, Gift)


BANK = """某银行账户明细
户名,莞家基金会,币种,人民币
交易日期,对方户名,借方发生额,贷方发生额,余额,摘要
20260105 08:30:12,甲公司,,100.00,100.00,捐款
2026-01-06,某银行,5.00,,95.00,手续费
2026-01-07,,,0.31,95.31,结息
合计,,5.00,100.31,,
制表人：张三,,,,,
"""
WECHAT = """交易时间,微信订单号,用户,交易类型,交易状态,货币种类,退款金额,退款状态,费率,订单金额
`2026-01-05 09:12:52,`4200001,`oU1,`JSAPI,`SUCCESS,`CNY,`0.00,`,`1%,`100.00
`2026-01-06 09:12:52,`4200001,`oU1,`JSAPI,`REFUND,`CNY,`100.00,`SUCCESS,`1%,`0.00
"""
ALIPAY = """#支付宝业务明细查询
支付宝交易号,业务类型,完成时间,对方账户,商家实收（元）
2026010522001\t,交易,2026-01-05 08:30:12,王*,100.00
2026010522001\t,退款,2026-01-06 08:30:12,王*,-100.00
#------列表结束----
"""


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (BANK, ()),
        (WECHAT, ("name=用户", "amount=订单金额")),
        (ALIPAY, ("name=对方账户", "amount=商家实收（元）", "received_at=完成时间")),
    ],
)
def test_of_a_file_as_it_is_exported_the_gift_alone_is_read(
    text: str, columns: tuple[str, ...]
) -> None:
    first, *others = read(text, *columns, constants=("fund_id=warm",))
    assert isinstance(first, Gift)
    assert first.fact.amount_fen == 10_000
    assert others, "the other rows are refused, not lost"
    assert all(isinstance(row, RefusedRow) for row in others)


@pytest.mark.parametrize("header", ["收支", "收/支", "借贷标志", "收支方向"])
@pytest.mark.parametrize("end", ["", ","])
def test_a_row_that_ends_before_its_direction_is_no_gift(header: str, end: str) -> None:
    """A workbook drops the empty cells at the end of a row."""
    text = f"流水号,名称,金额,基金,到账时间,{header}\n{ROW},收入\n{ROW.replace('B-1', 'B-2')}{end}"
    gift, row = read(text)
    assert isinstance(gift, Gift)
    assert codes(row)[0] == "direction_unclear"


@pytest.mark.parametrize("header", ["收支", "借贷标志"])
def test_a_payment_without_its_direction_is_neither_paid_nor_returned(header: str) -> None:
    """It names our order, and its sum has no sign: nothing says that the money came back."""
    text = (
        f"流水号,名称,金额,基金,到账时间,{header},摘要\n"
        f"{ROW},收入,\n{ROW.replace('B-1', 'B-2')},,GJB8KVA6W92M-001"
    )
    gift, row = read(text)
    assert isinstance(gift, Gift)
    assert isinstance(row, RefusedRow)
    assert codes(row)[0] == "direction_unclear"


@pytest.mark.parametrize("time", ["08:30:12", "083012"])
def test_a_day_and_its_time_in_columns_of_their_own_are_one_moment(time: str) -> None:
    header = "交易日期,交易时间,借方发生额（支出）,贷方发生额（收入）,对方户名,凭证号/流水号"
    text = f"{header}\n2026-01-05,{time},,100.00,甲公司,T-1\n2026-01-05,{time},,,,\n"
    gift, empty = read(text, constants=("fund_id=warm",))
    assert isinstance(gift, Gift)
    assert gift.fact.received_at.isoformat() == "2026-01-05T08:30:12+08:00"
    assert gift.reference == "T-1"
    assert isinstance(empty, RefusedRow)


@pytest.mark.parametrize("time", ["", "上午", "2026-01-05 08:30:12"])
def test_what_is_no_time_leaves_the_day(time: str) -> None:
    text = f"记账日期,记账时间,金额,名称\n2026-01-05,{time},100.00,甲公司\n"
    (gift,) = read(text, constants=("fund_id=warm",))
    assert isinstance(gift, Gift)
    assert gift.fact.received_at.isoformat() == "2026-01-05T00:00:00+08:00"
