"""财务: the forms of what one person proposes, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from services.audit.reports.stores import BASES

Texts = tuple[str, str]
"""In Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Field:
    """kind: text, money, number, day, or of a list: fund, file, choice of `options`. hint: what
    stands under its label."""

    name: str
    zh: str
    en: str
    kind: Literal["text", "money", "number", "day", "fund", "yes_no", "file", "choice"] = "text"
    hint_zh: str = ""
    hint_en: str = ""
    required: bool = True
    options: tuple[tuple[str, Texts], ...] = ()


@dataclass(frozen=True, slots=True)
class ProposalForm:
    names: Texts
    fields: tuple[Field, ...]


REFERENCE = Field(
    "reference",
    "依据的文件编号",
    "Document",
    hint_zh="会议纪要、批文或捐赠人同意书的编号；永久公开在账本上，不写人名、电话、证件号",
    hint_en="the number of a minute, a filing or a consent; it is public for ever, so nobody's "
    "name or number",
)
VOUCHER = Field(
    "voucher",
    "凭证号",
    "Voucher",
    hint_zh="如 记-12；永久公开在账本上",
    hint_en="such as 记-12; it is public for ever",
)
ATTACHMENT = Field("attachment", "凭证附件", "The voucher's scan", "file")
VOUCHERED = (
    Field("amount", "金额（元）", "Amount (yuan)", "money"),
    Field("day", "银行日期", "The bank's day", "day"),
    Field(
        "bank_reference",
        "银行流水号",
        "The bank's reference",
        hint_zh="有流水的照抄，以后导入对账单时就认得它",
        hint_en="as the statement has it, so that its line is known when it comes",
        required=False,
    ),
    Field("own_account", "哪个账户", "Our account", hint_zh="如 工行1001", required=False),
    REFERENCE,
    VOUCHER,
    ATTACHMENT,
)
FORMS: Mapping[str, ProposalForm] = {
    "fund": ProposalForm(
        ("设立基金", "Open a fund"),
        (
            Field(
                "fund_id",
                "基金编号",
                "Its id",
                hint_zh="短，如 warm-2027；以后不能改",
                hint_en="short, such as warm-2027; it stays",
            ),
            Field(
                "name", "名称", "Name", hint_zh="永久公开在账本上", hint_en="it is public for ever"
            ),
            Field(
                "purpose",
                "用途",
                "What it is for",
                hint_zh="永久公开在账本上，不写人名、电话、证件号",
                hint_en="it is public for ever: nobody's name or number",
                required=False,
            ),
            Field("restricted", "限定性基金", "Restricted", "yes_no"),
        ),
    ),
    "transfer": ProposalForm(
        ("基金之间划转", "Transfer between funds"),
        (
            Field("from_fund_id", "从哪个基金", "From", "fund"),
            Field("to_fund_id", "到哪个基金", "To", "fund"),
            Field("amount", "金额（元）", "Amount (yuan)", "money"),
            REFERENCE,
            replace(VOUCHER, required=False),
            replace(ATTACHMENT, required=False),
        ),
    ),
    "fee": ProposalForm(
        ("提取管理费", "Charge a fee"),
        (Field("fund_id", "从哪个基金", "Fund", "fund"), *VOUCHERED),
    ),
    "interest": ProposalForm(
        ("银行利息", "Interest of a bank"),
        (Field("fund_id", "记入哪个基金", "Fund", "fund"), *VOUCHERED),
    ),
    "charge": ProposalForm(
        ("银行手续费", "A charge of a bank"),
        (Field("fund_id", "记入哪个基金", "Fund", "fund"), *VOUCHERED),
    ),
    "refund": ProposalForm(
        ("退回捐赠", "Give a gift back"),
        (
            Field(
                "donation_id",
                "捐赠编号",
                "The gift",
                hint_zh="D- 开头，在凭证和对账单查询里",
                hint_en="D-…, as its receipt has it",
            ),
            *VOUCHERED,
        ),
    ),
    "count": ProposalForm(
        ("盘点物资", "Count goods"),
        (
            Field("fund_id", "哪个基金", "Fund", "fund"),
            Field("item", "品名", "Item", hint_zh="与入库时相同", hint_en="as it was received"),
            Field("unit", "单位", "Unit"),
            Field("counted", "清点的数量", "How many lie there", "number"),
            Field("day", "盘点日期", "Day", "day"),
            Field("unit_yuan", "单价（元）", "Value of one (yuan)", "money", required=False),
            Field(
                "basis",
                "计价依据",
                "Basis of the value",
                "choice",
                required=False,
                options=tuple((basis, texts) for basis, texts in BASES.items() if basis),
            ),
            Field(
                "places",
                "存放地点",
                "Where they lie",
                hint_zh="如 茶山驿站 10；南城驿站 7，合计等于清点的数量",
                hint_en="station and number, apart by ；: together what was counted",
                required=False,
            ),
            REFERENCE,
            replace(VOUCHER, required=False),
            replace(ATTACHMENT, required=False),
        ),
    ),
    "standing": ProposalForm(
        ("让基金自动资助", "Let a fund give by itself"),
        (
            Field("fund_id", "哪个基金", "Fund", "fund"),
            Field(
                "donor_id",
                "以谁的名义",
                "In whose name",
                hint_zh="代表基金的捐赠方编号，如 P-…；每月会通知他同意了几项",
                hint_en="the id of whom the fund stands for; he is told how many were made",
            ),
            Field("amount", "总共至多（元）", "In all (yuan)", "money"),
            Field("request_yuan", "每项至多（元）", "To one request (yuan)", "money"),
            Field("month_yuan", "每月至多（元）", "In a month (yuan)", "money"),
            Field("until", "有效至", "Until", "day"),
            Field(
                "categories",
                "只限类别",
                "Categories alone",
                hint_zh="如 配餐、医疗救助；不写就是不限",
                hint_en="in Chinese, apart by 、; empty means any",
                required=False,
            ),
            Field(
                "towns",
                "只限镇街",
                "Towns alone",
                hint_zh="如 茶山镇、长安镇；不写就是全市",
                hint_en="in Chinese, apart by 、; empty means any",
                required=False,
            ),
            REFERENCE,
        ),
    ),
    "release": ProposalForm(
        ("银行没有付的一笔", "A payment the bank did not make"),
        (
            Field(
                "reference",
                "付款编号",
                "Reference",
                hint_zh="付款单页“附言”一栏，如 GJABCDEFGHJK-001；先向银行问明没有扣款",
                hint_en="as the order's page has it; ask the bank first that nothing left",
            ),
            Field("reason", "银行怎么说", "What the bank said", hint_zh="如 账号与户名不符"),
        ),
    ),
    "reversal": ProposalForm(
        ("冲正一笔", "Reverse an entry"),
        (
            Field(
                "log",
                "日志",
                "Log",
                hint_zh="在“善款去向”的条目页上，如 guanjia.local/log/2026",
                hint_en="as its page says, such as guanjia.local/log/2026",
            ),
            Field("index", "第几条", "Number", "number"),
            REFERENCE,
            replace(VOUCHER, required=False),
            replace(ATTACHMENT, required=False),
        ),
    ),
}
