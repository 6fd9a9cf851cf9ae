"""A case's clocks in words: what is awaited, how long there is, what happens next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.intake.clocks.messages import PAUSE_REASONS
from services.intake.clocks.rules import (
    ClockRules,
    ClockWarning,
    count_left,
    find_owner,
    is_over,
    list_open,
)
from services.intake.model import Request
from services.intake.model.clock import CaseClock, ClockEvent, Period
from shared.calendar import count_working_days, find_day, find_unknown_years
from shared.contracts.events import ApprovalLevel, CaseStage, PauseReason
from shared.dates import name_day

Words = tuple[str, str]
Urgency = Literal["overdue", "due", "later", "paused"]

STAGES: Mapping[CaseStage, Words] = {
    "recorded": ("审批", "approval"),
    "returned": ("补正", "correction"),
    "meeting": ("联席会议", "joint meeting"),
    "referred": ("部门答复", "a department's answer"),
    "open": ("对接", "a donor"),
    "committed": ("送达", "delivery"),
    "delivered": ("本人确认", "the person's word"),
    "budget": ("施工办结", "public works"),
}
OWNERS: Mapping[ApprovalLevel | None, Words] = {
    None: ("收集人、驿站", "who works on the case"),
    "village": ("村（居）", "the village"),
    "town": ("镇街", "the town"),
    "city": ("市", "the city"),
}
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Left:
    """How long there is, and how much it presses: never by colour alone."""

    words: Words
    urgency: Urgency


def describe_left(period: Period, now: datetime) -> Left:
    left = count_left(period, now)
    if is_over(period, now):
        if left == 0:
            return Left(("已超期", "overdue"), "overdue")
        return Left((f"已超期{-left}个工作日", f"overdue by {_name_days(-left)}"), "overdue")
    if period.due_on == find_day(now):
        return Left(("今天到期", "due today"), "due")
    return Left((f"还有{left}个工作日", f"{_name_days(left)} left"), "later")


def _name_days(count: int) -> str:
    return f"{count} working day{'s' if count != 1 else ''}"


def describe_case(request: Request, now: datetime) -> Left | None:
    """By the clock that ends first; None where nothing is awaited."""
    clock = request.clock
    if clock is None or clock.stage is None:
        return None
    if clock.pause is not None:
        return Left(("暂停计时", "paused"), "paused")
    return describe_left(min(clock.period, clock.whole, key=lambda each: each.ends_at), now)


def format_day(day: date) -> str:
    return f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


# --- on the case's page ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClockView:
    """stage: what is awaited. period, whole: how long each has, and its last day. passed: working
    days since it was recorded. following: what is said next. unknown_years: of which no holidays
    are known yet."""

    stage: Words
    owner: Words
    period: Left
    period_on: date
    whole: Left
    whole_on: date
    passed: int
    paused_days: int
    pause: tuple[Words, str, date] | None
    following: Words | None
    unknown_years: tuple[int, ...]


def describe_clock(rules: ClockRules, request: Request, now: datetime) -> ClockView | None:
    clock = request.clock
    if clock is None or clock.stage is None:
        return None
    owner = find_owner(request, clock.stage)
    paused = clock.pause
    last = max(clock.period.ends_at, clock.whole.ends_at)
    return ClockView(
        stage=STAGES[clock.stage],
        owner=OWNERS[owner],
        period=describe_left(clock.period, now),
        period_on=clock.period.due_on,
        whole=describe_left(clock.whole, now),
        whole_on=clock.whole.due_on,
        passed=count_working_days(find_day(clock.whole.since), find_day(now)),
        paused_days=clock.paused_days,
        pause=(
            (PAUSE_REASONS[paused.reason].zh, PAUSE_REASONS[paused.reason].en),
            paused.by,
            find_day(paused.until),
        )
        if paused
        else None,
        following=None if paused else _describe_following(rules, clock, owner),
        unknown_years=tuple(find_unknown_years(now, last)),
    )


def _describe_following(
    rules: ClockRules, clock: CaseClock, owner: ApprovalLevel | None
) -> Words | None:
    """The next warning of what is awaited now; None when all were given."""
    following = next(iter(list_open(rules, clock.period, owner)), None)
    if following is None:
        return None
    on = find_day(following.at)
    zh, en = _name_warning(following)
    return f"{format_day(on)}{zh}", f"{name_day(on)[1]}: {en}"


def _name_warning(warning: ClockWarning) -> Words:
    owner = OWNERS[warning.level]
    match warning.step:
        case "reminded":
            return f"提醒{owner[0]}即将到期", f"{owner[1]} is reminded"
        case "overdue":
            return f"仍未办理即为超期，通知{owner[0]}", f"overdue; {owner[1]} is told"
        case _:
            return f"仍未办理则上报{owner[0]}督办", f"escalated to {owner[1]}"


def describe_event(event: ClockEvent) -> Words:
    """For the case's history."""
    stage = STAGES[event.stage] if event.stage else ("", "")
    clock = ("全程", "the whole case") if event.clock == "whole" else stage
    by = f"（{event.by}）" if event.by else ""
    match event.step:
        case "started":
            return f"开始计时：{stage[0]}", f"clock of {stage[1]} begins"
        case "reminded":
            return f"提醒：{clock[0]}即将到期", f"reminder: {clock[1]} is due soon"
        case "overdue":
            return f"超期：{clock[0]}", f"overdue: {clock[1]}"
        case "escalated":
            level = OWNERS[event.level]
            return f"超期上报{level[0]}：{clock[0]}", f"escalated to {level[1]}: {clock[1]}"
        case "paused":
            reason = PAUSE_REASONS[event.reason or "person_asks"]
            return f"暂停计时：{reason.zh}{by}", f"paused: {reason.en} {event.by}".strip()
        case "resumed":
            return f"恢复计时{by or '（到期自动）'}", f"resumed {event.by or 'by itself'}"
        case "stopped":
            return "停止计时", "the clocks stop"


