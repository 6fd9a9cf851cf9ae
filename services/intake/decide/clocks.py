"""The clocks follow the case: whatever decision moves it, and what becomes due is said once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from services.intake.clocks.messages import (
    CASE_OVER,
    CASE_PAUSED,
    CASE_RUNNING,
    PAUSE_FOREIGN,
    PAUSE_LONG,
    PAUSE_PAST,
)
from services.intake.clocks.rules import (
    WHOLE_OWNER,
    ClockRules,
    ClockWarning,
    count_paused,
    find_next_warning_at,
    find_owner,
    find_stage,
    list_open,
    prolong,
    start_period,
)
from services.intake.decide.requests import is_in_area
from services.intake.messages import REQUEST_UNKNOWN
from services.intake.model import Request
from services.intake.model.clock import (
    CaseClock,
    CaseDue,
    ClockEvent,
    Pause,
    PauseCase,
    Period,
    ResumeCase,
    StartClock,
)
from shared.calendar import count_working_days, find_day, find_end, find_opening
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    ApprovalLevel,
    CaseStage,
    ClockName,
    RequestEscalated,
    RequestOverdue,
    RequestPaused,
    RequestReminded,
    RequestResumed,
)
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyHandler,
    Command,
    Decision,
    State,
    States,
)

APOLOGY_EVERY = timedelta(days=30)
LEVELS_ZH = {"village": "村（居）", "town": "镇（街道）", "city": "市"}

Item = TypeVar("Item")

# --- following ------------------------------------------------------------------------------------


def keep_time(rules: ClockRules, handler: AnyHandler) -> AnyHandler:
    """The same handler, after which the clock of every request that it changed is right."""
    return replace(handler, decide=partial(_decide_in_time, rules, handler.decide))


def _decide_in_time(
    rules: ClockRules,
    decide: Callable[[States, Item, datetime], Decision],
    states: States,
    item: Item,
    now: datetime,
) -> Decision:
    decision = decide(states, item, now)
    followed: dict[int, State] = {}  # by identity: who speaks is most often one of the states

    def follow(state: State) -> State:
        if id(state) not in followed:
            followed[id(state)] = _follow(rules, states, now, state)
        return followed[id(state)]

    return replace(
        decision,
        states=tuple(map(follow, decision.states)),
        events=tuple((follow(speaker), fact) for speaker, fact in decision.events),
    )


def _follow(rules: ClockRules, states: States, now: datetime, state: State) -> State:
    if not isinstance(state, Request):
        return state
    before = states.get(Request, state.id)
    return follow_case(rules, state, now, is_new=before is None)


def follow_case(
    rules: ClockRules, request: Request, now: datetime, *, is_new: bool = False
) -> Request:
    """As it is where it waits for what it waited for. A case of before clocks gets its own: nobody
    is told at once that it is late, since that is not news of today."""
    stage, clock = find_stage(request), request.clock
    if clock is None:
        if stage is None:
            return request
        since = request.recorded_at if stage == "recorded" else now
        clock = CaseClock(
            stage=stage,
            period=start_period(rules.find_days(stage, request), since),
            whole=start_period(rules.find_case_days(request), request.recorded_at),
            apologised_at=None if is_new else now,
        )
        started = ClockEvent(at=since, step="started", stage=stage)
        return _set(rules, request, clock.with_event(started), stage)
    if stage == clock.stage:
        return request
    clock = _end_pause(clock, now)
    if stage is None:
        ended: dict[str, object] = {"stage": None, "ends_at": None, "stopped_at": now}
        clock = clock.model_copy(update=ended).with_event(ClockEvent(at=now, step="stopped"))
        return request.model_copy(update={"clock": clock, "due_at": None})
    period = _begin(rules, request, stage, now)
    clock = clock.model_copy(update={"stage": stage, "period": period, "stopped_at": None})
    started = ClockEvent(at=now, step="started", stage=stage)
    return _set(rules, request, clock.with_event(started), stage)


def _begin(rules: ClockRules, request: Request, stage: CaseStage, now: datetime) -> Period:
    """A department has until the day that was agreed with it."""
    if stage == "referred" and request.referrals:
        answer_on = date.fromisoformat(request.referrals[-1].answer_on)
        return Period(since=now, ends_at=find_end(answer_on))
    return start_period(rules.find_days(stage, request), now)


def _set(rules: ClockRules, request: Request, clock: CaseClock, stage: CaseStage) -> Request:
    """With the next moment at which something is due."""
    clock = clock.model_copy(update={"ends_at": min(clock.period.ends_at, clock.whole.ends_at)})
    due_at = find_next_warning_at(rules, clock, find_owner(request, stage))
    return request.model_copy(update={"clock": clock, "due_at": due_at})


def shorten_case(rules: ClockRules, request: Request, now: datetime) -> Request:
    """Both clocks end no later than if they began now: nobody is late at once. What was agreed with
    a department stays."""
    clock = request.clock
    if clock is None or clock.stage is None:
        return request
    period, whole = clock.period, start_period(rules.find_case_days(request), now)
    if clock.stage != "referred":
        sooner = start_period(rules.find_days(clock.stage, request), now)
        period = _end_sooner(period, sooner)
    changes = {"period": period, "whole": _end_sooner(clock.whole, whole)}
    shorter = clock.model_copy(update=changes)
    if clock.pause is not None:
        return request.model_copy(update={"clock": shorter})
    return _set(rules, request, shorter, clock.stage)


def _end_sooner(period: Period, other: Period) -> Period:
    return period.model_copy(update={"ends_at": min(period.ends_at, other.ends_at)})


def _end_pause(clock: CaseClock, now: datetime) -> CaseClock:
    """Both clocks are prolonged by what the pause took."""
    if clock.pause is None:
        return clock
    days = count_paused(clock.pause, now)
    changes = {
        "pause": None,
        "period": prolong(clock.period, days),
        "whole": prolong(clock.whole, days),
        "paused_days": clock.paused_days + days,
    }
    return clock.model_copy(update=changes)


# --- due ------------------------------------------------------------------------------------------


def decide_start(
    rules: ClockRules, states: States, command: Command[StartClock], now: datetime
) -> Decision:
    """Of a case that has none."""
    request = states.get(Request, command.data.request_id)
    if request is None or request.clock is not None or find_stage(request) is None:
        return NOTHING
    return Decision(states=(follow_case(rules, request, now),))


def decide_case_due(
    rules: ClockRules, states: States, command: Command[CaseDue], now: datetime
) -> Decision:
    """A pause is over, or warnings are due: each is said once, a reminder only before the end."""
    request = states.get(Request, command.data.aggregate_id)
    if request is None or request.due_at != command.data.due_at or command.data.due_at > now:
        return NOTHING
    clock = request.clock
    if clock is None or clock.stage is None:
        return NOTHING
    if clock.pause is not None:
        resumed = _resume(rules, request, clock, clock.stage, now, by="")
        return Decision(
            states=(resumed,), events=((resumed, RequestResumed(person_id=request.person_id)),)
        )
    owner = find_owner(request, clock.stage)
    warned, facts = _warn(rules, request, clock, clock.stage, owner, now)
    request = _set(rules, request, warned, clock.stage)
    return Decision(states=(request,), events=tuple((request, fact) for fact in facts))


def _warn(
    rules: ClockRules,
    request: Request,
    clock: CaseClock,
    stage: CaseStage,
    owner: ApprovalLevel | None,
    now: datetime,
) -> tuple[CaseClock, list[Fact]]:
    facts: list[Fact] = []
    names: tuple[tuple[ClockName, Period, ApprovalLevel | None], ...] = (
        ("stage", clock.period, owner),
        ("whole", clock.whole, WHOLE_OWNER),
    )
    for name, period, level in names:
        warnings = list(_list_due(rules, period, level, now))
        for warning in warnings:
            apology = _is_apology_due(request, clock, stage, now) and warning.step == "overdue"
            if apology:
                clock = clock.model_copy(update={"apologised_at": now})
            facts.append(_make_fact(request, stage, name, period, warning, apology=apology))
            clock = clock.with_event(
                ClockEvent(at=now, step=warning.step, stage=stage, clock=name, level=warning.level)
            )
        if warnings:
            warned = period.model_copy(update={"warned": warnings[-1].rank})
            field = "period" if name == "stage" else "whole"
            clock = clock.model_copy(update={field: warned})
    return clock, facts


def _list_due(
    rules: ClockRules, period: Period, owner: ApprovalLevel | None, now: datetime
) -> Iterator[ClockWarning]:
    due = [warning for warning in list_open(rules, period, owner) if warning.at <= now]
    is_late = any(warning.step != "reminded" for warning in due)
    return (warning for warning in due if not (is_late and warning.step == "reminded"))


def _is_apology_due(request: Request, clock: CaseClock, stage: CaseStage, now: datetime) -> bool:
    """Where it is not the person whom we wait for, and who is told of it at all."""
    if request.quiet or stage in ("delivered", "returned"):
        return False
    return clock.apologised_at is None or now - clock.apologised_at > APOLOGY_EVERY


def _make_fact(
    request: Request,
    stage: CaseStage,
    clock: ClockName,
    period: Period,
    warning: ClockWarning,
    *,
    apology: bool,
) -> Fact:
    fields: dict[str, object] = {
        "person_id": request.person_id,
        "stage": stage,
        "clock": clock,
        "due_at": period.ends_at,
        "area": request.area.model_copy(update={"cell": None}),
        "level": warning.level,
    }
    match warning.step:
        case "reminded":
            return RequestReminded(**fields)
        case "overdue":
            return RequestOverdue(**fields, apology=True if apology else None)
        case _:
            return RequestEscalated(**fields)


# --- paused ---------------------------------------------------------------------------------------


def decide_pause(
    rules: ClockRules, states: States, command: Command[PauseCase], now: datetime
) -> Decision:
    """By who has to act on it now: both clocks stand until a day, for a reason."""
    data = command.data
    request = states.get(Request, data.request_id)
    running = _get_running(request, data)
    if isinstance(running, Answer):
        return Decision(answer=running)
    request, clock, stage = running
    if clock.pause is not None:
        return Decision(answer=CASE_PAUSED.refusal(409, "state"))
    if data.until <= find_day(now):
        return Decision(answer=PAUSE_PAST.refusal(422, "until"))
    pause_days = max(0, rules.pause_days_max - clock.paused_days)
    days = count_working_days(find_day(now), data.until)
    if days > pause_days:
        return Decision(
            answer=PAUSE_LONG.refusal(422, "until", most=rules.pause_days_max, left=pause_days)
        )
    until = find_opening(data.until)
    pause = Pause(reason=data.reason, by=data.by, at=now, until=until)
    event = ClockEvent(at=now, step="paused", stage=stage, reason=data.reason, by=data.by)
    ends_at = min(prolong(each, days).ends_at for each in (clock.period, clock.whole))
    clock = clock.model_copy(update={"pause": pause, "ends_at": ends_at}).with_event(event)
    paused = request.model_copy(update={"clock": clock, "due_at": until})
    fact = RequestPaused(person_id=request.person_id, reason=data.reason, until=until)
    return _build_decision(paused, fact)


def decide_resume(
    rules: ClockRules, states: States, command: Command[ResumeCase], now: datetime
) -> Decision:
    data = command.data
    running = _get_running(states.get(Request, data.request_id), data)
    if isinstance(running, Answer):
        return Decision(answer=running)
    request, clock, stage = running
    if clock.pause is None:
        return Decision(answer=CASE_RUNNING.refusal(409, "state"))
    resumed = _resume(rules, request, clock, stage, now, by=data.by)
    return _build_decision(resumed, RequestResumed(person_id=request.person_id))


def _resume(
    rules: ClockRules,
    request: Request,
    clock: CaseClock,
    stage: CaseStage,
    now: datetime,
    *,
    by: str,
) -> Request:
    event = ClockEvent(at=now, step="resumed", stage=stage, by=by)
    return _set(rules, request, _end_pause(clock, now).with_event(event), stage)


def _get_running(
    request: Request | None, data: PauseCase | ResumeCase
) -> tuple[Request, CaseClock, CaseStage] | Answer:
    if request is None or not is_in_area(request, data.area):
        return REQUEST_UNKNOWN.refusal(404, "request_id")
    clock = request.clock
    if clock is None or clock.stage is None:
        return CASE_OVER.refusal(409, "state")
    owner = find_owner(request, clock.stage)
    if owner and owner not in data.levels:
        return PAUSE_FOREIGN.refusal(403, level=owner, level_zh=LEVELS_ZH[owner])
    return request, clock, clock.stage


def _build_decision(request: Request, fact: Fact) -> Decision:
    body = {"request_id": request.id, "state": request.state.value}
    return Decision(states=(request,), events=((request, fact),), answer=Answer(200, body))
