"""What waits for staff is counted, and told to each who has the duty in one message."""

from collections.abc import Collection, Iterator
from datetime import datetime

from services.notify.decide.transitions import calls_for_task
from services.notify.duties import Call, call_for_inviting, call_for_telling, list_calls
from services.notify.lanes import find_staff_lane
from services.notify.messages import MEMBER_UNKNOWN
from services.notify.model import (
    Backlog,
    Notice,
    PutStaffMember,
    RemoveStaffMember,
    SendDigest,
    StaffMember,
)
from services.notify.rules import Rules, compute_deadline
from services.notify.timing import find_sending_time
from shared.contracts.envelope import Fact
from shared.contracts.values import CHINA
from shared.ids import make_id
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States

# --- counted --------------------------------------------------------------------------------------


def count_calls(states: States, fact: Fact, now: datetime, rules: Rules) -> Iterator[Backlog]:
    """The first of a digest sets its time, those that follow join it; what is urgent waits for
    none."""
    for call in list_calls(fact):
        yield count_call(states, call, now, rules)


def count_call(states: States, call: Call, now: datetime, rules: Rules) -> Backlog:
    id_ = derive_backlog_id(call)
    backlog = states.get(Backlog, id_) or Backlog(
        id=id_, duty=call.duty, purpose=call.purpose, area=call.area
    )
    due_at = backlog.due_at or compute_deadline(now, 0 if call.urgent else rules.digest_s)
    return backlog.model_copy(update={"count": backlog.count + 1, "due_at": due_at})


def count_untold(
    states: States, before: Notice, after: Notice, now: datetime, rules: Rules
) -> Iterator[Backlog]:
    """Whom no channel reaches has to be told by somebody."""
    if calls_for_task(before, after):
        yield count_call(states, call_for_telling(after.area), now, rules)


def count_unlisted(
    states: States, holders: Collection[str], now: datetime, rules: Rules
) -> Iterator[Backlog]:
    """Members of a meeting whom nobody can write to."""
    if holders:
        backlog = count_call(states, call_for_inviting(), now, rules)
        yield backlog.model_copy(update={"count": backlog.count + len(holders) - 1})


def derive_backlog_id(call: Call) -> str:
    return make_id("B", call.duty, call.purpose, call.area)


# --- told -----------------------------------------------------------------------------------------


def decide_send_digest(
    rules: Rules, states: States, command: Command[SendDigest], now: datetime
) -> Decision:
    """One notice to each; with nobody there it waits on, and the operator is warned."""
    digest = command.data
    backlog = states.get(Backlog, digest.aggregate_id)
    if backlog is None or backlog.due_at != digest.due_at or digest.due_at > now:
        return NOTHING
    if not digest.person_ids:
        later = compute_deadline(now, rules.digest_s)
        return Decision((backlog.model_copy(update={"due_at": later}),))
    emptied = backlog.model_copy(update={"count": 0, "due_at": None})
    notices = [_build_notice(backlog, person_id, now, rules) for person_id in digest.person_ids]
    states.get_many(Notice, [notice.id for notice in notices])
    return Decision((emptied, *notices))


def _build_notice(backlog: Backlog, person_id: str, now: datetime, rules: Rules) -> Notice:
    at = f"{now.astimezone(CHINA):%H:%M}"
    due = backlog.due_at.isoformat() if backlog.due_at else ""
    is_urgent = backlog.purpose in rules.urgent_purposes
    sent_at = now if is_urgent else find_sending_time(now, person_id, rules)
    return Notice(
        id=make_id("N", backlog.id, due, person_id),
        person_id=person_id,
        purpose=backlog.purpose,
        regarding=backlog.id,
        correlation_id=backlog.id,
        created_at=now,
        due_at=compute_deadline(sent_at),
        count=backlog.count,
        counted_at=at,
        lane=find_staff_lane(backlog.purpose),
    )


# --- who has which duty ---------------------------------------------------------------------------


def decide_put_member(states: States, command: Command[PutStaffMember], now: datetime) -> Decision:
    """As a whole: what was said of him before is replaced."""
    put = command.data
    states.get(StaffMember, put.holder)
    member = StaffMember(
        id=put.holder,
        person_id=put.person_id,
        duties=put.duties,
        area=put.area,
        put_by=command.principal,
        put_at=now,
    )
    return Decision((member,), answer=Answer(200, member.to_json()))


def decide_remove_member(
    states: States,
    command: Command[RemoveStaffMember],
    now: datetime,
) -> Decision:
    """He is told nothing more. The row stays, to say who removed him and when."""
    member = states.get(StaffMember, command.data.holder)
    if member is None:
        return Decision(answer=MEMBER_UNKNOWN.refusal(404, "holder"))
    changes = {"duties": (), "put_by": command.principal, "put_at": now}
    removed = member.model_copy(update=changes)
    return Decision((removed,), answer=Answer(200, removed.to_json()))
