"""Tasks on a case, in whatever state it is: sealed with the person as notes are."""

from datetime import datetime

from services.intake.approvals.messages import (
    TASK_ASSIGNEE_UNKNOWN,
    TASK_DAY_WRONG,
    TASK_DONE,
    TASK_EMPTY,
    TASK_PERSON_GONE,
    TASK_UNKNOWN,
    TASKS_TOO_MANY,
)
from services.intake.decide.requests import find_case, is_in_area
from services.intake.model import Person, Request
from services.intake.model.task import AddCaseTask, CaseTask, CompleteCaseTask, Completion
from shared.calendar import find_day, find_end
from shared.messaging.decision import Answer, Command, Decision, States

TASKS_MAX = 50
"""Of one case, with those that are done: they are loaded with it."""
TASK_DAYS_MAX = 366


def decide_add_task(states: States, item: Command[AddCaseTask], now: datetime) -> Decision:
    """Nothing leaves intake, and what may be done with the case stays as it is."""
    data, sealed = item.data, item.data.sealed_note
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if sealed is None:
        return Decision(answer=TASK_EMPTY.refusal(422, "task"))
    if not 0 <= (data.due_on - find_day(now)).days <= TASK_DAYS_MAX:
        return Decision(answer=TASK_DAY_WRONG.refusal(422, "due_on", days=TASK_DAYS_MAX))
    if data.assignee and not any(is_in_area(request, area) for area in data.assignee_areas):
        return Decision(answer=TASK_ASSIGNEE_UNKNOWN.refusal(422, "assignee"))
    if len(request.case_tasks) >= TASKS_MAX:
        return Decision(answer=TASKS_TOO_MANY.refusal(409, "task", most=TASKS_MAX))
    person = states.get(Person, request.person_id)
    if person is None or person.erased:
        return Decision(answer=TASK_PERSON_GONE.refusal(409, "task"))
    task = CaseTask(
        number=len(request.case_tasks) + 1,
        at=now,
        by=data.by,
        assignee=data.assignee,
        ends_at=find_end(data.due_on),
        record=sealed.record,
        cipher=sealed.cipher,
    )
    tasks = (*request.case_tasks, task)
    keyed = person.with_key(sealed.record, sealed.key)
    return _build_decision(request, tasks, task.number, keyed)


def decide_complete_task(
    states: States, item: Command[CompleteCaseTask], now: datetime
) -> Decision:
    """By any case worker who sees the case. That it is done can be said of an erased person too;
    how it ended cannot."""
    data, sealed = item.data, item.data.sealed_note
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    task = next((each for each in request.case_tasks if each.number == data.number), None)
    if task is None:
        return Decision(answer=TASK_UNKNOWN.refusal(404, "task"))
    if task.completion is not None:
        return Decision(answer=TASK_DONE.refusal(409, "task", by=task.completion.by))
    person = states.get(Person, request.person_id)
    if sealed is not None and (person is None or person.erased):
        return Decision(answer=TASK_PERSON_GONE.refusal(409, "note"))
    completion = Completion(at=now, by=data.by)
    if sealed is not None and person is not None:
        changes = {"record": sealed.record, "cipher": sealed.cipher}
        completion = completion.model_copy(update=changes)
        person = person.with_key(sealed.record, sealed.key)
    done = task.model_copy(update={"completion": completion})
    tasks = tuple(done if each is task else each for each in request.case_tasks)
    return _build_decision(request, tasks, task.number, person if sealed else None)


def _build_decision(
    request: Request, tasks: tuple[CaseTask, ...], number: int, person: Person | None
) -> Decision:
    changed = request.model_copy(update={"case_tasks": tasks})
    answer = Answer(200, {"request_id": request.id, "task": number})
    return Decision(states=(changed, *((person,) if person else ())), answer=answer)
