"""What came of a phone task. docs/decisions/0200."""

from datetime import datetime

from services.notify.messages import TASK_DONE, TASK_UNKNOWN
from services.notify.model import Notice, RecordCall
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
    is_done = call.outcome != "not_reached"
    task = notice.task.model_copy(
        update={
            "state": "done" if is_done else "open",
            "calls": notice.task.calls + 1,
            "outcome": call.outcome,
            "done_by": command.principal,
            "done_at": now,
        }
    )
    answer = Answer(200, {"id": notice.id, "state": task.state, "outcome": call.outcome})
    return Decision((notice.model_copy(update={"task": task}),), answer=answer)
