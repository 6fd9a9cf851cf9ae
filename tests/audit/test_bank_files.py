"""Banks' own formats and the bills of payment channels, made here as hostile as they come."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.audit.statements import Gift, Layout, parse_layout, read_statement
from services.audit.statements.accounts import load_layout, save_layout
from shared.errors import Invalid
from shared.sheets import RefusedRow

WARM = parse_layout(constants=("fund_id=warm",))

MT940 = """:20:STMT260105
:25:440100001234567890
:28C:00005/001
:60F:C260104CNY1000,00
:61:2601050105C100,00NTRFREF0001//BK0001
:86:/NAME/JIA GONGSI/REMI/DONATION
:61:2601050105D30,00NCHGFEE1//BK0002
:86:FEE
:61:2601050105C0,50NINTNONREF//BK0003
:86:INTEREST
:61:2601050105RC20,00NTRFREF0009//BK0004
:86:REVERSED
:62F:C260105CNY1050,50
-
"""


def make_entry(
    amount: str, reference: str, *, side: str = "CRDT", state: str = "BOOK", inside: str = ""
) -> str:
    return (
        f'<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Sts><Cd>{state}</Cd></Sts><BookgDt><Dt>2026-01-05</Dt></BookgDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef>{inside}</Ntry>"
    )


def make_detail(amount: str, name: str) -> str:
    stated = f'<Amt Ccy="CNY">{amount}</Amt>' if amount else ""
    return (
        f"<TxDtls><Refs><AcctSvcrRef>{name}-1</AcctSvcrRef></Refs>{stated}"
        f"<RltdPties><Dbtr><Pty><Nm>{name}</Nm></Pty></Dbtr></RltdPties>"
        "<RmtInf><Ustrd>助学</Ustrd></RmtInf></TxDtls>"
    )


def make_camt(
    *entries: str, opening: str = "1000.00", closing: str = "", version: str = "08"
) -> str:
    def balance(code: str, amount: str) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
        )

    last = balance("CLBD", closing) if closing else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        "<BkToCstmrStmt><Stmt><Acct><Id><Othr><Id>44010001</Id></Othr></Id></Acct>"
        f"{balance('OPBD', opening)}{last}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )


def read(content: str, layout: Layout = WARM, encoding: str = "utf-8") -> tuple[list[Gift], int]:
    """The gifts, and how many rows are refused."""
    rows = list(read_statement(content.encode(encoding), "file", layout))
    gifts = [row for row in rows if isinstance(row, Gift)]
    return gifts, sum(isinstance(row, RefusedRow) for row in rows)


def refuse(content: str) -> str:
    with pytest.raises(Invalid) as refused:
        read(content)
    return refused.value.problems[0].code


def list_facts(gifts: list[Gift]) -> list[tuple[str, int, str]]:
    return [(gift.giver["name"], gift.fact.amount_fen, gift.reference) for gift in gifts]


def test_mt940_enters_what_came_in_and_no_fee_interest_or_reversal() -> None:
    gifts, refused = read(MT940)
    assert list_facts(gifts) == [("JIA GONGSI", 100_00, "BK0001")]
    assert refused == 3
    assert read_statement(MT940.encode(), "f", WARM).account == "440100001234567890"


def test_mt940_with_a_line_missing_or_unread_is_refused_whole() -> None:
    assert refuse(MT940.replace(":61:2601050105D30,00NCHGFEE1//BK0002\n", "")) == (
        "balance_different"
    )
    assert refuse(MT940.replace("1050,50", "1050,49")) == "balance_different"
    assert refuse(MT940.replace(":61:2601050105C100", ":61:26AA0105C100")) == "bank_file_broken"
    two = MT940 + MT940.replace("440100001234567890", "9999")
    assert refuse(two) == "accounts_several"


def test_camt_enters_each_gift_of_a_collected_entry() -> None:
    several = f"<NtryDtls>{make_detail('60.00', '张三')}{make_detail('40.00', '李四')}</NtryDtls>"
    one = f"<NtryDtls>{make_detail('', '甲公司')}</NtryDtls>"
    content = make_camt(
        make_entry("100.00", "R-1", inside=several),
        make_entry("200.00", "R-2", inside=one),
        make_entry("50.00", "R-3", side="DBIT"),
        make_entry("7.00", "R-4", state="PDNG"),
        closing="1250.00",
    )
    for version in ("02", "08", "13"):
        gifts, refused = read(content.replace("053.001.08", f"053.001.{version}"))
        assert list_facts(gifts) == [
            ("张三", 60_00, "张三-1"),
            ("李四", 40_00, "李四-1"),
            ("甲公司", 200_00, "甲公司-1"),
        ]
        assert refused == 2
        assert {gift.fact.designation for gift in gifts} == {"助学"}


def test_camt_is_refused_where_it_would_put_wrong_money_into_the_books() -> None:
    entry = make_entry("200.00", "R-1")
    assert refuse(make_camt(entry, closing="1300.00")) == "balance_different"
    assert refuse(make_camt(entry).replace("camt.053", "camt.054")) == "camt_other"
    assert refuse(make_camt(entry)[:-20]) == "bank_file_broken"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document'
    assert refuse(make_camt(entry).replace("<Document", bomb)) == "bank_file_broken"
    assert refuse(make_camt(entry).replace("200.00", "NaN")) == "bank_file_broken"
    dollars = read(make_camt(entry).replace('Ccy="CNY">200', 'Ccy="USD">200'))
    reversal = entry.replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")
    unclear = f"<NtryDtls>{make_detail('', '张三')}{make_detail('', '李四')}</NtryDtls>"
    assert dollars == read(make_camt(reversal)) == ([], 1)
    assert read(make_camt(make_entry("200.00", "R-1", inside=unclear))) == ([], 1)


def test_camt_gifts_that_share_the_entrys_reference_are_entered_each() -> None:
    """By one reference they would be one message: the second would be refused, or dropped."""
    details = (make_detail("50.00", name) for name in ("张三", "李四"))
    unnamed = "".join(each for each in details)
    shared = re.sub("<Refs>.*?</Refs>", "", unnamed)
    gifts, refused = read(
        make_camt(make_entry("100.00", "R-1", inside=f"<NtryDtls>{shared}</NtryDtls>"))
    )
    assert (list_facts(gifts), refused) == ([("张三", 50_00, "R-1-1"), ("李四", 50_00, "R-1-2")], 0)


def test_an_amount_that_nobody_has_is_refused_before_it_is_written_out() -> None:
    for amount in ("1E+999999999", "1E-999999999", "1000000000000000.00"):
        assert refuse(make_camt(make_entry(amount, "R-1"))) == "bank_file_broken"


WECHAT_TRADES = """\
交易时间,公众账号ID,商户号,微信订单号,交易状态,货币种类,应结订单金额,退款金额,商品名称,手续费
`2026-01-05 08:21:23,`wx1,`1900000001,`4200001,`SUCCESS,`CNY,`100.00,`0.00,`捐款,`0.60
`2026-01-05 08:21:23,`wx1,`1900000001,`4200002,`SUCCESS,`CNY,`100.00,`0.00,`捐款,`0.60
`2026-01-05 08:21:24,`wx1,`1900000001,`4200003,`SUCCESS,`CNY,`200.00,`0.00,`捐款,`1.20
`2026-01-05 09:21:23,`wx1,`1900000001,`4200004,`REFUND,`CNY,`0.00,`50.00,`捐款,`-0.30
总交易单数,应结订单总金额,退款总金额
`4,`400.00,`50.00
"""
WECHAT_FUNDS = """\
记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,备注
`2026-01-05 04:21:23,`5000001,`1,`交易,`交易,`收入,`0.02,`0.02,`缺省
`2026-01-05 04:22:23,`5000002,`2,`扣除交易手续费,`扣除交易手续费,`支出,`0.01,`0.01,`
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`2,`1,`0.02,`1,`0.01
"""
ALIPAY_ACCOUNT = """#支付宝账务明细查询
#账号：[20884010000000000156]
账务流水号,业务流水号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,业务类型
1\t,20260105001\t,捐款,2026-01-05 10:00:00,zhang***@a.example(张三),100.00,0.00,100.00,在线支付
2\t,20260105001\t,捐款,2026-01-05 10:00:00,支付宝,0.00,-0.60,99.40,收费
#支出合计：1笔，共-0.60元
#收入合计：1笔，共100.00元
"""
ALIPAY_TRADES = """#支付宝业务明细查询
支付宝交易号,业务类型,商品名称,创建时间,完成时间,对方账户,订单金额（元）,服务费（元）
20260105001\t,交易,捐款,2026-01-05 10:00:00,2026-01-05 10:00:01,*三(zhang***@a.example),100.00,-0.60
20260105002\t,退款,捐款,2026-01-05 10:00:00,2026-01-05 10:00:01,*四(li***@a.example),-50.00,0.30
"""


def test_bills_of_merchants_enter_gifts_whole_and_nothing_else() -> None:
    """Two equal gifts in one second are two, and 100 + 100 = 200 is no line of totals."""
    gifts, refused = read(WECHAT_TRADES)
    assert [gift.fact.amount_fen for gift in gifts] == [100_00, 100_00, 200_00]
    assert ({gift.giver["name"] for gift in gifts}, refused) == ({"爱心人士"}, 1)
    assert list_facts(read(WECHAT_FUNDS)[0]) == [("爱心人士", 2, "5000001")]
    gifts, refused = read(ALIPAY_ACCOUNT, encoding="gb18030")
    assert (list_facts(gifts), refused) == ([("张三", 100_00, "20260105001")], 1)
    gifts, refused = read(ALIPAY_TRADES, encoding="gb18030")
    assert (list_facts(gifts), refused) == ([("*三", 100_00, "20260105001")], 1)


@pytest.mark.parametrize("kind", ["充值", "提现退回", "付款退回", "分账回退"])
def test_income_of_a_bill_that_nobody_paid_is_no_gift(kind: str) -> None:
    own = f"`2026-01-05 05:00:00,`5000009,`9,`{kind},`{kind},`收入,`5000.00,`5000.02,`缺省\n"
    bill = WECHAT_FUNDS.replace("资金流水总笔数", own + "资金流水总笔数").replace(
        "`2,`1,`0.02", "`3,`2,`5000.02"
    )
    gifts, refused = read(bill)
    assert (list_facts(gifts), refused) == ([("爱心人士", 2, "5000001")], 2)
    returned = ALIPAY_ACCOUNT.replace("在线支付", "退费" if kind == "充值" else kind)
    assert read(returned, encoding="gb18030") == ([], 2)


def test_a_cell_longer_than_csv_takes_ends_in_no_bug() -> None:
    long = "名称,金额,到账时间,备注\n张三,1.00,2026-01-05," + "x" * 140_000 + "\n"
    gifts, refused = read(long)
    assert len(gifts) + refused == 1


@pytest.mark.parametrize(
    ("bill", "line"),
    [
        (WECHAT_TRADES, "`2026-01-05 08:21:24"),
        (WECHAT_FUNDS, "`2026-01-05 04:21:23"),
        (ALIPAY_ACCOUNT, "1\t"),
    ],
)
def test_a_bill_that_lost_a_row_is_refused_by_its_own_sum(bill: str, line: str) -> None:
    kept = [each for each in bill.splitlines() if not each.startswith(line)]
    assert refuse("\n".join(kept)) == "bill_sum_different"


def test_a_bill_with_a_row_of_another_width_is_refused() -> None:
    assert refuse(WECHAT_TRADES.replace("`捐款,`1.20", "`捐款,`1.20,`9,`9")) == "bank_file_broken"


def test_a_dry_run_shows_what_would_be_entered_and_what_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "icbc.csv"
    file.write_text(
        "交易时间,对方户名,贷方发生额,网点,柜员\n2026-01-05,甲公司,100.00,茶山支行,007\n"
        "2026-01-05,乙公司,x,茶山支行,007\n2099-01-05,丙公司,1.00,茶山支行,007\n",
        encoding="utf-8",
    )
    words = ["import", "donations", str(file), "--set", "fund_id=warm", "--dry-run"]
    shown = CliRunner().invoke(app, words, env={"GUANJIA_DATA_DIR": str(tmp_path / "none")})
    assert shown.exit_code == 1
    for part in ("将入账 1 笔、100.00 元", "网点", "柜员", "甲公司", "第 3 行", "第 4 行"):
        assert part in shown.output, part


def test_how_an_accounts_files_are_read_is_said_once(tmp_path: Path) -> None:
    assert load_layout(tmp_path, "icbc-1001") is None
    said = parse_layout(columns=("amount=实收",), constants=("fund_id=warm",), ignored=("备用",))
    save_layout(tmp_path, said.of_account("icbc-1001"))
    remembered = load_layout(tmp_path, "ｉｃｂｃ-1001")
    assert remembered is not None
    changed = remembered.lay_over(parse_layout(constants=("fund_id=tea",)))
    assert changed.constants == {"fund_id": "tea"}
    assert (changed.columns, changed.ignored) == ({"amount": "实收"}, ("备用",))
    assert changed.account == "icbc-1001"
