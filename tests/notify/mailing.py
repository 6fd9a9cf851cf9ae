"""One person's mailbox over some days: what comes in, what is claimed, what goes to the phone."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.notify.model import ClaimNotice, Notice, RecordOutcome
from shared.contracts.events import (
    MatchReleased,
    RequestDeclined,
    RequestFollowed,
    RequestRecorded,
    RequestUnbudgeted,
    RequestUnmet,
)
from shared.contracts.values import CHINA, Area, Channel
from shared.messaging.decision import Ref
from tests.notify.decisions import (
    DecisionHarness,
    make_rules,
    match_fields,
)

HOURS = "21:00-08:00"
NOON = datetime(2026, 11, 29, 12, tzinfo=CHINA)
MIDNIGHT = datetime(2026, 11, 30, 0, 30, tzinfo=CHINA)
MOMENTS = st.integers(0, 7 * 24 * 60).map(lambda m: NOON + timedelta(minutes=m))


def make_harness(at: datetime = NOON, **changes: Any) -> DecisionHarness:
    rules = {"quiet_hours": HOURS, "bundle_s": 180, "person_day_max": 3}
    harness = DecisionHarness(make_rules(**rules | changes))
    harness.now = at
    return harness


def claim(harness: DecisionHarness, notice: Notice, ends: str = "sent") -> bool:
    """Whether it went."""
    assert notice.due_at is not None
    data = ClaimNotice(
        notice_id=notice.id, person_id=notice.person_id, due_at=notice.due_at, reachable=("sms",)
    )
    answer = harness.execute(data)
    assert answer is not None
    if answer.status != 200:
        return False
    record = {"notice_id": notice.id, "attempt": answer.body["attempt"], "channel": "sms"}
    harness.execute(RecordOutcome.model_validate(record | {"outcome": ends}))
    return True


def list_due(harness: DecisionHarness) -> list[Notice]:
    due = [n for n in harness.notices if n.state in ("created", "retry") and n.due_at]
    return [n for n in due if n.due_at and n.due_at <= harness.now]


def send_all(harness: DecisionHarness) -> list[tuple[datetime, Notice]]:
    """Until nothing waits: what went to the phone, and when."""
    messages: list[tuple[datetime, Notice]] = []
    for _ in range(500):
        for notice in list_due(harness):
            current = harness.states[Ref(Notice, notice.id)]
            if current.due_at == notice.due_at and claim(harness, current):
                messages.append((harness.now, current))
        later = [n.due_at for n in harness.notices if n.state in ("created", "retry") and n.due_at]
        if not later:
            return messages
        harness.now = max(harness.now, *[min(later)])
    raise AssertionError("something waits for ever")


def get_states(harness: DecisionHarness) -> dict[str, str]:
    return {notice.purpose: notice.state for notice in harness.notices}


def make_recorded() -> RequestRecorded:
    return RequestRecorded(person_id="P-1", channel=Channel.SMS, approval_level="village")


AREA = Area(town_code="441900101")
FELL = MatchReleased(**match_fields(), reason="not_arrived", promised=True)
UNMET = RequestUnmet(person_id="P-1", request_id="R-other")
UNBUDGETED = RequestUnbudgeted(
    person_id="P-1", reason="not_this_year", approval_level="village", area=AREA
)


def make_followed(stage: str) -> RequestFollowed:
    fields = {"person_id": "P-1", "request_id": "R-other", "stage": stage}
    return RequestFollowed.model_validate(fields)


def make_declined() -> RequestDeclined:
    return RequestDeclined(person_id="P-1", reason="不在范围")
