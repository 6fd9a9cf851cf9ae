"""Ordinary words of good rows cost nothing; outgoings are no gifts; a clerk may ignore a column."""

import pytest

from deploy.commands.donations import import_donations
from services.audit.cli.reconcile import print_reconciliation
from services.audit.pages.statement_columns import name_choice
from services.audit.statements import Gift, Layout, parse_layout, read_statement
from services.audit.statements.messages import DIRECTION_OUTGOING
from services.audit.statements.vocabulary import is_bank_memo, is_bank_word
from shared.errors import Invalid
from shared.money import check_currency, find_foreign_currency
from shared.sheets import RefusedRow

HEADER = "流水号,名称,金额,基金,到账时间"
ROW = "B-1,甲公司,100.00,warm,2026-01-05"


def read(text: str, layout: Layout | None = None) -> list[Gift | RefusedRow]:
    return list(read_statement(text.encode(), "bank.csv", layout or parse_layout()))


def read_beside(header: str, cell: str, layout: Layout | None = None) -> Gift | RefusedRow:
    (row,) = read(f'{HEADER},{header}\n{ROW},"{cell}"\n', layout)
    return row


def explain(row: Gift | RefusedRow) -> str:
    assert isinstance(row, RefusedRow), row
    return "；".join(problem.zh for problem in row.problems)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("收/付款方式", "余额宝"),
        ("收付款账户", "招商银行(1234)"),
        ("借贷合同号", "HT-2026-001"),
        ("进出口编号", "4419"),
        ("收付款渠道", "云闪付"),
        ("出入口", "东门"),
        ("捐赠方向", "助学"),
        ("资金流向账户", "62220001"),
        ("付款/入账时间", "2026-01-05"),
        ("转出方", "张三"),
        ("资金状态", "已收入"),
        ("资金流向", "流入"),
        ("资金方向", "资金流入"),
        ("转入/转出", "转入"),
        ("存入/取出", "存入"),
        ("汇出/汇入", "汇入"),
        ("收款/付款", "收款"),
        ("审核状态", "审核通过"),
        ("审批结果", "已审批"),
        ("单据状态", "已审核"),
        ("捐赠状态", "已捐赠"),
        ("流程状态", "已复核"),
        ("单据状态", "已生效"),
        ("到账状态", "是"),
        ("是否到账", "1"),
        ("支付状态", "√"),
        ("付款金额", "100"),
        ("可退款金额", "100"),
        ("未退款金额", "100"),
        ("退款状态", "无退款申请"),
        ("退款状态", "没有退款"),
        ("退款记录", "无退款记录"),
        ("交易类型", "交易付款"),
        ("交易类型", "代扣"),
        ("交易类型", "交易付款/代扣"),
        ("业务类型", "委托代扣"),
        ("币种", "本币"),
        ("币种", "001"),
        ("币种", "人民币(本位币)"),
        ("货币", "01-人民币"),
        ("发票状态", "已作废"),
        ("是否开票", "否"),
        ("捐赠票据打印状态", "未打印"),
        ("发票类型", "红字发票"),
        ("附言", "不求返还"),
        ("附言", "无需退还"),
        ("备注", "服务费"),
        ("留言", "管理费由我承担"),
        ("摘要", "用于孤寡老人护理服务费"),
        ("摘要", "不必退还"),
        ("摘要", "网银转账"),
        ("摘要", "跨行汇款"),
        ("摘要", "代扣捐款"),
        ("摘要", "消费者协会"),
        ("部门", "采购中心"),
        ("付款单位", "小额贷款服务部"),
        ("交易类型", "JSAPI支付"),
        ("交易分类", "公益捐赠"),
    ],
)
def test_ordinary_words_of_a_good_row_cost_nothing(header: str, cell: str) -> None:
    assert isinstance(read_beside(header, cell), Gift)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(
            ("摘要", cell)
            for cell in (
                *(
                    "转账支出",
                    "跨行转出",
                    "网银转出",
                    "ATM取款",
                    "现金支取",
                    "消费",
                    "对外付款",
                    "代发工资",
                ),
                *(
                    "手机银行转出",
                    "POS消费",
                    "柜台取现",
                    "代扣水费",
                    "代付货款",
                    "善款转出",
                    "资助支出",
                ),
                *(
                    "缴税",
                    "对外付款-东莞市某某建筑材料有限公司-货款",
                    "微信提现",
                    "服务费",
                    "支付货款",
                    "信用卡还款",
                    "理财赎回",
                ),
            )
        ),
        *(
            ("交易类型", cell)
            for cell in (
                *("消费", "对外支付", "转账汇出", "汇出", "购汇", "网银转出", "取现", "代发工资"),
                *("代扣代缴", "扫二维码付款", "捐赠支出", "对外捐赠", "助学金发放"),
            )
        ),
        ("备注", "跨行转出"),
        ("交易说明", "ATM取款 工商银行东莞分行南城支行"),
        ("附言", "现金支取"),
        ("用途", "代发工资"),
        ("用途", "手续费"),
        ("借贷标志", "借"),
        ("收付款标志", "付"),
        ("转入/转出", "转出"),
        ("存入/取出", "取出"),
        ("收/支", "不计收支"),
        ("资金流向", "流出"),
        ("支出金额", "100"),
        ("审核状态", "待审核"),
        ("交易状态", "已审核"),
        ("支付状态", "审核通过"),
        ("审核状态", "审核不通过"),
        ("到账状态", "否"),
        ("是否到账", "否"),
        ("资金状态", "已支出"),
        ("退款状态", "退款成功"),
        ("退款状态", "申请退款"),
        ("已退款金额", "100"),
        ("甲列", "未到账"),
    ],
)
def test_what_is_no_gift_is_refused_with_its_column_and_what_may_be_done(
    header: str, cell: str
) -> None:
    zh = explain(read_beside(header, cell))
    assert f"“{header}”" in zh
    assert f"--ignore {header}" in zh
    if header != "用途":
        assert isinstance(read_beside(header, cell, parse_layout(ignored=[header])), Gift)


