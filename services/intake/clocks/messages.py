"""What intake answers about a case's clocks; and why they may be paused."""

from collections.abc import Mapping

from shared.contracts.events import PauseReason
from shared.errors import Message

CASE_OVER = Message(
    "case_over", "这件诉求已经办结，没有时限可暂停", "this case is over: no clock of it runs"
)
CASE_PAUSED = Message(
    "case_paused", "这件诉求已经暂停计时；要改期请先恢复", "it is paused already: resume it first"
)
CASE_RUNNING = Message("case_running", "这件诉求没有暂停计时", "it is not paused")
PAUSE_FOREIGN = Message(
    "pause_foreign",
    "这一步由{level_zh}办理，由其审批人员暂停或恢复计时",
    "who decides it now pauses and resumes its clock: level {level}",
)
PAUSE_PAST = Message(
    "pause_past", "恢复日期须晚于今天", "the day on which it goes on has to be after today"
)
PAUSE_LONG = Message(
    "pause_long",
    "一件诉求最多暂停{most}个工作日，还可以暂停{left}个；请选早一些的日期",
    "a case is paused for {most} working days at most, {left} are left: choose an earlier day",
)
PAUSE_REASON_UNKNOWN = Message(
    "pause_reason_unknown", "请选择暂停的理由", "choose why it is paused"
)

PAUSE_REASONS: Mapping[PauseReason, Message] = {
    "papers_missing": Message(
        "papers_missing", "等申请人补充材料", "papers of the person's are awaited"
    ),
    "person_asks": Message("person_asks", "本人要求推迟", "the person asks to wait"),
    "person_away": Message("person_away", "本人外出或住院，暂时联系不上", "the person is away"),
    "department_asked": Message(
        "department_asked", "等其他部门答复", "another department's answer is awaited"
    ),
    "goods_delayed": Message("goods_delayed", "等物资到货或施工条件", "goods or works are awaited"),
    "weather": Message("weather", "台风、疫情等不可抗力", "storm, epidemic and the like"),
}
