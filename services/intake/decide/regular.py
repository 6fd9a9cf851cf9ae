"""Regular work: registered, visited, checked by another, late, ended."""

from datetime import date, datetime, timedelta

from services.intake.messages import ITEM_WITH_NUMBER
from services.intake.model.regular import (
    CheckVisit,
    EndWork,
    Finding,
    FindingCode,
    LogVisit,
    RegisterWork,
    RegularWork,
    Visit,
    WorkDue,
    derive_visit_id,
)
from services.intake.regular.messages import (
    FINDINGS_MISSING,
    SERVICE_MISSING,
    TITLE_MISSING,
    TITLE_NUMBERED,
    VISIT_CHECKED,
    VISIT_DATE_WRONG,
    VISIT_OWN,
    VISIT_QUANTITY_LARGE,
    VISIT_QUANTITY_MISSING,
    VISIT_UNKNOWN,
    WORK_OVER,
    WORK_PERSON_MISSING,
    WORK_UNKNOWN,
)
from services.intake.regular.rules import WorkRules, find_due_at, find_next_visit_at
from shared.calendar import add_working_days, find_day
from shared.contracts.events import (
    RegularEnded,
    RegularOverdue,
    RegularRegistered,
    RegularVisited,
)
from shared.errors import Message
from shared.ids import make_id
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States
from shared.personal import has_number

OF_PERSONS = frozenset({"veteran", "plan"})
VISITED_WITHIN = timedelta(days=31)
FINDINGS_MAX = 40


def derive_work_id(key: str) -> str:
    return make_id("G", key)


def decide_register(
    rules: WorkRules, states: States, command: Command[RegisterWork], now: datetime
) -> Decision:
    data = command.data
    if message := _find_problem(data):
        return Decision(answer=message[0].refusal(422, message[1]))
    work_id = derive_work_id(command.key)
    states.get(RegularWork, work_id)
    every_days = data.every_days or rules.find_days(data.kind)
    next_at = find_next_visit_at(find_day(now), every_days)
    work = RegularWork(
        id=work_id,
        kind=data.kind,
        area=data.area,
        title=data.title,
        person_id=data.person_id,
        service=data.service,
        every_days=every_days,
        registered_by=data.by,
        registered_at=now,
        next_at=next_at,
        due_at=find_due_at(rules, next_at, 0),
    )
    fact = RegularRegistered(kind=work.kind, area=work.area)
    answer = Answer(201, {"work_id": work.id})
    return Decision(states=(work,), events=((work, fact),), answer=answer)


def _find_problem(data: RegisterWork) -> tuple[Message, str] | None:
    if data.kind in OF_PERSONS:
        if data.person_id is None:
            return WORK_PERSON_MISSING, "person.name"
    elif not data.title.strip():
        return TITLE_MISSING, "title"
    if has_number(data.title):
        return TITLE_NUMBERED, "title"
    if data.service and (has_number(data.service.item) or has_number(data.service.unit)):
        return ITEM_WITH_NUMBER, "service.item"
    if data.kind == "plan" and data.service is None:
        return SERVICE_MISSING, "service"
    return None


# --- visits ---------------------------------------------------------------------------------------


def decide_log(
    rules: WorkRules, states: States, command: Command[LogVisit], now: datetime
) -> Decision:
    """The next day is counted from the visit; where nobody was met it stays."""
    data = command.data
    work = _get_active(states, data.work_id, data.area)
    if isinstance(work, Answer):
        return Decision(answer=work)
    today = find_day(now)
    on = data.on or today
    if not today - VISITED_WITHIN <= on <= today:
        return Decision(answer=VISIT_DATE_WRONG.refusal(422, "on"))
    if refused := _refuse_visit(work, data):
        return Decision(answer=refused)
    number = work.visits + 1
    visit = Visit(
        id=derive_visit_id(work.id, number),
        work_id=work.id,
        number=number,
        on=on.isoformat(),
        by=data.by,
        logged_at=now,
        outcome=data.outcome,
        quantity=data.quantity if work.service else 0,
        found=data.found if data.outcome == "findings" else (),
        resolved=data.resolved,
        state="logged" if work.service and data.outcome != "absent" else "confirmed",
    )
    states.get(Visit, visit.id)
    work = _with_visit(rules, work, visit, on)
    fact = RegularVisited(
        kind=work.kind,
        area=work.area,
        outcome=visit.outcome,
        quantity=visit.quantity,
        findings=len(visit.found),
    )
    answer = Answer(200, {"work_id": work.id, "visit_id": visit.id, "state": visit.state})
    return Decision(states=(work, visit), events=((work, fact),), answer=answer)


