"""What intake answers about regular work; its words for people."""

from collections.abc import Mapping

from services.intake.model.regular import EndReason, FindingCode, VisitOutcome
from shared.contracts.events import WorkKind
from shared.errors import Message

WORK_UNKNOWN = Message("work_unknown", "没有这项日常工作", "no such regular work")
WORK_OVER = Message("work_over", "这项日常工作已经注销", "this regular work has ended")
WORK_KIND_UNKNOWN = Message(
    "work_kind_unknown",
    "请填写：校外托管、常态化联系、服务计划、驿站、双百社工",
    "say which: after_school, veteran, plan, station, worker",
)
TITLE_MISSING = Message(
    "title_missing", "请填写场所名称或工号", "give the place's name or the staff number"
)
TITLE_NUMBERED = Message(
    "title_numbered",
    "名称里不要写电话、证件号等7位以上的数字",
    "no numbers of seven digits or more in a name",
)
WORK_PERSON_MISSING = Message(
    "work_person_missing", "请填写服务对象的姓名", "give the name of the person"
)
SERVICE_MISSING = Message(
    "service_missing",
    "服务计划请填写服务、单位和总量，例如 配餐、份、1720",
    "a plan needs service, unit and total, such as meals, 1720",
)
VISIT_DATE_WRONG = Message(
    "visit_date_wrong",
    "日期须在最近31天内，不能晚于今天",
    "a day of the last 31, and not after today",
)
VISIT_QUANTITY_MISSING = Message(
    "visit_quantity_missing", "请填写这次服务了多少", "say how much was given this time"
)
VISIT_QUANTITY_LARGE = Message(
    "visit_quantity_large",
    "超过计划总量：还剩{left}",
    "more than the plan has left: {left}",
)
FINDINGS_MISSING = Message("findings_missing", "请勾选发现的问题", "tick what was found")
VISIT_UNKNOWN = Message("visit_unknown", "没有这次记录", "no such visit")
VISIT_CHECKED = Message("visit_checked", "这次记录已经核对过", "it has been checked already")
VISIT_OWN = Message(
    "visit_own", "自己记录的须由另一位工作人员核对", "another than logged it has to check it"
)

KINDS: Mapping[WorkKind, tuple[str, str]] = {
    "after_school": ("校外托管巡查", "after-school places"),
    "veteran": ("常态化联系", "regular contact"),
    "plan": ("服务计划", "service plans"),
    "station": ("驿站、社工站", "stations"),
    "worker": ("双百社工", "social workers"),
}
KIND_CELLS: Mapping[str, WorkKind] = {
    "校外托管": "after_school",
    "校外托管巡查": "after_school",
    "托管机构": "after_school",
    "常态化联系": "veteran",
    "退役军人": "veteran",
    "优抚对象": "veteran",
    "服务计划": "plan",
    "配餐": "plan",
    "居家养老": "plan",
    "驿站": "station",
    "莞家驿站": "station",
    "慈善爱心驿站": "station",
    "社工站": "station",
    "双百社工": "worker",
    "社工": "worker",
}
OUTCOMES: Mapping[VisitOutcome, tuple[str, str]] = {
    "fine": ("正常", "all is well"),
    "findings": ("发现问题", "something was found"),
    "needs_help": ("需要帮助", "needs help"),
    "absent": ("没有见到", "nobody was there"),
}
FINDINGS: Mapping[FindingCode, tuple[str, str]] = {
    "fire": ("消防隐患", "fire hazard"),
    "licence": ("证照不全", "licence missing"),
    "crowding": ("超员", "too many children"),
    "food": ("食品安全", "food safety"),
    "staff": ("从业人员无健康证或资格", "staff without certificates"),
    "building": ("房屋、用电安全", "building or wiring"),
    "closed": ("停业或关门", "closed"),
    "medicine": ("就医、用药困难", "medicine or treatment"),
    "other": ("其他", "something else"),
}
FINDABLE: Mapping[WorkKind, tuple[FindingCode, ...]] = {
    "after_school": (
        *("fire", "licence", "crowding", "food", "staff", "building", "closed"),
        *("medicine", "other"),
    ),
    "veteran": ("medicine", "building", "other"),
    "plan": ("food", "medicine", "building", "other"),
    "station": ("fire", "food", "staff", "building", "closed", "other"),
    "worker": ("other",),
}
"""What the page of a visit asks about."""
END_REASONS: Mapping[EndReason, tuple[str, str]] = {
    "closed": ("停办、撤销", "closed down"),
    "moved": ("迁出、离开", "moved away"),
    "finished": ("计划完成", "the plan is finished"),
    "passed_on": ("去世", "passed away"),
    "mistaken": ("登记有误", "registered by mistake"),
}
