"""What intake answers while a request is judged: reasons to choose from, and what is wrong."""

from collections.abc import Mapping
from typing import TypeVar

from services.intake.model import DeclineReason, PartReason, ReturnReason
from services.intake.model.approval import BudgetStop
from shared.errors import Message

# --- erasing a person ---

ERASURE_UNPROPOSED = Message(
    "erasure_unproposed",
    "没有待确认的删除：先由一位有权限的工作人员提出，七天内由另一位确认",
    "nobody proposed to erase this person within seven days: one proposes, another approves",
)
ERASURE_OWN = Message(
    "erasure_own",
    "删除是您提出的，请另一位有权限的工作人员核对后确认",
    "you proposed it: another member of staff approves",
)

C = TypeVar("C", bound=str)


def require_choice(code: str, table: Mapping[C, Message], wrong: Message, field: str) -> C:
    """The code, if the table has it. Raises Invalid, which names them all."""
    for each in table:
        if each == code:
            return each
    raise wrong.invalid(field, **list_choices(table))


def find_message(table: Mapping[C, Message], code: str) -> Message | None:
    return next((message for each, message in table.items() if each == code), None)


def list_choices(table: Mapping[C, Message]) -> dict[str, str]:
    """What a message about them is filled with."""
    reasons = "、".join(message.zh for message in table.values())
    return {"reasons": reasons, "codes": ", ".join(table)}


# --- why a part is approved ---

PART_REASONS: Mapping[PartReason, Message] = {
    "fund_limited": Message(
        "fund_limited", "本期可用资金有限，先解决一部分", "the money of this period is limited"
    ),
    "standard_limit": Message(
        "standard_limit", "按救助标准核定的数额", "what the standard for this help allows"
    ),
    "need_smaller": Message(
        "need_smaller", "核实后实际需要的数额", "what is needed, as it was checked"
    ),
    "partly_helped": Message(
        "partly_helped", "另一部分已由其他渠道解决", "another way helps with the rest"
    ),
}
BUDGET_STOPS: Mapping[BudgetStop, Message] = {
    "funds_withdrawn": Message(
        "funds_withdrawn", "财政资金没有落实或已调整", "the budget's money is not there"
    ),
    "plan_changed": Message("plan_changed", "项目计划有变", "the plan has changed"),
    "site_unsuitable": Message("site_unsuitable", "现场条件不具备", "the site does not allow it"),
    "work_abandoned": Message(
        "work_abandoned", "承办单位没有完成", "who was to do it did not finish"
    ),
}
BUDGET_STOP_MISSING = Message(
    "budget_stop_missing",
    "请从下列原因中选择一个：{reasons}",
    "choose a reason among {codes}",
)
PART_REASON_MISSING = Message(
    "part_reason_missing",
    "批准的少于申请的，请从下列理由中选择一个：{reasons}",
    "less is approved than was asked for: choose a reason among {codes}",
)
PART_TOO_LARGE = Message(
    "part_too_large",
    "批准的不能多于申请的（{most_zh}）",
    "no more than what was asked for can be approved ({most})",
)
QUANTITY_UNREADABLE = Message(
    "quantity_unreadable",
    "请填写数字：金额以元为单位，最多两位小数；其他填整数",
    "give a number: money in yuan, at most two decimals; else a whole one",
)

# --- why it goes back ---

