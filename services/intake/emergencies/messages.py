"""What intake answers on emergencies."""

from shared.errors import Message

EMERGENCY_UNKNOWN = Message("emergency_unknown", "没有这次应急", "no such emergency")
EMERGENCY_STATE = Message(
    "emergency_state", "这次应急{state_zh}，不能进行此操作", "the emergency is {state}: not now"
)
EMERGENCY_OWN = Message(
    "emergency_own",
    "提出与确认须由两个人办理，请交由另一位市级审批人员确认",
    "who proposed it does not confirm it: another who approves for the city does",
)
EMERGENCY_LEVEL = Message(
    "emergency_level",
    "应急由市级审批人员提出、确认和结束",
    "who approves for the city proposes, confirms and ends an emergency",
)
EMERGENCY_AREA_MISSING = Message(
    "emergency_area_missing", "请至少选择一个镇街或填写一个村（居）", "choose a town or a village"
)
EMERGENCY_AREA_UNKNOWN = Message(
    "emergency_area_unknown",
    "没有这个镇街或村（居）：{code}",
    "no such town or village: {code}",
)
EMERGENCY_AREA_FOREIGN = Message(
    "emergency_area_foreign", "不在您的辖区：{code}", "not in your area: {code}"
)
EMERGENCY_CAUSE_MISSING = Message(
    "emergency_cause_missing", "请选择启动应急的原因", "choose what it is for"
)
EMERGENCY_PERIOD_WRONG = Message(
    "emergency_period_wrong",
    "结束日期不能早于开始日期和今天",
    "it ends neither before it begins nor before today",
)
EMERGENCY_PERIOD_LONG = Message(
    "emergency_period_long",
    "一次应急最长{days}天，并须在{days}天内开始；到期仍需要的请重新提出",
    "an emergency lasts {days} days at most and begins within as many: then propose it again",
)
