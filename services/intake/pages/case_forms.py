"""What the forms of a case say: how much, why, and what is known of the person."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from services.intake.approvals.messages import PART_REASONS, QUANTITY_UNREADABLE
from services.intake.model import PartReason, Request, RequestState, Vouching
from shared.contracts.values import Kind, Need
from shared.messages import MOMENT_WRONG
from shared.money import parse_amount
from shared.web.forms import Form

QUANTITY_MAX = 10**12
Act = Literal[
    "approve",
    "vouch",
    "classify",
    "decline",
    "withdraw",
    "pause",
    "resume",
    "return",
    "mend",
    "note",
    "task",
    "task-done",
    "meeting",
    "files",
    "consent",
    "merge",
    "apart",
    "separate",
    "refer",
    "answer",
    "budget",
    "stop-budget",
    "report",
    "confirm",
]
"""Which form of a case's page was sent."""
DONE: Mapping[str, tuple[str, str]] = {
    "approve": ("已批准，开始为其对接", "approved: help is looked for"),
    "vouch": ("已记下", "noted"),
    "classify": ("已按您的判断保存", "saved as you judged"),
    "decline": ("已答复为不予受理", "declined"),
    "withdraw": ("已代为撤回", "withdrawn"),
    "pause": ("已暂停计时", "paused"),
    "resume": ("已恢复计时", "resumed"),
    "return": ("已退回补正", "returned: something has to be put right"),
    "meeting": ("已提交联席会议", "sent to the joint meeting"),
    "mend": ("已补正，重新送审", "mended: it waits for an approval again"),
    "note": ("已记下备注", "the note stands in what happened"),
    "task": ("已记下任务", "the task stands on the desk of who is asked"),
    "task-done": ("任务已办好", "the task is done"),
    "refer": ("已转介，并已通知本人", "referred, and the person is told"),
    "answer": ("已记下部门答复", "the answer is entered"),
    "budget": ("已列入财政项目", "paid from the public budget"),
    "stop-budget": ("已中止财政项目，重新审批", "stopped: it waits for an approval again"),
    "report": ("已报办结，等待另一人复核", "reported: another confirms it"),
    "confirm": ("已复核", "judged"),
    "merge": ("已合并办理，反映过的人都会收到进展", "merged: both are told what comes of it"),
    "apart": ("已记下：不是同一件", "noted: two needs"),
    "separate": ("已恢复单独办理", "it stands alone again"),
    "recorded": ("已登记", "recorded"),
    "consent": ("已记下本人的意思", "what the person agreed to is noted"),
    "file": ("已放上", "the file is there"),
    "file_removed": ("已移除", "the file was taken away"),
}


def find_endings(request: Request, caller_id: str, *, is_of_level: bool) -> dict[str, bool]:
    """Which other good endings the reader may bring about now; what would be refused is not."""
    state, is_free = request.state, not request.matches
    is_open = state in (RequestState.RECORDED, RequestState.OPEN)
    reported = request.ending is not None
    return {
        "refer": state is RequestState.RECORDED and is_of_level,
        "answer": state is RequestState.REFERRED and is_of_level,
        "grant": bool(request.referrals) and caller_id != request.referrals[-1].by,
        "budget": is_open
        and is_free
        and is_of_level
        and request.kind is Kind.PROJECT
        and caller_id not in request.recorders,
        "stop_budget": state is RequestState.BUDGETED and is_of_level,
        "report": (is_open or state is RequestState.BUDGETED) and is_free and not reported,
        "confirm": is_of_level
        and request.ending is not None
        and caller_id != request.ending.by
        and state is not RequestState.CLOSED,
    }


def read_quantity(form: Form, need: Need) -> int | None:
    """Of money yuan were typed, else the unit's own. None where nothing was. Raises Invalid."""
    text = form.get("quantity", "")
    if not text:
        return None
    try:
        quantity = parse_amount(text, "quantity") if need.is_money else int(text)
    except ValueError:
        quantity = 0
    if not 0 < quantity <= QUANTITY_MAX:
        raise QUANTITY_UNREADABLE.invalid("quantity")
    return quantity


def read_day(form: Form, name: str) -> date:
    """As a browser's date field sends it. Raises Invalid."""
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        raise MOMENT_WRONG.invalid(name) from None


def read_note(form: Form) -> str:
    """A browser counts a new line as one character, and sends two."""
    return form.get("note", "").replace("\r\n", "\n")


def read_part_reason(form: Form) -> PartReason | None:
    code = form.get("part_reason", "")
    return next((each for each in PART_REASONS if each == code), None)


def read_vouching(form: Form) -> Vouching:
    """What was chosen; nothing where nothing was. Raises ValidationError."""
    fields: dict[str, object] = {}
    if manner := form.get("seen"):
        fields["seen"] = {"manner": manner, "on": form.get("seen_on")}
    if basis := form.get("basis"):
        confirmed = {"beneficiary_class": form.get("class"), "basis": basis}
        fields["confirmed"] = confirmed
    return Vouching.model_validate(fields)