RETURN_REASONS: Mapping[ReturnReason, Message] = {
    "place_unclear": Message(
        "place_unclear",
        "请写明地点：哪个村（居）、什么位置",
        "say where it is: which village, what place",
    ),
    "quantity_unclear": Message(
        "quantity_unclear",
        "请核对并写明需要多少、怎样算出来的",
        "check how much is needed, and say how that was found",
    ),
    "need_unclear": Message(
        "need_unclear", "请写清楚具体需要什么帮助", "say clearly which help is needed"
    ),
    "class_unproven": Message(
        "class_unproven",
        "请补充困难情况的依据（低保证、残疾证等）",
        "show on what the class rests, such as a certificate",
    ),
    "proof_missing": Message(
        "proof_missing",
        "请补充照片、票据或证明",
        "photos, receipts or certificates are missing",
    ),
    "contact_wrong": Message(
        "contact_wrong", "联系方式打不通，请核对", "the contact does not work: check it"
    ),
}
RETURN_REASON_UNKNOWN = Message(
    "return_reason_unknown",
    "请从下列原因中选择一个代码填入 reason：{reasons}；具体情况写入 note",
    "reason is one of these codes: {codes}; what else is to be said goes into note",
)
MEND_EMPTY = Message(
    "mend_empty",
    "请写明补正了什么，或更正数量、类别",
    "say what was put right, or correct quantity or category",
)
NOTE_EMPTY = Message("note_empty", "请写下备注的内容", "write the note")
NOTE_PERSON_GONE = Message(
    "note_person_gone",
    "申请人的个人资料已按要求删除，不能再记备注",
    "the applicant's data were erased: no note can be added",
)
NOTES_TOO_MANY = Message(
    "notes_too_many",
    "一件诉求最多记{most}条备注",
    "at most {most} notes on a case",
)
TASK_EMPTY = Message("task_empty", "请写下要办什么", "say what is to be done")
TASK_DAY_WRONG = Message(
    "task_day_wrong",
    "办理期限须是今天起{days}天以内的一天",
    "the last day is today or within {days} days",
)
TASK_ASSIGNEE_UNKNOWN = Message(
    "task_assignee_unknown",
    "这位工作人员现在看不到这件诉求：请另选一位，或不指定",
    "this member of staff does not see this case now: choose another, or nobody",
)
TASK_UNKNOWN = Message("task_unknown", "这件诉求没有这项任务", "this case has no such task")
TASK_DONE = Message("task_done", "这项任务已由 {by} 办好", "{by} did it already")
TASK_PERSON_GONE = Message(
    "task_person_gone",
    "申请人的个人资料已按要求删除，不能再写任务或结果",
    "the applicant's data were erased: nothing can be written any more",
)
TASKS_TOO_MANY = Message(
    "tasks_too_many",
    "一件诉求最多{most}项任务",
    "at most {most} tasks on a case",
)
MENDER_STRANGE = Message(
    "mender_strange",
    "退回的诉求由登记人或本辖区其他收集人员补正，退回它的审批人不能自己补正",
    "who returned it does not mend it himself: who recorded it does, or another",
)

# --- joint meetings ---

MEETING_NEEDED = Message(
    "meeting_needed",
    "这件诉求由联席会议审议，不能由一人批准：请列入议程（/meetings）",
    "the joint meeting decides it, nobody alone: put it on an agenda (/meetings)",
)
MEETING_UNKNOWN = Message(
    "meeting_unknown", "没有这次会议，或您不在参会人员中", "no such meeting, or you are not invited"
)
MEETING_STATE = Message(
    "meeting_state", "会议当前状态为 {state}，不能进行此操作", "the meeting is {state}: not now"
)
MEETING_CASE_TAKEN = Message(
    "meeting_case_taken",
    "诉求 {id} 不再等待联席会议，或已列入另一次会议，请刷新后重新选择",
    "{id} does not wait for a meeting, or is on another's agenda: look again",
)
MEETING_CASE_UNKNOWN = Message(
    "meeting_case_unknown", "这件诉求不在本次会议的议程里", "it is not on this agenda"
)
MEETING_EMPTY = Message("meeting_empty", "请至少选择一件诉求", "choose at least one case")
MEETING_TOO_LONG = Message(
    "meeting_too_long", "一次会议最多审议{most}件", "at most {most} cases for one meeting"
)
MEETING_PEOPLE_SAME = Message(
    "meeting_people_same",
    "主持人和记录人须是两个人",
    "chair and recorder are two people",
)
MEETING_CHAIR_ELSEWHERE = Message(
    "meeting_chair_elsewhere",
    "{id} 只负责其他镇街，议程里有他不负责的诉求：请另选主持人",
    "{id} works in another town than a case of the agenda: choose another chair",
)
MEETING_PERSON_UNKNOWN = Message(
    "meeting_person_unknown",
    "没有可参会的工作人员 {id}：主持人须是市级审批人员，其他人须有有效账号",
    "{id} cannot sit: the chair approves for the city, everybody has a valid account",
)
MEETING_QUORUM = Message(
    "meeting_quorum",
    "到会人数不足：须有主持人、记录人在内至少{least}人到会",
    "at least {least} have to be there, chair and recorder among them",
)
MEETING_ROLE = Message(
    "meeting_role",
    "只有本次会议的{who_zh}可以办理",
    "only the {who} of this meeting does that",
)
MEETING_UNDECIDED = Message(
    "meeting_undecided",
    "还有{count}件没有决定：请逐件决定，或选“下次再议”",
    "{count} cases are undecided: decide each, or adjourn it",
)
MEETING_CHANGED = Message(
    "meeting_changed",
    "决定在您查看之后有改动，请重新看过再签",
    "the rulings changed since you read them: read them again before you sign",
)
CASE_CHANGED = Message(
    "case_changed",
    "这件诉求在您查看之后有改动，请重新看过再决定",
    "the case changed since you read it: read it again before you decide",
)
VERDICT_REASON_MISSING = Message(
    "verdict_reason_missing", "不予受理的，请选择理由", "choose why it is declined"
)
VERDICT_MISSING = Message("verdict_missing", "请选择怎样决定", "choose what was decided")
MEETING_DATE_WRONG = Message(
    "meeting_date_wrong", "请填写今天或以后的日期", "give a date from today on"
)

