"""Requests: submitted, approved, declined, withdrawn."""

from datetime import datetime, timedelta
from typing import Any

from services.intake.decide.persons import (
    follow_person,
    person_meant,
    touches_person,
    with_named,
    with_request,
    without_request,
)
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    Person,
    Request,
    RequestState,
    SealedRequest,
    WithdrawRequest,
)
from services.intake.rules import Rules, approval_level
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    RequestDeclined,
    RequestOpened,
    RequestRecorded,
    RequestWithdrawn,
)
from shared.errors import Invalid
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)

Submission = Event[Any] | Command[SealedRequest]
Judgement = Command[ApproveRequest] | Command[DeclineRequest]

WAITING = frozenset({RequestState.RECORDED, RequestState.OPEN})

# --- submit -----------------------------------------------------------------------------------


def touches_submission(item: Submission) -> tuple[AnyRef, ...]:
    return (Ref(Request, item.data.request_id), *touches_person(item.data))


def follow_submission(states: States, item: Submission) -> tuple[AnyRef, ...]:
    return follow_person(states, item.data)


def decide_submission(rules: Rules, states: States, item: Submission, now: datetime) -> Decision:
    """A new need opens, waits for an approval, or is a duplicate; a known message stays as it is.

    Raises Invalid when a known message comes again with other content.
    """
    asked: SealedRequest = item.data
    known = states.get(Request, asked.request_id)
    if known is not None:
        return _same_again(known, asked)
    person_id = person_meant(states, asked)
    person, handles = with_named(states, asked, person_id, asked.source)
    request = _judged(rules, person, asked, now)
    person = with_request(person, request, asked.text)
    fact = fact_of(request)
    return Decision(
        states=(request, person, *handles),
        events=((request, fact),) if fact else (),
        answer=Answer(201, outcome(request)),
    )


def _same_again(known: Request, asked: SealedRequest) -> Decision:
    if known.content != asked.content:
        raise Invalid.of(
            "idempotency_key_reused",
            "同一消息编号曾用于不同内容，请换新的编号",
            "this message id was used for other content: use a new one",
            "idempotency_key",
        )
    return Decision(answer=Answer(201, outcome(known)))


def _judged(rules: Rules, person: Person, asked: SealedRequest, now: datetime) -> Request:
    duplicate_of = _unfinished(rules, person, asked.fingerprint, now)
    level = approval_level(rules, asked.kind, asked.category, asked.need, asked.area)
    opened = RequestState.RECORDED if level else RequestState.OPEN
    return Request(
        id=asked.request_id,
        state=RequestState.DUPLICATE if duplicate_of else opened,
        kind=asked.kind,
        category=asked.category,
        beneficiary_class=asked.beneficiary_class,
        channel=asked.channel,
        need=asked.need,
        area=asked.area,
        person_id=person.id,
        fingerprint=asked.fingerprint,
        source=asked.source,
        content=asked.content,
        recorded_at=now,
        text=asked.text.cipher if asked.text else None,
        collector_id=asked.collector_id,
        approval_level=None if duplicate_of else level,
        duplicate_of=duplicate_of,
    )


def _unfinished(rules: Rules, person: Person, fingerprint: str, now: datetime) -> str | None:
    """The request this one repeats: the same person and need, unfinished and recent."""
    entry = person.unfinished.get(fingerprint)
    if entry is None or now - entry.recorded_at >= timedelta(days=rules.duplicate_days):
        return None
    return entry.request_id


def outcome(request: Request) -> dict[str, Any]:
    """What the channel is told of its message."""
    told: dict[str, Any] = {"request_id": request.id, "decision": _decision(request)}
    if request.duplicate_of:
        told["duplicate_of"] = request.duplicate_of
    if request.approval_level:
        told["approval_level"] = request.approval_level
    return told


def _decision(request: Request) -> str:
    if request.duplicate_of:
        return "duplicate"
    return "waiting_for_approval" if request.approval_level else "opened"


def fact_of(request: Request) -> Fact | None:
    """What the house hears of a request that is new, or newly approved."""
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


def touches_judgement(item: Judgement | Command[WithdrawRequest]) -> tuple[AnyRef, ...]:
    return (Ref(Request, item.data.request_id),)


def follow_judgement(
    states: States, item: Judgement | Command[WithdrawRequest]
) -> tuple[AnyRef, ...]:
    request = states.get(Request, item.data.request_id)
    return (Ref(Person, request.person_id),) if request else ()


def decide_approve(states: States, item: Command[ApproveRequest], _now: datetime) -> Decision:
    request = states.get(Request, item.data.request_id)
    refused = _may_not_judge(request, item.data)
    if refused or request is None:
        return Decision(answer=refused or UNKNOWN)
    opened = _moved(request, RequestState.OPEN, approved_by=item.data.approver_id)
    return _announce(opened, fact_of(opened))


def decide_decline(states: States, item: Command[DeclineRequest], _now: datetime) -> Decision:
    request = states.get(Request, item.data.request_id)
    refused = _may_not_judge(request, item.data)
    if refused or request is None:
        return Decision(answer=refused or UNKNOWN)
    reason = item.data.reason
    declined = _moved(
        request, RequestState.DECLINED, approved_by=item.data.approver_id, reason=reason
    )
    fact = RequestDeclined(person_id=request.person_id, reason=reason)
    return _announce(declined, fact, *_released(states, request))


def decide_withdraw(states: States, item: Command[WithdrawRequest], _now: datetime) -> Decision:
    request = states.get(Request, item.data.request_id)
    asked = item.data
    if request is None or not _is_mine(request, asked):
        return Decision(answer=UNKNOWN)
    if request.state not in WAITING:
        return Decision(answer=_not_in_state(request))
    withdrawn = _moved(request, RequestState.WITHDRAWN)
    fact = RequestWithdrawn(person_id=request.person_id)
    return _announce(withdrawn, fact, *_released(states, request))


UNKNOWN = refusal(404, "unknown_request", "没有这个诉求编号", "no such request", "request_id")


def _may_not_judge(
    request: Request | None, asked: ApproveRequest | DeclineRequest
) -> Answer | None:
    if request is None or not in_area(request, asked.area):
        return UNKNOWN
    if request.state is not RequestState.RECORDED:
        return _not_in_state(request)
    if request.approval_level not in asked.levels:
        return refusal(
            403,
            "level_too_low",
            f"此诉求须由{_LEVEL_ZH[request.approval_level or 'city']}级审批",
            f"this request needs an approver of the {request.approval_level}",
        )
    return None


_LEVEL_ZH = {"village": "村（居）", "town": "镇（街道）", "city": "市"}


def _is_mine(request: Request, asked: WithdrawRequest) -> bool:
    mine = not asked.source or request.source == asked.source
    return mine and in_area(request, asked.area)


def in_area(request: Request, area: str) -> bool:
    return (request.area.village_code or request.area.town_code).startswith(area)


def _not_in_state(request: Request) -> Answer:
    return refusal(
        409,
        "not_in_state",
        f"诉求当前状态为 {request.state}，不能进行此操作",
        f"the request is {request.state}: this cannot be done now",
        "state",
    )


def _moved(request: Request, state: RequestState, **changes: Any) -> Request:
    return request.model_copy(update={"state": state, **changes})


def _released(states: States, request: Request) -> tuple[Person, ...]:
    person = states.get(Person, request.person_id)
    return (without_request(person, request),) if person else ()


def _announce(request: Request, fact: Fact | None, *others: Person) -> Decision:
    return Decision(
        states=(request, *others),
        events=((request, fact),) if fact else (),
        answer=Answer(200, {"request_id": request.id, "state": request.state.value}),
    )
