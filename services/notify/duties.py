"""Which event calls for somebody of the staff: one line per duty. docs/how-to/add-a-duty.md.

A duty is told in digests: what comes together within a while is one message to each who has it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from shared.contracts.envelope import Fact
from shared.contracts.events import (
    ApprovalLevel,
    ClockFact,
    LedgerRefunded,
    LedgerRefused,
    MessageQueued,
    PaymentUnsettled,
    RegularOverdue,
    RequestEscalated,
    RequestHastened,
    RequestMended,
    RequestOverdue,
    RequestRecorded,
    RequestReminded,
    RequestUnbudgeted,
)
from shared.contracts.values import Area
from shared.towns import is_city_wide

Duty = Literal[
    "finance",
    "approver_village",
    "approver_town",
    "approver_city",
    "collector",
    "meeting_member",
    "operator",
]
DUTIES: tuple[Duty, ...] = get_args(Duty)
DUTY_LABELS: Mapping[Duty, str] = {
    "finance": "财务",
    "approver_village": "村（居）审批",
    "approver_town": "镇街审批",
    "approver_city": "市级审批",
    "collector": "收集人、驿站",
    "meeting_member": "联席会议成员",
    "operator": "系统管理",
}
INSTEAD: Mapping[Duty, Duty] = {"collector": "approver_town", "operator": "approver_city"}
"""Who is told where nobody has the duty: without collectors the town's approver."""


@dataclass(frozen=True, slots=True)
class Call:
    """purpose: in which words. area: of what is to be done; empty where it is the whole city's.

    urgent: it is told at once, by day and night.
    """

    duty: Duty
    purpose: str
    area: str = ""
    urgent: bool = False


def _call_for_settling(_fact: Fact) -> Call | None:
    return Call("finance", "staff_payment_unsettled")


def _call_for_refused(fact: Fact) -> Call | None:
    """Confirmed, and not paid because its request was: somebody waits for his money."""
    reason = cast("LedgerRefused", fact).reason
    return Call("finance", "staff_payment_refused") if reason in _PAID_TWICE else None


def _call_for_overdrawn(fact: Fact) -> Call | None:
    """A bank took back what was promised: the fund has less than nothing, and owes it still."""
    if not cast("LedgerRefunded", fact).overdrawn_fen:
        return None
    return Call("finance", "staff_fund_overdrawn")


def _call_for_approval(fact: Fact) -> Call | None:
    recorded = cast("RequestRecorded | RequestMended | RequestUnbudgeted", fact)
    if recorded.area is None:  # of a release before
        return None
    if isinstance(fact, RequestRecorded | RequestMended) and fact.danger:
        return _call_at_once("staff_request_urgent", recorded.area.town_code)
    level = recorded.approval_level
    return Call(_APPROVERS[level], "staff_approval_waiting", _find_area(level, recorded.area))


def _call_for_hastened(fact: Fact) -> Call | None:
    """Whoever decides it now; of what is open nothing is decided."""
    hastened = cast("RequestHastened", fact)
    level = hastened.approval_level
    if level is None:
        return None
    area = _find_area(level, hastened.area)
    return Call(_APPROVERS[level], "staff_approval_hastened", area)


def _call_for_late(fact: Fact) -> Call:
    """Whoever has to act on it, or the level to which it went up."""
    late = cast("ClockFact", fact)
    duty = _APPROVERS[late.level] if late.level else "collector"
    return Call(duty, _LATE[type(late)], _find_area(late.level, late.area))


def _call_for_reading(fact: Fact) -> Call | None:
    """Who approves for the town reads what people write there."""
    queued = cast("MessageQueued", fact)
    if queued.urgent:
        return _call_at_once("staff_message_urgent", queued.town_code)
    if is_city_wide(queued.town_code):
        return Call("approver_city", "staff_message_waiting")
    return Call("approver_town", "staff_message_waiting", queued.town_code)


def _call_at_once(purpose: str, town_code: str) -> Call:
    """Life may be in danger. `list_calls` has the city hear of it too."""
    if is_city_wide(town_code):
        return Call("approver_city", purpose, urgent=True)
    return Call("approver_town", purpose, town_code, urgent=True)


def _call_for_visiting(fact: Fact) -> Call:
    late = cast("RegularOverdue", fact)
    duty = _APPROVERS[late.level] if late.level else "collector"
    return Call(duty, "staff_regular_overdue", _find_area(late.level, late.area))


def _find_area(level: ApprovalLevel | None, area: Area) -> str:
    """What the city decides is one list; what no level decides is worked on in the village."""
    if level == "city":
        return ""
    village = area.village_code if level in ("village", None) else None
    return village or area.town_code


_PAID_TWICE = frozenset({"already_paid", "exceeds_request"})
_APPROVERS: Mapping[ApprovalLevel, Duty] = {
    "village": "approver_village",
    "town": "approver_town",
    "city": "approver_city",
}

_LATE: Mapping[type[ClockFact], str] = {
    RequestReminded: "staff_case_due",
    RequestOverdue: "staff_case_overdue",
    RequestEscalated: "staff_case_escalated",
}

CALLS: Mapping[type[Fact], Callable[[Fact], Call | None]] = {
    PaymentUnsettled: _call_for_settling,
    LedgerRefused: _call_for_refused,
    LedgerRefunded: _call_for_overdrawn,
    RequestRecorded: _call_for_approval,
    RequestMended: _call_for_approval,
    RequestUnbudgeted: _call_for_approval,
    RequestHastened: _call_for_hastened,
    MessageQueued: _call_for_reading,
    **dict.fromkeys(_LATE, _call_for_late),
    RegularOverdue: _call_for_visiting,
}
STAFF_PURPOSES = (
    "staff_payment_unsettled",
    "staff_payment_refused",
    "staff_fund_overdrawn",
    "staff_approval_waiting",
    "staff_approval_hastened",
    "staff_message_waiting",
    "staff_message_urgent",
    "staff_request_urgent",
    "staff_case_due",
    "staff_case_overdue",
    "staff_case_escalated",
    "staff_person_untold",
    "staff_call_waiting",
    "staff_budget_low",
    "staff_budget_gone",
    "staff_regular_overdue",
    "staff_member_untold",
)
URGENT_PURPOSES = frozenset(
    {
        *("staff_message_urgent", "staff_request_urgent"),
        *("staff_budget_low", "staff_budget_gone", "consent_given"),
    }
)
"""The last warns whoever did not give it: no full day puts it off or hides it in a digest."""


def call_for_telling(area: str) -> Call:
    """A notice that no channel takes: somebody who sees the person has to tell him. A donor is of
    no place: whoever sees the calls of the whole city makes his."""
    if not area:
        return Call("approver_city", "staff_call_waiting")
    return Call("collector", "staff_person_untold", area)


def call_for_inviting() -> Call:
    """Of a joint meeting's members one has no entry in the register: who convenes tells him."""
    return Call("approver_city", "staff_member_untold")


def list_calls(fact: Fact) -> Iterator[Call]:
    find_call = CALLS.get(type(fact))
    call = find_call(fact) if find_call else None
    if call is not None:
        yield call
    if (
        isinstance(fact, RequestRecorded | RequestMended)
        and fact.danger
        and fact.area
        and fact.area.village_code
    ):
        # The village is nearest to the person, whichever level decides.
        yield Call("approver_village", "staff_request_urgent", fact.area.village_code, urgent=True)
    if call is not None and call.urgent and call.area:
        # Whether or not somebody of the town hears it.
        yield replace(call, duty="approver_city", area="")
