"""Requests: submitted, vouched for, withdrawn. Approving: `approvals.py`."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from services.intake.approvals.messages import PART_REASONS
from services.intake.decide.followers import with_released
from services.intake.decide.identities import list_joined_facts, list_refs
from services.intake.decide.openings import count_opening, list_tally_ids, list_tally_refs
from services.intake.decide.persons import (
    update_named,
    with_request,
    without_unfinished,
)
from services.intake.decide.standing import (
    NOTHING_KNOWN,
    add_recording,
    add_vouching,
    find_standing,
    refuse_vouching,
    with_standing,
)
from services.intake.decide.suggestions import suggest
from services.intake.messages import (
    REQUEST_UNKNOWN,
    STATE_UNSUITABLE,
)
from services.intake.model import (
    WEB_SOURCE,
    OpeningTally,
    Person,
    Request,
    RequestState,
    SealedRequest,
    Standing,
    VouchForPerson,
    WithdrawRequest,
)
from services.intake.model.classification import Classification
from services.intake.model.consent import has_guardian
from services.intake.model.suggestion import NameInPlace
from services.intake.rules import (
    LEVELS,
    Rules,
    describe_wait_reasons,
    find_approval_level,
    find_wait_reasons,
)
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    ApprovalLevel,
    RequestClassified,
    RequestOpened,
    RequestRecorded,
    RequestWithdrawn,
)
from shared.contracts.values import CHINA
from shared.messages import KEY_REUSED
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    State,
    States,
)

Submission = Event[Any] | Command[SealedRequest]
"""The event is of `RequestSubmitted`, its data sealed by `prepare_request`: no fact any more."""

# --- submit -----------------------------------------------------------------------------------


def decide_submission(rules: Rules, states: States, item: Submission, now: datetime) -> Decision:
    """A new need opens or waits for an approval; a known message stays as it is.

    What is known of a person does not count for who typed his name and phone on the public page: by
    what became of it he would learn whom we know.

    Raises Invalid when a known message comes again with other content.
    """
    data: SealedRequest = item.data
    refs = (*list_refs(data.naming), *_list_tallies(rules, data), Ref(NameInPlace, data.place_id))
    states.prefetch(Ref(Request, data.request_id), *refs)
    stored = states.get(Request, data.request_id)
    if stored is not None:
        return _repeat_answer(stored, data)
    named = update_named(states, data)
    person, name_id = named.person, data.naming.name_id
    is_believed = named.is_proven and data.source != WEB_SOURCE
    standing = find_standing(rules, person, name_id, now) if is_believed else NOTHING_KNOWN
    standing = add_recording(rules, standing, data, now)
    if is_believed:
        person = with_standing(person, name_id, standing)
    request = _make_request(person, data, standing, now)
    request, counted = open_or_hold(rules, states, request, person, now)
    suggested = suggest(rules, states, replace(named, person=person), request, data.place_id, now)
    fact = make_fact(request)
    person = with_request(person, request, data.text)
    joined = list_joined_facts(named.before, person)
    changed = (request, person, *named.states)
    return Decision(
        states=(*changed, *counted, *suggested),
        events=(*joined, *(((request, fact),) if fact else ())),
        answer=Answer(201, describe_outcome(request)),
    )


def _list_tallies(rules: Rules, data: SealedRequest) -> tuple[AnyRef, ...]:
    """What is counted where it may open by itself."""
    if find_wait_reasons(rules, data.kind, data.category, data.need, data.area):
        return ()
    return list_tally_refs(list_tally_ids(data, data.naming.earlier_id))


def _repeat_answer(stored: Request, data: SealedRequest) -> Decision:
    if stored.content != data.content:
        raise KEY_REUSED.invalid("idempotency_key")
    return Decision(answer=Answer(201, describe_outcome(stored)))


def _make_request(
    person: Person, data: SealedRequest, standing: Standing, now: datetime
) -> Request:
    """Not open yet, and with the class that counts."""
    return Request(
        id=data.request_id,
        state=RequestState.RECORDED,
        kind=data.kind,
        category=data.category,
        beneficiary_class=standing.beneficiary_class,
        declared_class=data.beneficiary_class,
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
        name_id=data.naming.name_id,
        recorded_by=data.recorded_by,
        sighting=standing.sighting,
        confirmation=standing.confirmation,
        tally_ids=list_tally_ids(data, data.naming.earlier_id),
        household_id=data.household_id,
        item_match=data.item_match,
        item_reason=data.item_reason,
        quiet=data.quiet,
        urgent=data.urgent,
        danger=data.danger,
        bands=data.bands,
        marks=data.marks,
        classified=_make_classification(data, now),
        needs_guardian=_is_child(data, now) and not has_guardian(person.consents, now),
    )


def _make_classification(data: SealedRequest, now: datetime) -> Classification | None:
    """Of a text that somebody read; what a form or a sheet says nobody had to judge."""
    if not data.classified:
        return None
    return Classification(by=data.recorded_by, at=now, was=data.category)


def _is_child(data: SealedRequest, now: datetime) -> bool:
    return data.child_until is not None and now.astimezone(CHINA).date() < data.child_until


def open_or_hold(
    rules: Rules, states: States, request: Request, person: Person, now: datetime
) -> tuple[Request, tuple[OpeningTally, ...]]:
    """Opens it and counts that, or says why it waits and for whom."""
    scope = (request.kind, request.category, request.need, request.area)
    reasons = find_wait_reasons(rules, *scope)
    if request.item_match in ("contained", "unknown"):
        reasons = (*reasons, "item_unclear")
    if request.needs_sighting and request.sighting is None:
        reasons = (*reasons, "person_unseen")
    if request.is_anybodys and request.sighting is None:
        reasons = (*reasons, "phone_unproven")
    if request.for_meeting and "meeting_due" not in reasons:
        reasons = (*reasons, "meeting_due")
    if request.referrals:
        reasons = (*reasons, "policy_answered")
    if request.was_returned:
        reasons = (*reasons, "was_returned")
    if request.needs_guardian:
        reasons = (*reasons, "guardian_missing")
    if not reasons and not request.danger:
        opening = count_opening(rules, states, request, person, now)
        reasons = opening.reasons
        if not reasons:
            return move(request, RequestState.OPEN), opening.tallies
    changes = {"waits_for": reasons, "approval_level": find_level(rules, request)}
    return request.model_copy(update=changes), ()


def find_level(rules: Rules, request: Request) -> ApprovalLevel:
    """Of what waits, for whatever reason: at least the village's. In an emergency it is nearer to
    the person; what the joint meeting decides stays there."""
    scope = (request.kind, request.category, request.need, request.area)
    level = find_approval_level(rules, *scope) or LEVELS[0]
    if request.for_meeting:
        return "city"
    if not request.emergency_ids or "meeting_due" in find_wait_reasons(rules, *scope):
        return level
    return LEVELS[max(0, LEVELS.index(level) - rules.emergency.emergency_level_drop)]


def describe_outcome(request: Request) -> dict[str, object]:
    """What the channel is answered about its message."""
    body: dict[str, object] = {"request_id": request.id, "decision": _describe_decision(request)}
    if request.duplicate_of:
        body["duplicate_of"] = request.duplicate_of
    if request.item_reason or request.item_match == "unknown":
        need = request.need
        body["item"] = {"name": need.item, "unit": need.unit, "reason": request.item_reason}
    if request.approval_level:
        body["approval_level"] = request.approval_level
        body["waits_for"] = describe_wait_reasons(request.wait_reasons)
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
            vouched_by=request.vouched_by,
            name_id=request.name_id or None,
            quiet=True if request.quiet else None,
            asked_quantity=request.asked_quantity,
            part_reason=PART_REASONS[request.part_reason].zh if request.part_reason else None,
        )
    if request.state is RequestState.RECORDED and request.approval_level:
        return RequestRecorded(
            person_id=request.person_id,
            channel=request.channel,
            approval_level=request.approval_level,
            area=request.area.model_copy(update={"cell": None}),
            quiet=True if request.quiet else None,
            danger=True if request.danger else None,
        )
    return None


# --- vouch, withdraw -----------------------------------------------------------------------------


def with_standing_of(request: Request, standing: Standing) -> Request:
    """What is known of the person now; a class of before classes were checked stays."""
    changes: dict[str, object] = {
        "sighting": standing.sighting,
        "confirmation": standing.confirmation,
    }
    if request.is_anybodys and standing.sighting:
        changes["quiet"] = False  # it is known to be his now, and he is told of it
    if request.declared_class or standing.confirmation:
        changes["beneficiary_class"] = standing.beneficiary_class
    return request.model_copy(update=changes)


def decide_vouch(
    rules: Rules, states: States, item: Command[VouchForPerson], now: datetime
) -> Decision:
    """Somebody met the person or checked the class: what waited for that alone opens."""
    data = item.data
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if request.state not in (RequestState.RECORDED, RequestState.OPEN):
        return Decision(answer=refuse_state(request))
    if refused := refuse_vouching(rules, data.vouching, now):
        return Decision(answer=refused)
    person = states.get(Person, request.person_id) or Person(id=request.person_id)
    standing = find_standing(rules, person, request.name_id, now)
    standing = add_vouching(standing, data.vouching, data.by, now)
    person = with_standing(person, request.name_id, standing)
    vouched = with_standing_of(request, standing)
    if request.state is RequestState.OPEN:
        return announce(vouched, _make_classified(vouched), person)
    vouched, counted = open_or_hold(rules, states, vouched, person, now)
    fact = make_fact(vouched) if vouched.state is RequestState.OPEN else None
    return announce(vouched, fact, person, *counted)


def _make_classified(request: Request) -> RequestClassified:
    return RequestClassified(
        person_id=request.person_id,
        beneficiary_class=request.beneficiary_class,
        vouched_by=request.vouched_by,
    )


def decide_withdraw(states: States, item: Command[WithdrawRequest], _now: datetime) -> Decision:
    request = states.get(Request, item.data.request_id)
    if request is None or not _may_withdraw(request, item.data):
        return Decision(answer=REQUEST_UNKNOWN.refusal(404, "request_id"))
    if not request.is_withdrawable:
        return Decision(answer=refuse_state(request))
    withdrawn = move(request, RequestState.WITHDRAWN, followers=())
    fact = RequestWithdrawn(person_id=request.person_id)
    decision = announce(withdrawn, fact, *release_person(states, request))
    return with_released(states, request, decision)


def _may_withdraw(request: Request, data: WithdrawRequest) -> bool:
    owns = not data.source or request.source == data.source
    return owns and is_in_area(request, data.area)


class OfCase(Protocol):
    """A command of staff about one case. area: what of the city they may see."""

    @property
    def request_id(self) -> str: ...

    @property
    def area(self) -> str: ...


def find_case(states: States, data: OfCase) -> Request | Answer:
    """Refused in the same words whether there is none or it is another area's."""
    request = states.get(Request, data.request_id)
    if request is None or not is_in_area(request, data.area):
        return REQUEST_UNKNOWN.refusal(404, "request_id")
    return request


def is_in_area(request: Request, area: str) -> bool:
    return (request.area.village_code or request.area.town_code).startswith(area)


def refuse_state(request: Request) -> Answer:
    return STATE_UNSUITABLE.refusal(409, "state", state=request.state)


def move(request: Request, state: RequestState, **changes: object) -> Request:
    return request.model_copy(update={"state": state, **changes})


def release_person(states: States, request: Request) -> tuple[Person, ...]:
    """The request is no longer unfinished business of its person."""
    person = states.get(Person, request.person_id)
    return (without_unfinished(person, request),) if person else ()


def announce(request: Request, fact: Fact | None, *others: State) -> Decision:
    body: dict[str, object] = {"request_id": request.id, "state": request.state.value}
    if request.state is RequestState.RECORDED:
        body["waits_for"] = describe_wait_reasons(request.wait_reasons)
    return Decision(
        states=(request, *others),
        events=((request, fact),) if fact else (),
        answer=Answer(200, body),
    )
