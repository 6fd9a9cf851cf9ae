"""What people see of notices: ids, states and codes; never a number, never a text."""

from collections.abc import Mapping
from datetime import datetime

from services.notify.model import Attempt, Notice
from shared.contracts.values import Value


class AttemptView(Value):
    number: int
    channel: str
    provider: str
    outcome: str | None
    code: str
    receipt: str | None
    claimed_at: datetime
    ended_at: datetime | None


class NoticeView(Value):
    """regarding: the request, match or donation. due_at: when it is looked at again."""

    id: str
    person_id: str
    purpose: str
    regarding: str
    state: str
    channel: str | None
    code: str
    created_at: datetime
    due_at: datetime | None
    resolved_by: str | None
    attempts: tuple[AttemptView, ...]


class Summary(Value):
    """calls: phone tasks that are open."""

    by_channel: Mapping[str, int]
    by_outcome: Mapping[str, int]
    by_purpose: Mapping[str, int]
    calls: int


def build_view(notice: Notice) -> NoticeView:
    fields = {name: getattr(notice, name) for name in NoticeView.model_fields if name != "attempts"}
    return NoticeView(**fields, attempts=tuple(_build_attempt(a) for a in notice.attempts))


def _build_attempt(attempt: Attempt) -> AttemptView:
    names = set(AttemptView.model_fields) - {"provider"}
    fields = {name: getattr(attempt, name) for name in names}
    return AttemptView(provider=attempt.sender, **fields)
