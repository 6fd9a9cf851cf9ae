"""A request as a line of a list, with its words in both languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.intake.approvals.tasks import TaskRow
from services.intake.clocks.words import Left, describe_case
from services.intake.emergencies.report import MEASURES, suggest_measure
from services.intake.model import Request, RequestState
from services.intake.model.emergency import Emergency
from services.intake.rules import describe_wait_reasons
from shared.contracts.events import ApprovalLevel
from shared.contracts.values import CHINA
from shared.references import format_reference

STATES: Mapping[RequestState, tuple[str, str]] = {
    RequestState.RECORDED: ("待审批", "waits for approval"),
    RequestState.RETURNED: ("已退回补正", "returned"),
    RequestState.REFERRED: ("已转介，待部门答复", "referred"),
    RequestState.BUDGETED: ("财政项目办理中", "public budget"),
    RequestState.OPEN: ("对接中", "open"),
    RequestState.DUPLICATE: ("已合并办理", "merged"),
    RequestState.DECLINED: ("未通过", "declined"),
    RequestState.WITHDRAWN: ("已撤回", "withdrawn"),
    RequestState.CLOSED: ("已完结", "closed"),
}
LEVELS: Mapping[ApprovalLevel, tuple[str, str]] = {
    "village": ("村（居）级", "village"),
    "town": ("镇街级", "town"),
    "city": ("市级", "city"),
}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """waits: why, in words. days: since it was recorded. left: how long there is; None where
    nothing is awaited. measure: of the ten, where it is under an emergency now. tasks: of whose
    desk it is, in a list of them."""

    request: Request
    reference: str
    state: tuple[str, str]
    waits: tuple[Mapping[str, str], ...]
    level: tuple[str, str] | None
    recorded_on: str
    days: int
    left: Left | None
    measure: tuple[str, str] | None = None
    tasks: tuple[TaskRow, ...] = ()

    @property
    def is_overdue(self) -> bool:
        if self.tasks:
            return any(task.is_overdue for task in self.tasks)
        return self.left is not None and self.left.urgency == "overdue"


def build_row(request: Request, now: datetime, emergencies: Iterable[Emergency] = ()) -> CaseRow:
    waits = request.state is RequestState.RECORDED
    today, recorded = (at.astimezone(CHINA).date() for at in (now, request.recorded_at))
    return CaseRow(
        request=request,
        reference=format_reference(request.id),
        state=STATES[request.state],
        waits=tuple(describe_wait_reasons(request.wait_reasons)) if waits else (),
        level=LEVELS[request.approval_level] if waits and request.approval_level else None,
        recorded_on=recorded.isoformat(),
        days=(today - recorded).days,
        left=describe_case(request, now),
        measure=MEASURES[number]
        if (number := suggest_measure(emergencies, request, now))
        else None,
    )