def test_what_was_paid_is_the_other_side_only_beside_what_was_received() -> None:
    text = "名称,收款金额,付款金额,基金,到账时间\n甲,100,{},warm,2026-01-05\n"
    (gift,) = read(text.format(""))
    assert isinstance(gift, Gift)
    (row,) = read(text.format("100"))
    assert "付款金额" in explain(row)


@pytest.mark.parametrize(
    "words",
    [
        "孤寡老人护理服务费",
        "用于社区服务费用",
        "不求返还",
        "服务费",
        "捐赠支出",
        "利息也捐出",
        "消费助农",
    ],
)
def test_what_a_giver_wrote_is_kept_as_he_wrote_it(words: str) -> None:
    row = read_beside("用途", words)
    assert isinstance(row, Gift)
    assert row.fact.designation == words


@pytest.mark.parametrize(
    "words", ["手续费", "活期结息", "冲正", "退款", "跨行转账支出", "账户管理费"]
)
def test_a_banks_own_word_is_no_designation(words: str) -> None:
    layout = parse_layout(columns=["designation=附言"])
    assert "--ignore 附言" in explain(read_beside("附言", words, layout))


ALIPAY_BILL = """支付宝交易明细
交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注
2026-01-05 08:30:12,公益捐赠,王某,w***@qq.com,爱心款,收入,100.00,余额,交易成功,20260105220001,,
2026-01-05 09:30:12,日用百货,某店,s***@qq.com,文具,支出,20.00,花呗,交易成功,20260105220002,,
2026-01-05 10:30:12,退款,某店,s***@qq.com,退款-文具,不计收支,20.00,花呗,退款成功,20260105220003,,
"""


def test_the_ordinary_bill_of_alipay_is_read() -> None:
    gift, *others = read(ALIPAY_BILL, parse_layout(constants=["fund_id=warm"]))
    assert isinstance(gift, Gift)
    assert gift.fact.amount_fen == 10_000
    assert ["“收/支”" in explain(row) for row in others] == [True, True]


@pytest.mark.parametrize(
    ("title", "currency"),
    [
        ("2026年1月1日元旦慈善募捐明细", ""),
        ("2026年3月3日元宵节捐款明细", ""),
        ("2026年1月15日元洲村捐款", ""),
        ("正月十五日元宵捐款", ""),
        ("参加元旦义卖", ""),
        ("香港元朗同乡会捐款", ""),
        ("日元账户", "日元"),
        ("单位：1000日元", "日元"),
        ("港币账户元旦捐款", "港币"),
        ("美元、港元账户", "美元"),
        ("Account 6221560 (USD)", "usd"),
        ("港币折人民币", ""),
    ],
)
def test_a_title_names_a_currency_and_no_day(title: str, currency: str) -> None:
    assert find_foreign_currency(title) == currency


@pytest.mark.parametrize("text", ["840", "013", "0011", "外币", "本币/港币", "1"])
def test_another_money_is_no_yuan_for_a_number_or_a_word_beside_it(text: str) -> None:
    with pytest.raises(Invalid):
        check_currency(text)


def test_a_column_is_ignored_by_the_mapping_and_by_the_command() -> None:
    text = f"{HEADER},收支,发票冲红退款\n{ROW},支,是\n"
    layout = parse_layout('ignored = ["收支"]'.encode(), ignored=["发票冲红退款"])
    assert layout.ignored == ("收支", "发票冲红退款")
    assert isinstance(read(text, layout)[0], Gift)
    mapped = parse_layout(columns=["direction=甲列"], ignored=["甲列"])
    assert isinstance(read_beside("甲列", "支", mapped), Gift), "what is ignored is not mapped"
    with pytest.raises(Invalid):
        read(text, parse_layout(ignored=["金额"]))
    with pytest.raises(Invalid):
        parse_layout('ignored = "收支"'.encode())


def test_both_commands_take_columns_to_ignore() -> None:
    for command in (import_donations, print_reconciliation):
        assert "ignore" in command.__annotations__


def test_a_long_text_costs_no_time() -> None:
    word = "银行卡账户转账网银" * 10_000
    assert not is_bank_word(word)
    assert not is_bank_memo(word, word)


def test_on_the_page_a_reason_names_the_choice_of_the_page() -> None:
    problem = DIRECTION_OUTGOING.problem("direction", header="借方（支出）", text="支")
    (named,) = name_choice(RefusedRow(2, (), (problem,))).problems
    assert "在“说明各列是什么”里选“与款项无关，不看”" in named.zh
    assert "--ignore" not in named.zh + named.en