# --- for the person -------------------------------------------------------------------------------


def describe_promise(request: Request, now: datetime) -> Words | None:
    """By when, in plain words for who asked; None where nothing is promised."""
    clock = request.clock
    if clock is None or clock.stage in (None, "delivered"):
        return None
    if clock.pause is not None:
        (zh, en), on = PAUSED_FOR[clock.pause.reason], find_day(clock.pause.until)
        return (
            f"现在暂停办理：{zh}。{format_day(on)}继续。",
            f"It is paused: {en}. It goes on by itself on {name_day(on)[1]}.",
        )
    on = clock.period.due_on
    if is_over(clock.period, now):
        return (
            f"原定{format_day(on)}前办好，已经超过，很抱歉，已经提醒办理的人，也会报告上级。",
            f"It was due by {name_day(on)[1]} and is late. We are sorry: who works on it was told, "
            "and the level above will be.",
        )
    zh, en = _PROMISES[clock.stage or "recorded"]
    return zh.format(day=format_day(on)), en.format(day=name_day(on)[1])


PAUSED_FOR: Mapping[PauseReason, Words] = {
    "papers_missing": ("等您补充材料", "papers of yours are missing"),
    "person_asks": ("按您的要求推迟", "you asked to wait"),
    "person_away": ("暂时联系不上您", "we could not reach you"),
    "department_asked": ("等其他部门答复", "another department's answer is awaited"),
    "goods_delayed": ("等物资到货或施工条件", "goods or works are awaited"),
    "weather": ("因台风、疫情等不可抗力", "storm, epidemic and the like"),
}
"""To the person himself; `PAUSE_REASONS` are the office's words."""
_PROMISES: Mapping[CaseStage, Words] = {
    "recorded": ("最迟{day}答复您。", "You are answered by {day}."),
    "returned": ("请在{day}以前补齐。", "Please send what is missing by {day}."),
    "meeting": ("联席会议最迟{day}研究。", "The joint meeting decides by {day}."),
    "referred": ("部门最迟{day}答复。", "The department answers by {day}."),
    "open": (
        "如果到{day}还没有找到，镇街会另想办法。",
        "If nobody is found by {day}, the town looks for another way.",
    ),
    "committed": ("最迟{day}送到。", "It comes by {day}."),
    "budget": ("最迟{day}完工。", "The work is done by {day}."),
}