# --- other good endings ---

POLICY_UNKNOWN = Message(
    "policy_unknown",
    "政策表中没有 {policy}，可用 guanjia policies list 查看",
    "no such policy: see `guanjia policies list`",
)
POLICY_MISSING = Message("policy_missing", "请选择一项政策", "choose a policy")
ANSWER_MISSING = Message("answer_missing", "请选择部门怎样答复", "say what the department answered")
ANSWER_DAY_WRONG = Message(
    "answer_day_wrong",
    "答复日期须在今天之后、{days}天以内",
    "the day of the answer is after today, within {days} days",
)
REMAINDER_WRONG = Message(
    "remainder_wrong",
    "部分解决的，请填写还需要多少（少于原申请）",
    "where a part was granted, say how much is still needed: less than before",
)
PROOF_MISSING = Message(
    "proof_missing",
    "请写明依据：谁、什么时候、怎样办的，文号或凭证",
    "say on what it rests: who did what when, and which document says so",
)
REFERENCE_PERSONAL = Message(
    "reference_personal",
    "文号里不要写电话、身份证号：请只写文号或凭证号，联系方式写在办理说明里",
    "no phone or ID number as a document's number: name the document, and write the rest into the"
    " note",
)
PICTURE_MISSING = Message(
    "picture_missing",
    "请先在本页放上完成后的照片（选“后”），再报办结",
    "add a picture of what was done to the files of the case first, as “after”",
)
PROJECT_ALONE = Message(
    "project_alone",
    "只有民生微实事可以列入财政项目；微心愿请走救助政策或对接",
    "public works alone are paid from the budget; a wish goes by a policy or a donor",
)
ENDING_MATCHED = Message(
    "ending_matched",
    "已有爱心资源落实，请等对接办结，或先由对接社工退回",
    "a donor's help stands already: wait for its end, or give it back first",
)
ANSWER_OWN = Message(
    "answer_own",
    "转介与登记“已落实政策”须由不同的人办理，请交由另一位审批人登记；部分落实或未落实可由本人登记",
    "another than referred it says that it was granted; whoever referred it may say partly or "
    "refused",
)
ENDING_OWN = Message(
    "ending_own",
    "报办结与复核须由不同的人办理，请交由另一位审批人复核",
    "another than reported it has to confirm it",
)
ENDING_MISSING = Message("ending_missing", "还没有人报办结", "nobody reported it as done")

# --- why a request is declined ---

DECLINE_REASONS: Mapping[DeclineReason, Message] = {
    "not_entitled": Message(
        "not_entitled", "不符合救助条件", "the conditions for this help are not met"
    ),
    "policy_first": Message(
        "policy_first",
        "可先申请政策性救助，请到村（居）委会办理",
        "a statutory policy helps first: the village committee takes the application",
    ),
    "already_helped": Message(
        "already_helped", "已通过其他渠道得到帮助", "helped already by another way"
    ),
    "already_recorded": Message(
        "already_recorded", "与已登记的诉求重复", "the same was recorded already"
    ),
    "not_verified": Message(
        "not_verified", "情况未能核实，可补充材料后重新提交", "it could not be verified"
    ),
    "not_reachable": Message(
        "not_reachable", "无法与申请人取得联系", "who asks could not be reached"
    ),
    "not_needed": Message("not_needed", "申请人表示不再需要", "no longer needed"),
    "area_other": Message(
        "area_other", "不属于本地受理范围，请向所在镇街提出", "for another town to take"
    ),
    "kind_other": Message(
        "kind_other",
        "不属于民生微心愿、微实事的范围，请拨打12345反映",
        "no wish and no public work: please call 12345",
    ),
    "cause_other": Message(
        "cause_other", "其他原因，可向村（居）委会了解", "another reason: ask the village committee"
    ),
}
DECLINE_REASON_UNKNOWN = Message(
    "decline_reason_unknown",
    "请从下列原因中选择一个代码填入 reason：{reasons}；具体情况写入 note（仅内部可见）",
    "reason is one of these codes: {codes}; what else is to be said stays inside, in note",
)

# --- the table of who approves what ---

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
    "the unit is yuan for money, or a piece for things and services",
)
LIMITS_ORDER_WRONG = Message(
    "limits_order_wrong",
    "各级权限应从小到大：直接公开 ≤ 村级 ≤ 镇级 ≤ 市级",
    "limits grow: opens by itself, village, town, city",
)
