"""Requests: submitted, approved, declined, withdrawn."""

from datetime import datetime, timedelta
from typing import Any

from services.intake.decide.persons import (
    find_person_id,
    list_refs,
    update_named,
    with_request,
    without_unfinished,
)
from services.intake.messages import LEVEL_TOO_LOW, REQUEST_UNKNOWN, STATE_UNSUITABLE
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    Person,
    Request,
    RequestState,
    SealedRequest,
    WithdrawRequest,
)
from services.intake.rules import Rules, find_approval_level
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    RequestDeclined,
    RequestOpened,
    RequestRecorded,
    RequestWithdrawn,
)
from shared.messages import KEY_REUSED
from shared.messaging.decision import Answer, Command, Decision, Ref, States

Submission = Event[Any] | Command[SealedRequest]

# --- submit -----------------------------------------------------------------------------------


def decide_submission(rules: Rules, states: States, item: Submission, now: datetime) -> Decision:
    """A new need opens, waits for an approval, or is a duplicate; a known message stays as it is.

    Raises Invalid when a known message comes again with other content.
    """
    data: SealedRequest = item.data
    states.prefetch(Ref(Request, data.request_id), *list_refs(data))
    stored = states.get(Request, data.request_id)
    if stored is not None:
        return _repeat_answer(stored, data)
    person_id = find_person_id(states, data)
    person, handles = update_named(states, data, person_id, data.source)
    request = _make_request(rules, person, data, now)
    fact = make_fact(request)
    return Decision(
        states=(request, with_request(person, request, data.text), *handles),
        events=((request, fact),) if fact else (),
        answer=Answer(201, describe_outcome(request)),
    )


def _repeat_answer(stored: Request, data: SealedRequest) -> Decision:
    if stored.content != data.content:
        raise KEY_REUSED.invalid("idempotency_key")
    return Decision(answer=Answer(201, describe_outcome(stored)))


def _make_request(rules: Rules, person: Person, data: SealedRequest, now: datetime) -> Request:
    duplicate_of = _find_duplicate(rules, person, data.fingerprint, now)
    level = find_approval_level(rules, data.kind, data.category, data.need, data.area)
    accepted = RequestState.RECORDED if level else RequestState.OPEN
    return Request(
        id=data.request_id,
        state=RequestState.DUPLICATE if duplicate_of else accepted,
        kind=data.kind,
        category=data.category,
        beneficiary_class=data.beneficiary_class,
        channel=data.channel,
        need=data.need,
        area=data.area,
        person_id=person.id,
        fingerprint=data.fingerprint,
        source=data.source,
        content=data.content,
        recorded_at=now,
        text=data.text.cipher if data.text else None,
        collector_id=data.collector_id,
        approval_level=None if duplicate_of else level,
        duplicate_of=duplicate_of,
    )


def _find_duplicate(rules: Rules, person: Person, fingerprint: str, now: datetime) -> str | None:
    """The request this one repeats: the same person and need, unfinished and recent."""
    entry = person.unfinished.get(fingerprint)
    if entry is None or now - entry.recorded_at >= timedelta(days=rules.duplicate_days):
        return None
    return entry.request_id


def describe_outcome(request: Request) -> dict[str, Any]:
    """What the channel is answered about its message."""
    body: dict[str, Any] = {"request_id": request.id, "decision": _describe_decision(request)}
    if request.duplicate_of:
        body["duplicate_of"] = request.duplicate_of
    if request.approval_level:
        body["approval_level"] = request.approval_level
    return body


def _describe_decision(request: Request) -> str:
    if request.duplicate_of:
        return "duplicate"
    return "waiting_for_approval" if request.approval_level else "opened"


def make_fact(request: Request) -> Fact | None:
    """What is emitted of a request that is new, or newly approved."""
    if request.state is RequestState.OPEN:
        return RequestOpened(
            person_id=request.person_id,
            kind=request.kind,
            category=request.category,
            beneficiary_class=request.beneficiary_class,
            channel=request.channel,
            need=request.need,
            area=request.area,
            recorded_at=request.recorded_at,
        )
    if request.state is RequestState.RECORDED and request.approval_level:
        return RequestRecorded(
            person_id=request.person_id,
            channel=request.channel,
            approval_level=request.approval_level,
        )
    return None


# --- approve, decline, withdraw ---------------------------------------------------------------


def decide_approve(states: States, item: Command[ApproveRequest], _now: datetime) -> Decision:
    request = _get_approvable(states, item.data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    opened = _move(request, RequestState.OPEN, approved_by=item.data.approver_id)
    return _announce(opened, make_fact(opened))


def decide_decline(states: States, item: Command[DeclineRequest], _now: datetime) -> Decision:
    request = _get_approvable(states, item.data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    reason = item.data.reason
    declined = _move(
        request, RequestState.DECLINED, approved_by=item.data.approver_id, reason=reason
    )
    fact = RequestDeclined(person_id=request.person_id, reason=reason)
    return _announce(declined, fact, *_release_person(states, request))


def decide_withdraw(states: States, item: Command[WithdrawRequest], _now: datetime) -> Decision:
    request = states.get(Request, item.data.request_id)
    if request is None or not _may_withdraw(request, item.data):
        return Decision(answer=REQUEST_UNKNOWN.refusal(404, "request_id"))
    if not request.is_withdrawable:
        return Decision(answer=_refuse_state(request))
    withdrawn = _move(request, RequestState.WITHDRAWN)
    fact = RequestWithdrawn(person_id=request.person_id)
    return _announce(withdrawn, fact, *_release_person(states, request))


def _get_approvable(states: States, data: ApproveRequest | DeclineRequest) -> Request | Answer:
    """The request that the approver may decide now, or why he may not."""
    request = states.get(Request, data.request_id)
    if request is None or not is_in_area(request, data.area):
        return REQUEST_UNKNOWN.refusal(404, "request_id")
    if request.state is not RequestState.RECORDED:
        return _refuse_state(request)
    if request.approval_level not in data.levels:
        level = request.approval_level or "city"
        return LEVEL_TOO_LOW.refusal(403, level=level, level_zh=_LEVEL_ZH[level])
    return request


_LEVEL_ZH = {"village": "村（居）", "town": "镇（街道）", "city": "市"}


def _may_withdraw(request: Request, data: WithdrawRequest) -> bool:
    owns = not data.source or request.source == data.source
    return owns and is_in_area(request, data.area)


def is_in_area(request: Request, area: str) -> bool:
    return (request.area.village_code or request.area.town_code).startswith(area)


def _refuse_state(request: Request) -> Answer:
    return STATE_UNSUITABLE.refusal(409, "state", state=request.state)


def _move(request: Request, state: RequestState, **changes: Any) -> Request:
    return request.model_copy(update={"state": state, **changes})


def _release_person(states: States, request: Request) -> tuple[Person, ...]:
    """The request is no longer unfinished business of its person."""
    person = states.get(Person, request.person_id)
    return (without_unfinished(person, request),) if person else ()


def _announce(request: Request, fact: Fact | None, *others: Person) -> Decision:
    return Decision(
        states=(request, *others),
        events=((request, fact),) if fact else (),
        answer=Answer(200, {"request_id": request.id, "state": request.state.value}),
    )