def _refuse_visit(work: RegularWork, data: LogVisit) -> Answer | None:
    if data.outcome == "findings" and not data.found:
        return FINDINGS_MISSING.refusal(422, "found")
    if work.service is None or data.outcome == "absent":
        return None
    if data.quantity == 0:
        return VISIT_QUANTITY_MISSING.refusal(422, "quantity")
    visits = work.service.total - work.logged
    if data.quantity > visits:
        return VISIT_QUANTITY_LARGE.refusal(422, "quantity", left=visits)
    return None


def _with_visit(rules: WorkRules, work: RegularWork, visit: Visit, on: date) -> RegularWork:
    closed = [
        finding.model_copy(update={"closed_on": visit.on, "closed_by": visit.by})
        if finding.is_open and finding.code in visit.resolved
        else finding
        for finding in work.findings
    ]
    is_open = {finding.code for finding in closed if finding.is_open}
    fresh = [_make_finding(rules, visit, code, on) for code in visit.found if code not in is_open]
    changes: dict[str, object] = {
        "visits": visit.number,
        "findings": tuple([*closed, *fresh][-FINDINGS_MAX:]),
        "logged": work.logged + (visit.quantity if visit.outcome != "absent" else 0),
    }
    if visit.outcome != "absent" and visit.on >= work.last_on:
        next_at = find_next_visit_at(on, work.every_days)
        due_at = find_due_at(rules, next_at, 0)
        changes |= {"last_on": visit.on, "next_at": next_at, "warned": 0, "due_at": due_at}
    return work.model_copy(update=changes)


def _make_finding(rules: WorkRules, visit: Visit, code: FindingCode, on: date) -> Finding:
    due_on = add_working_days(on, rules.finding_days)
    return Finding(code=code, found_on=visit.on, due_on=due_on.isoformat(), by=visit.by)


def decide_visit_check(states: States, command: Command[CheckVisit], _now: datetime) -> Decision:
    """By another than logged it. What was not is taken off the plan again."""
    data = command.data
    work, visit = states.get_each((RegularWork, data.work_id), (Visit, data.visit_id))
    if work is None or not _is_in_area(work, data.area):
        return Decision(answer=WORK_UNKNOWN.refusal(404, "work_id"))
    if visit is None or visit.work_id != work.id:
        return Decision(answer=VISIT_UNKNOWN.refusal(404, "visit_id"))
    if visit.state != "logged":
        return Decision(answer=VISIT_CHECKED.refusal(409, "state"))
    if visit.by == data.by:
        return Decision(answer=VISIT_OWN.refusal(409, "by"))
    state = "confirmed" if data.is_right else "refused"
    checked = visit.model_copy(update={"state": state, "checked_by": data.by})
    field = "confirmed" if data.is_right else "logged"
    change = visit.quantity if data.is_right else -visit.quantity
    work = work.model_copy(update={field: getattr(work, field) + change})
    answer = Answer(200, {"work_id": work.id, "visit_id": visit.id, "state": state})
    return Decision(states=(work, checked), answer=answer)


# --- late and over --------------------------------------------------------------------------------


def decide_work_due(
    rules: WorkRules, states: States, command: Command[WorkDue], now: datetime
) -> Decision:
    """Who works there is told, then the town; once each."""
    work = states.get(RegularWork, command.data.aggregate_id)
    if work is None or work.due_at != command.data.due_at or command.data.due_at > now:
        return NOTHING
    if work.next_at is None:
        return NOTHING
    warned = work.warned + 1
    fact = RegularOverdue(
        kind=work.kind, area=work.area, due_at=work.next_at, level="town" if warned > 1 else None
    )
    due_at = find_due_at(rules, work.next_at, warned)
    work = work.model_copy(update={"warned": warned, "due_at": due_at})
    return Decision(states=(work,), events=((work, fact),))


def decide_work_end(states: States, command: Command[EndWork], now: datetime) -> Decision:
    """It is taken off the register; what was visited stays."""
    data = command.data
    work = _get_active(states, data.work_id, data.area)
    if isinstance(work, Answer):
        return Decision(answer=work)
    ended = work.model_copy(
        update={
            "ended_on": find_day(now).isoformat(),
            "ended_by": data.by,
            "end_reason": data.reason,
            "next_at": None,
            "due_at": None,
        }
    )
    fact = RegularEnded(kind=work.kind, area=work.area, reason=data.reason)
    answer = Answer(200, {"work_id": work.id})
    return Decision(states=(ended,), events=((ended, fact),), answer=answer)


def _get_active(states: States, work_id: str, area: str) -> RegularWork | Answer:
    work = states.get(RegularWork, work_id)
    if work is None or not _is_in_area(work, area):
        return WORK_UNKNOWN.refusal(404, "work_id")
    return work if work.is_active else WORK_OVER.refusal(409, "state")


def _is_in_area(work: RegularWork, area: str) -> bool:
    return (work.area.village_code or work.area.town_code).startswith(area)
