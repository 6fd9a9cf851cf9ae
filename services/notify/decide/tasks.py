"""What came of a phone task. docs/decisions/0200."""

from datetime import datetime
from typing import Literal

from services.notify.messages import TASK_DONE, TASK_UNKNOWN
from services.notify.model import Notice, PhoneTask, RecordCall
from shared.messaging.decision import Answer, Command, Decision, States


def decide_record_call(states: States, command: Command[RecordCall], now: datetime) -> Decision:
    """Who is not reached is called again; anything else ends the task. What lies outside the
    caller's area is unknown to him."""
    call = command.data
    notice = states.get(Notice, call.notice_id)
    if notice is None or notice.task is None or not notice.area.startswith(call.area):
        return Decision(answer=TASK_UNKNOWN.refusal(404))
    if notice.task.state == "done":
        return Decision(answer=TASK_DONE.refusal(409))
    others = states.get_many(Notice, call.also).values()
    joined = [each for each in others if _is_of_call(each, notice, call)]
    changed = tuple(_record(each, command, now) for each in (notice, *joined))
    body = {"id": notice.id, "state": _choose_state(call), "outcome": call.outcome}
    return Decision(changed, answer=Answer(200, body))


def _is_of_call(other: Notice, notice: Notice, call: RecordCall) -> bool:
    is_open = other.task is not None and other.task.state == "open"
    is_same = other.id != notice.id and other.person_id == notice.person_id
    return is_open and is_same and other.area.startswith(call.area)


def _choose_state(call: RecordCall) -> Literal["open", "done"]:
    return "open" if call.outcome == "not_reached" else "done"


def _record(notice: Notice, command: Command[RecordCall], now: datetime) -> Notice:
    call, task = command.data, notice.task
    after = PhoneTask(
        why=task.why if task else "",
        state=_choose_state(call),
        calls=(task.calls if task else 0) + 1,
        outcome=call.outcome,
        done_by=command.principal,
        done_at=now,
    )
    return notice.model_copy(update={"task": after})
