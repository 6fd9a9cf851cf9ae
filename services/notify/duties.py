"""Which event calls for somebody of the staff: one line per duty. docs/how-to/add-a-duty.md.

A duty is told in digests: what comes together within a while is one message to each who has it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from shared.contracts.envelope import Fact
from shared.contracts.events import (
    ApprovalLevel,
    LedgerRefused,
    MessageQueued,
    PaymentUnsettled,
    RequestMended,
    RequestRecorded,
)
from shared.towns import is_city_wide

Duty = Literal["finance", "approver_village", "approver_town", "approver_city"]
DUTIES: tuple[Duty, ...] = get_args(Duty)
DUTY_LABELS: Mapping[Duty, str] = {
    "finance": "财务",
    "approver_village": "村（居）审批",
    "approver_town": "镇街审批",
    "approver_city": "市级审批",
}


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


def _call_for_approval(fact: Fact) -> Call | None:
    recorded = cast("RequestRecorded | RequestMended", fact)
    if recorded.area is None:  # of a release before
        return None
    return Call(
        _APPROVERS[recorded.approval_level],
        "staff_approval_waiting",
        _find_area(recorded),
    )


def _call_for_reading(fact: Fact) -> Call | None:
    """Who approves for the town reads what people write there."""
    queued = cast("MessageQueued", fact)
    purpose = "staff_message_urgent" if queued.urgent else "staff_message_waiting"
    if is_city_wide(queued.town_code):
        return Call("approver_city", purpose, urgent=queued.urgent)
    return Call("approver_town", purpose, queued.town_code, urgent=queued.urgent)


def _find_area(recorded: RequestRecorded | RequestMended) -> str:
    """What the city decides is one list."""
    area = recorded.area
    if area is None or recorded.approval_level == "city":
        return ""
    village = area.village_code if recorded.approval_level == "village" else None
    return village or area.town_code


_PAID_TWICE = frozenset({"already_paid", "exceeds_request"})
_APPROVERS: Mapping[ApprovalLevel, Duty] = {
    "village": "approver_village",
    "town": "approver_town",
    "city": "approver_city",
}

CALLS: Mapping[type[Fact], Callable[[Fact], Call | None]] = {
    PaymentUnsettled: _call_for_settling,
    LedgerRefused: _call_for_refused,
    RequestRecorded: _call_for_approval,
    RequestMended: _call_for_approval,
    MessageQueued: _call_for_reading,
}
STAFF_PURPOSES = (
    "staff_payment_unsettled",
    "staff_payment_refused",
    "staff_approval_waiting",
    "staff_message_waiting",
    "staff_message_urgent",
)
URGENT_PURPOSES = frozenset({"staff_message_urgent"})


def list_calls(fact: Fact) -> Iterator[Call]:
    find_call = CALLS.get(type(fact))
    call = find_call(fact) if find_call else None
    if call is not None:
        yield call
    if call is not None and call.urgent and call.area:
        # Whether or not somebody of the town hears it.
        yield replace(call, duty="approver_city", area="")
