"""What is answered where a table of approvals is wrong."""

from shared.errors import Message

LIMITS_UNREADABLE = Message(
    "limits_unreadable", "审批权限表读不出来：{reason}", "the table cannot be read: {reason}"
)
LIMITS_ROW_WRONG = Message("limits_row_wrong", "第{line}行：{zh}", "line {line}: {en}")
LIMITS_WORD_UNKNOWN = Message(
    "limits_word_unknown", "没有“{word}”这一类，可填：全部、{labels}", "no such word: {word}"
)
LIMITS_PLACE_UNKNOWN = Message(
    "limits_place_unknown",
    "没有“{name}”这个镇街，请填名称、9位镇街代码或12位村（社区）代码；全市可留空",
    "no such place: {name}; give a town's name, its code, or a village's code",
)
LIMITS_UNIT_WRONG = Message(
    "limits_unit_wrong",
    "计量请填“元”（资金）或“件”（物资、服务）",
    "the unit is 元 for money or 件 for things and services",
)
LIMITS_ORDER_WRONG = Message(
    "limits_order_wrong",
    "各级权限应从小到大：直接公开 ≤ 村级 ≤ 镇级 ≤ 市级",
    "limits grow: opens by itself, village, town, city",
)
