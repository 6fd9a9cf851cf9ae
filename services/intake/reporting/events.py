"""The same figures from the published events alone: whoever reads the topic can count them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.intake.model import RequestState
from services.intake.reporting.figures import Counts, Figures, Group, add_up, count_money
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    RequestBudgeted,
    RequestClassified,
    RequestClosed,
    RequestDeclined,
    RequestFollowed,
    RequestMended,
    RequestOpened,
    RequestRecorded,
    RequestReferred,
    RequestReopened,
    RequestReturned,
    RequestSettled,
    RequestUnbudgeted,
    RequestWithdrawn,
)
from shared.contracts.values import CHINA


@dataclass(frozen=True, slots=True)
class _Case:
    """recorded_at: until it opens, when its first event came; then as that says."""

    recorded_at: datetime
    town_code: str
    channel: str
    state: str
    kind: str = ""
    beneficiary_class: str = ""
    fen: int = 0
    opened_at: datetime | None = None
    closed_at: datetime | None = None

    def count(self) -> tuple[Group, Figures]:
        group = Group(
            month=self.recorded_at.astimezone(CHINA).strftime("%Y-%m"),
            town_code=self.town_code,
            channel=self.channel,
            state=self.state,
            kind=self.kind,
            beneficiary_class=self.beneficiary_class,
        )
        return group, Figures(
            requests=1,
            fen=self.fen,
            opened=int(self.opened_at is not None),
            waited_s=self._measure_s(self.opened_at),
            closed=int(self.closed_at is not None),
            took_s=self._measure_s(self.closed_at),
            since_s=int(self.recorded_at.timestamp()),
        )

    def _measure_s(self, at: datetime | None) -> int:
        return int((at - self.recorded_at).total_seconds()) if at else 0


def count_events(events: Iterable[Event]) -> Counts:
    """In the order in which each request's were published."""
    cases: dict[str, _Case] = {}
    for event in events:
        case = _follow(cases.get(event.subject), event.data, event.time)
        if case is not None:
            cases[event.subject] = case
    return add_up(case.count() for case in cases.values())


def _follow(case: _Case | None, fact: Fact, at: datetime) -> _Case | None:
    match fact:
        case RequestRecorded():
            town = fact.area.town_code if fact.area else ""
            begun = case.recorded_at if case else at
            return _Case(begun, town, fact.channel, RequestState.RECORDED)
        case RequestOpened():
            return _Case(
                recorded_at=fact.recorded_at,
                town_code=fact.area.town_code,
                channel=fact.channel,
                state=RequestState.OPEN,
                kind=fact.kind,
                beneficiary_class=fact.beneficiary_class,
                fen=count_money(fact.need.unit, fact.need.quantity),
                opened_at=at,
            )
    return _change(case, fact, at) if case else None


def _change(case: _Case, fact: Fact, at: datetime) -> _Case:
    match fact:
        case RequestReturned():
            return replace(case, state=RequestState.RETURNED)
        case RequestMended():
            return replace(case, state=RequestState.RECORDED, town_code=fact.area.town_code)
        case RequestUnbudgeted():
            return replace(case, state=RequestState.RECORDED)
        case RequestReferred():
            return replace(case, state=RequestState.REFERRED)
        case RequestBudgeted():
            return replace(case, state=RequestState.BUDGETED)
        case RequestClassified():
            return replace(case, beneficiary_class=fact.beneficiary_class)
        case RequestDeclined():
            return replace(case, state=RequestState.DECLINED)
        case RequestWithdrawn():
            return replace(case, state=RequestState.WITHDRAWN)
        case RequestClosed() | RequestSettled():
            return replace(case, state=RequestState.CLOSED, closed_at=at)
        case RequestReopened():
            return replace(case, state=RequestState.OPEN, closed_at=None)
        case RequestFollowed(stage="merged"):
            return replace(case, state=RequestState.DUPLICATE)
        case RequestFollowed(stage="separated") if case.state == RequestState.DUPLICATE:
            return replace(case, state=RequestState.RECORDED)
        case _:
            return case
