"""The empty sheet of requests that a village fills in: `guanjia import template`, and its page."""

from services.intake.channels.columns import REQUEST_COLUMNS
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Channel, Kind
from shared.sheets.template import Template
from shared.towns import load_towns


def build_template() -> Template:
    goods = {"数量": "2", "单位": "床", "物品": "棉被"}
    common = {"town": "茶山镇", "village": "441900103001", "collector": "C-07"}
    return Template(
        title="诉求",
        columns=REQUEST_COLUMNS,
        names=(
            *("number", "name", "phone", "household", "kind", "category", "class"),
            *("quantity", "unit", "item", "amount", "town", "village", "text"),
            *("collector", "channel"),
        ),
        notes={
            "number": "本表自己的序号；更正后再导入时请不要改动编号、姓名、镇街、村居、收集人",
            "phone": "11位手机号；没有请写“无”，并填写收集人",
            "quantity": "要物品或服务时填写数量、单位、物品三列；要资金时只填金额",
            "item": "只写物品名称，不要写姓名和电话（guanjia catalogue list 列出目录）",
            "amount": "单位：元",
            "amount_fen": "单位：分；与“金额”只填一列",
            "town": "镇街全称；不清楚时写“全市”",
            "village": "村（居）名称，或12位代码",
            "text": "具体情况；只有经办人员能看到",
            "collector": "收集人的编号，不要填姓名或电话",
            "currency": "只登记人民币",
        },
        choices={
            "kind": [LABELS[kind] for kind in Kind],
            "category": [LABELS[category] for category in Category],
            "class": [LABELS[each] for each in BeneficiaryClass],
            "channel": [LABELS[channel] for channel in Channel],
            "town": list(load_towns().values()),
        },
        examples=[
            {
                "number": "1",
                "name": "张三（示例）",
                "phone": "13800138000",
                **common,
                "kind": "民生微心愿",
                "category": "生活物资",
                "class": "低保",
                "quantity": goods["数量"],
                "unit": goods["单位"],
                "item": goods["物品"],
                "text": "独居，冬天没有厚被子",
                "channel": "入户走访",
            },
            {
                "number": "2",
                "name": "李四（示例）",
                "phone": "无",
                **common,
                "kind": "民生微心愿",
                "category": "医疗救助",
                "class": "残疾",
                "amount": "300",
                "text": "药费",
                "channel": "村(居)委会收集",
            },
        ],
    )
