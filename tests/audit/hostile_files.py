"""A labelled set of statements as banks, payment channels and clerks really write them.

Each says what its rows must become, as `describe_row` has it: a gift with its sum, giver and
reference; a payment of ours; or a refusal, which the clerk reads and may answer. All are made up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

EXPORTS = Path(__file__).parent / "exports"
HEADER = "流水号,名称,金额,到账时间"
GIFT = "100.00 甲公司 B-1"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class HostileFile:
    """refused: the code for which the whole file is refused. columns: what the mapping says."""

    name: str
    content: bytes
    rows: tuple[str, ...] = ()
    refused: str = ""
    columns: tuple[str, ...] = ()


def _load(
    name: str, *rows: str, columns: tuple[str, ...] = (), refused: str = "", encoding: str = "utf-8"
) -> HostileFile:
    content = (EXPORTS / f"{name}.csv").read_text().encode(encoding)
    return HostileFile(name, content, rows, refused, columns)


def _write(
    name: str,
    lines: Iterable[str],
    *rows: str,
    header: str = HEADER,
    refused: str = "",
    columns: tuple[str, ...] = (),
) -> HostileFile:
    content = "".join(f"{line}\n" for line in (header, *lines)).encode()
    return HostileFile(name, content, rows, refused, columns)


def _vary(what: str, expected: str, values: Iterable[str], line: str) -> Iterator[HostileFile]:
    """line: with {} for the value. One file for each."""
    for value in values:
        yield _write(f"{what} {value!r}", [line.replace("{}", value)], expected)


def _beside(expected: str, header: str, cells: Iterable[str]) -> Iterator[HostileFile]:
    """One column more, whose cell decides what the row is."""
    for cell in cells:
        line = f'B-1,甲公司,100.00,2026-01-05,"{cell}"'
        yield _write(f"{header} {cell!r}", [line], expected, header=f"{HEADER},{header}")


def _of_pair(
    name: str,
    debit: str,
    credit: str,
    *rows: str,
    words: tuple[str, str] = ("借方金额", "贷方金额"),
) -> HostileFile:
    header = f"流水号,名称,{words[0]},{words[1]},到账时间"
    return _write(name, [f"B-1,甲公司,{debit},{credit},2026-01-05"], *rows, header=header)


LINE = "B-1,甲公司,100.00,2026-01-05"
AMOUNT, DAY, REFERENCE = (
    'B-1,甲公司,"{}",2026-01-05',
    "B-1,甲公司,100.00,{}",
    "{},甲公司,100.00,2026-01-05",
)
CCB_COLUMNS = (
    "bank_reference=账户明细编号-交易流水号",
    "amount=贷方发生额（收入）",
    "received_at=交易时间",
    "name=对方户名",
)
BOC_COLUMNS = (
    "name=付款人名称[ Payer's Name ]",
    "received_at=交易日期[ Transaction Date ]",
    "amount=交易金额[ Trade Amount ]",
    "bank_reference=交易流水号[ Transaction reference number ]",
)

WHOLE_EXPORTS = (
    _load(
        "icbc",
        "100.00 甲公司 20260105A1",
        "paid 30.00",
        "interest 1.23",
        encoding="gb18030",
    ),
    _load(
        "ccb",
        "100.00 甲公司 00001-2026010500001",
        "paid 50.00",
        columns=CCB_COLUMNS,
        encoding="gb18030",
    ),
    _load("ccb", refused="columns_repeated", encoding="gb18030"),
    _load("boc", "100.00 甲公司 8000001", "paid 40.00", REFUSED, columns=BOC_COLUMNS),
    _load(
        "cmb",
        "100.00 甲公司 C0123",
        "paid 60.00",
        columns=("received_at=交易日",),
        encoding="gb18030",
    ),
    _load(
        "abc",
        "100.00 甲公司 900001",
        "paid 20.00",
        columns=("received_at=交易日期", "bank_reference=日志号"),
    ),
    _load("abc", "100.00 甲公司 900001", "paid 20.00", columns=("bank_reference=日志号",)),
    _load(
        "wechat_person",
        "100.00 张三 100003900001",
        "50.00 李四 100003900002",
        "paid 20.00",
        REFUSED,
        REFUSED,
    ),
    _load(
        "alipay_person",
        "100.00 张三 2026010500001",
        "50.00 李四 2026010500002",
        "paid 20.00",
        REFUSED,
        REFUSED,
        columns=("bank_reference=交易订单号",),
        encoding="gb18030",
    ),
)

CELLS = (
    *_vary(
        "amount",
        GIFT,
        [
            *(
                "100",
                "100.0",
                "100.00元",
                "¥100.00",
                "￥100.00",
                "RMB100.00",
                "CNY 100.00",
                "100.000",
            ),
            *("人民币100元整", "１００．００", "+100.00", "100.00 ", "壹佰元整", "0.01万元"),
            *("\u00a0100.00", "100.00\u200b", "`100.00", "'100.00", '=""100.00""'),
            "100.0000000000001",
        ],
        AMOUNT,
    ),
    *_vary(
        "amount",
        REFUSED,
        [
            *(
                "100.005",
                "1,00.00",
                "100,50",
                "1.000,00",
                "1E+02",
                "$100.00",
                "HK$100",
                "100.00 USD",
            ),
            *(
                "一百多",
                "约100",
                "100-200",
                "100/200",
                "0.00",
                "",
                "NaN",
                "Infinity",
                "1_000",
                "0x64",
            ),
            *("100.00.00", "--100", "99999999999999999", "#REF!", "￥", "100元/月", "壹佰元贰"),
            *("-100.00", "(100.00)", "100.00-", "−100.00", "100.00CR", "100.00DR"),
        ],
        AMOUNT,
    ),
    *_vary(
        "day",
        GIFT,
        [
            *("2026/1/5", "2026.01.05", "2026年1月5日", "2026-01-05 09:12:33", "20260105 09:12:33"),
            *("20260105", "20260105091233", "2026-01-05-09.12.33.123456"),
            *("2026-01-05T09:12:33+08:00", "2026-01-05 下午 3:20", "２０２６－０１－０５"),
            "2026-01-05 09:12:33.123",
        ],
        DAY,
    ),
    *_vary(
        "day",
        REFUSED,
        [
            *("2026-02-30", "2026-13-01", "46027", "20261305", "05/01/2026", "26-01-05", "01-05"),
            *("昨天", "2026-01", "########", "0000-00-00", "1月5日", "2026-01-05 24:00:00"),
        ],
        DAY,
    ),
    *_vary("reference", REFUSED, ["2.02601E+19", "1月5日", "20260105000012300000"], REFERENCE),
    *_vary("reference", "100.00 甲公司 ", ["13800138000", "110101199003074477"], REFERENCE),
    _write(
        "reference kept as text",
        ["'20260105000012345671,甲公司,100.00,2026-01-05"],
        "100.00 甲公司 20260105000012345671",
    ),
)

TOTALS = (
    *(
        _write(f"{words!r} is a sum", [LINE, row], GIFT)
        for words in (
            *(
                "合计",
                "合 计",
                "小计",
                "总计：",
                "本页合计",
                "本月累计",
                "共1笔",
                "以上合计",
                "Total",
            ),
            *("承前页", "过次页", "本期合计", "收入合计", "总　计", "本日小计", "共计1笔100.00元"),
        )
        for row in (f",{words},100.00,", f"{words},,100.00,")
    ),
    *(
        _write(f"{words!r} is a balance", [f",{words},1000.00,2026-01-01", LINE], REFUSED, GIFT)
        for words in (
            *("期初余额", "上期余额", "承前页余额", "期末余额", "上日余额", "昨日余额", "上年结转"),
            *(
                "上月结转",
                "结转下页",
                "本期发生额",
                "本月发生额合计",
                "账户余额",
                "余额",
                "开户余额",
            ),
        )
    ),
    _write("a sum that is none", [LINE, "合计,,200.00,"], GIFT, REFUSED),
    _write(
        "sums of days",
        [LINE, ",2026-01-05 小计,100.00,", "B-2,乙公司,50.00,2026-01-06", ",总计,150.00,"],
        GIFT,
        "50.00 乙公司 B-2",
    ),
    _write(
        "a giver whose name begins so",
        ["B-1,合计教育公司,100.00,2026-01-05"],
        "100.00 合计教育公司 B-1",
    ),
    _write("sums in one sentence", [LINE, "借方合计：0笔 0.00元 贷方合计：1笔,,,"], GIFT, REFUSED),
    _write("who made the sheet", [LINE, "制表人：王某,,,", "第1页 共1页,,,"], GIFT),
)

SHAPES = (
    HostileFile("utf-16", f"{HEADER}\n{LINE}\n".encode("utf-16"), (GIFT,)),
    HostileFile("tabs", f"{HEADER}\n{LINE}\n".replace(",", "\t").encode(), (GIFT,)),
    HostileFile("semicolons", f"{HEADER}\n{LINE}\n".replace(",", ";").encode(), (GIFT,)),
    HostileFile("old line ends", f"{HEADER}\r{LINE}\r".encode(), (GIFT,)),
    HostileFile(
        "no page of a bank", b"<html><table></table></html>", refused="file_format_unknown"
    ),
    HostileFile("a PDF", b"%PDF-1.7\n", refused="file_format_unknown"),
    HostileFile("nothing", b"", refused="columns_missing"),
    _write("traditional", [LINE], GIFT, header="流水號,名稱,金額,到賬時間"),
    _write("header again", [LINE, HEADER, LINE], GIFT, GIFT),
    _write("a tab behind a quote", ['B-1,甲公司,"100.00"\t,2026-01-05'], GIFT),
    _write("one cell too many", ["B-1,甲公司,1,000.00,2026-01-05"], REFUSED),
    _write(
        "no amount but a balance",
        [LINE],
        header="流水号,名称,余额,到账时间",
        refused="columns_missing",
    ),
    _write(
        "two amounts",
        ["B-1,甲公司,100.00,90.00,2026-01-05"],
        header="流水号,名称,金额,交易金额,到账时间",
        refused="columns_repeated",
    ),
    _write("in dollars", [LINE], header="币种：美元\n" + HEADER, refused="sheet_foreign"),
    _write("in 万元", [LINE], header="单位：万元\n" + HEADER, refused="unit_unclear"),
    _write(
        "two accounts",
        ["001,B-1,甲公司,100.00,2026-01-05", "002,B-1,甲公司,100.00,2026-01-05"],
        GIFT,
        REFUSED,
        header="本方账号," + HEADER,
    ),
    _write(
        "two givers' accounts",
        ["001,B-1,甲公司,100.00,2026-01-05", "002,B-2,甲公司,100.00,2026-01-05"],
        GIFT,
        "100.00 甲公司 B-2",
        header="账号," + HEADER,
    ),
    _of_pair("both sides", "50.00", "100.00", REFUSED),
    _of_pair("neither side", "", "", REFUSED),
    _of_pair("nothing on both sides", "0.00", "0.00", REFUSED),
    _of_pair("a credit undone", "", "-100.00", REFUSED),
    _of_pair("a debit undone", "-100.00", "", REFUSED),
    _of_pair("a dash for nothing", "-", "100.00", GIFT),
    _of_pair("a payment of ours", "100.00", "", "paid 100.00"),
)

BESIDE = (
    *_beside("paid 100.00", "借贷标志", ["D", "借", "借方"]),
    *_beside("paid 100.00", "Dr/Cr", ["DR"]),
    *_beside(GIFT, "借贷标志", ["C", "贷", "贷(收入)"]),
    *_beside(REFUSED, "币种", ["USD", "HKD", "840", "美元(USD)"]),
    *_beside(GIFT, "币种", ["人民币", "CNY", "156"]),
    *_beside(REFUSED, "交易状态", ["处理中", "失败", "已撤销"]),
    *_beside("undone 100.00", "交易状态", ["已冲正"]),
    *_beside(REFUSED, "冲正标志", ["1", "Y", "是"]),
    *_beside(GIFT, "冲正标志", ["0", "N", "否"]),
    *_beside(REFUSED, "已退金额", ["50.00"]),
    *_beside(GIFT, "已退金额", ["0.00", ""]),
    *_beside(
        REFUSED,
        "摘要",
        [
            *("结息", "利息收入", "活期结息", "手续费返还", "冲正", "错账冲正", "退汇", "贷款发放"),
            *("理财赎回", "内部转账", "定期转活期", "充值", "POS消费撤销", "跨行退款", "期初余额"),
            *("行内同名转账", "结构性存款到期", "七天通知存款支取本息", "资金归集"),
        ],
    ),
    *_beside(
        GIFT,
        "摘要",
        [
            *("现金存款", "爱心捐款", "转账存入", "汇款", "跨行汇入", "善款", "助学金捐赠", "支票"),
            *("网银来账", "代收业务", "财付通-转账", "他行来账", "CR", "工资捐款", "货款捐赠一日"),
            *("慈善一日捐", "IBPS贷记", "利息捐赠给孩子们", "充值捐款", "定期捐款"),
        ],
    ),
    *_beside(
        REFUSED,
        "交易类型",
        [
            *(
                "利息",
                "账户管理费",
                "余额宝-收益发放",
                "余额宝转出",
                "转账到银行卡",
                "退款",
                "零钱提现",
            ),
            *(
                "转入零钱通",
                "分账退回",
                "商户充值",
                "理财收益",
                "红包退回",
                "亲属卡",
                "POS退货",
                "冲账",
            ),
        ],
    ),
    *_beside(
        GIFT,
        "交易类型",
        [
            *("转账", "二维码收款", "微信红包", "群收款", "小程序支付", "刷卡支付", "付款码支付"),
            *("即时到账交易", "当面付", "跨行转入", "大额来账", "现金存入", "批量代收", "代收捐款"),
        ],
    ),
    *_beside(GIFT, "附言", ["退", "还愿", "退休工资捐", "还款给社会", "支持冲正能量", "退役军人"]),
)

FILES = (*WHOLE_EXPORTS, *CELLS, *TOTALS, *SHAPES, *BESIDE)
