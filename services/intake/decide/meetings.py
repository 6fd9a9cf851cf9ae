"""Joint meetings: convened, opened, ruled, signed by two; then each ruling is carried out."""

from dataclasses import replace
from datetime import datetime

from services.intake.approvals.messages import (
    CASE_CHANGED,
    MEETING_CASE_TAKEN,
    MEETING_CASE_UNKNOWN,
    MEETING_CHAIR_ELSEWHERE,
    MEETING_CHANGED,
    MEETING_DATE_WRONG,
    MEETING_PEOPLE_SAME,
    MEETING_QUORUM,
    MEETING_ROLE,
    MEETING_STATE,
    MEETING_UNDECIDED,
    MEETING_UNKNOWN,
    PART_REASONS,
    VERDICT_REASON_MISSING,
)
from services.intake.decide.approvals import (
    Grant,
    attach_note,
    decline,
    find_sighting_problem,
    get_approvable,
    grant_approval,
    refuse_part,
)
from services.intake.decide.followers import with_released
from services.intake.decide.meeting_facts import (
    list_signed,
    make_cancelled,
    make_closed,
    make_convened,
)
from services.intake.decide.openings import add_earlier_money, count_approval
from services.intake.decide.requests import announce, is_in_area, make_fact, release_person
from services.intake.messages import RECORDER_SAME
from services.intake.model import (
    DeclineRequest,
    Person,
    Request,
    RequestState,
    SealedNote,
    Step,
    WaitReason,
)
from services.intake.model.meeting import (
    AgendaItem,
    CancelMeeting,
    CarryOutRuling,
    ConveneMeeting,
    Meeting,
    MeetingState,
    OpenMeeting,
    Outcome,
    RuleOnCase,
    Ruling,
    SendToMeeting,
    SignMeeting,
)
from services.intake.rules import Rules
from shared.contracts.events import MeetingOpened
from shared.contracts.values import CHINA
from shared.messaging.decision import NOTHING, Answer, Command, Decision, States

_STATES_ZH: dict[MeetingState, str] = {
    "planned": "待召开",
    "sitting": "进行中",
    "closed": "已闭会",
    "cancelled": "已取消",
}


# --- the agenda -------------------------------------------------------------------------------


def decide_send(states: States, item: Command[SendToMeeting], now: datetime) -> Decision:
    """What is too hard for its level waits for a meeting of the city."""
    data = item.data
    request = get_approvable(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    step = Step(at=now, act="sent_to_meeting", by=data.approver_id)
    step, persons = attach_note(states, request, step, data.sealed_note)
    due: tuple[WaitReason, ...] = ("meeting_due",)
    reasons = tuple(dict.fromkeys((*request.waits_for, *due)))
    sent = request.with_step(step, for_meeting=True, waits_for=reasons, approval_level="city")
    return announce(sent, None, *persons)


def decide_convene(states: States, item: Command[ConveneMeeting], now: datetime) -> Decision:
    data = item.data
    if data.chair == data.recorder:
        return Decision(answer=MEETING_PEOPLE_SAME.refusal(422, "recorder"))
    if data.on < now.astimezone(CHINA).date():
        return Decision(answer=MEETING_DATE_WRONG.refusal(422, "on"))
    if existing := states.get(Meeting, data.meeting_id):
        return Decision(answer=_refuse_state(existing))
    ids = tuple(dict.fromkeys(data.request_ids))
    requests = states.get_many(Request, ids)
    for id_ in ids:
        request = requests.get(id_)
        if request is None or not _is_waiting(request) or not _is_within(request, data):
            return Decision(answer=MEETING_CASE_TAKEN.refusal(409, "request_ids", id=id_))
        if not is_in_area(request, data.chair_area):
            return Decision(answer=MEETING_CHAIR_ELSEWHERE.refusal(422, "chair", id=data.chair))
    meeting = Meeting(
        id=data.meeting_id,
        state="planned",
        town_code=data.town_code,
        on=data.on.isoformat(),
        chair=data.chair,
        recorder=data.recorder,
        members=tuple(dict.fromkeys((data.chair, data.recorder, *data.members))),
        items=tuple(AgendaItem(request_id=id_) for id_ in ids),
        convened_by=data.by,
        convened_at=now,
    )
    cases = [requests[id_].model_copy(update={"meeting_id": meeting.id}) for id_ in ids]
    return Decision(
        (meeting, *cases), ((meeting, make_convened(meeting)),), _build_answer(meeting, 201)
    )


def _is_waiting(request: Request) -> bool:
    is_due = request.state is RequestState.RECORDED and "meeting_due" in request.waits_for
    return is_due and not request.meeting_id


def _is_within(request: Request, data: ConveneMeeting) -> bool:
    return is_in_area(request, data.area) and is_in_area(request, data.town_code)


def decide_cancel(states: States, item: Command[CancelMeeting], _now: datetime) -> Decision:
    """Before it is closed: its cases wait for another, and what was ruled has no effect. A sitting
    whose leaders have left is ended by two of those whom they left."""
    data = item.data
    meeting = _get_meeting(states, data.meeting_id, data.by, "planned", "sitting")
    if isinstance(meeting, Answer):
        return Decision(answer=meeting)
    if not meeting.may_cancel(data.by, data.levels):
        who_zh, who = (
            "召集人、主持人、记录人，或两位成员（其中一位负责市级审批）",
            "convener, chair, recorder, or two members, one of whom approves for the city",
        )
        return Decision(answer=_refuse_role(who_zh, who))
    if data.by not in meeting.leaders and not meeting.ending_by:
        proposed = meeting.model_copy(update={"ending_by": data.by})
        return Decision((proposed,), answer=_build_answer(proposed, 202))
    cancelled = meeting.model_copy(update={"state": "cancelled"})
    freed = _free(states, meeting, [each.request_id for each in meeting.items])
    fact = make_cancelled(meeting, data.by)
    return Decision((cancelled, *freed), ((cancelled, fact),), _build_answer(cancelled))


def _free(states: States, meeting: Meeting, request_ids: list[str]) -> list[Request]:
    return [
        request.model_copy(update={"meeting_id": ""})
        for request in states.get_many(Request, request_ids).values()
        if request.meeting_id == meeting.id
    ]


# --- the sitting ------------------------------------------------------------------------------


def decide_open(
    rules: Rules, states: States, item: Command[OpenMeeting], now: datetime
) -> Decision:
    """By the chair, who says who is there."""
    data = item.data
    meeting = _get_meeting(states, data.meeting_id, data.by, "planned")
    if isinstance(meeting, Answer):
        return Decision(answer=meeting)
    if data.by != meeting.chair:
        return Decision(answer=_refuse_role("主持人", "chair"))
    present = tuple(each for each in meeting.members if each in data.present)
    if len(present) < rules.meeting_quorum or not {meeting.chair, meeting.recorder} <= set(present):
        return Decision(answer=MEETING_QUORUM.refusal(422, "present", least=rules.meeting_quorum))
    changes = {"state": "sitting", "opened_by": data.by, "opened_at": now, "present": present}
    opened = meeting.model_copy(update=changes)
    fact = MeetingOpened(opened_by=data.by, present_ids=present)
    return Decision((opened,), ((opened, fact),), _build_answer(opened))


def decide_ruling(
    rules: Rules, states: States, item: Command[RuleOnCase], now: datetime
) -> Decision:
    """Chair or recorder enters it. A signature that was given for other rulings is gone."""
    data = item.data
    meeting = _get_meeting(states, data.meeting_id, data.by, "sitting")
    if isinstance(meeting, Answer):
        return Decision(answer=meeting)
    if data.by not in (meeting.chair, meeting.recorder):
        return Decision(answer=_refuse_role("主持人或记录人", "chair or recorder"))
    agenda_item = meeting.find_item(data.request_id)
    request = states.get(Request, data.request_id)
    if agenda_item is None or request is None:
        return Decision(answer=MEETING_CASE_UNKNOWN.refusal(404, "request_id"))
    if request.state is not RequestState.RECORDED or request.meeting_id != meeting.id:
        return Decision(answer=MEETING_CASE_TAKEN.refusal(409, "request_id", id=data.request_id))
    judged = add_earlier_money(rules, states, request, _get_person(states, request), now)
    if refused := _refuse_ruling(rules, meeting, request, judged, data):
        return Decision(answer=refused)
    ruling = _make_ruling(request, data, now)
    note, persons = _attach(states, request, data.sealed_note)
    ruled = meeting.with_item(
        agenda_item.model_copy(update={"ruling": ruling.model_copy(update=note)})
    )
    ruled = ruled.model_copy(update={"signed_by": ""})
    return Decision((ruled, *persons), answer=_build_answer(ruled))


def _get_person(states: States, request: Request) -> Person:
    return states.get(Person, request.person_id) or Person(id=request.person_id)


def _refuse_ruling(
    rules: Rules, meeting: Meeting, request: Request, judged: Request, data: RuleOnCase
) -> Answer | None:
    """What one approver may not do, a meeting may not either. judged: with earlier money."""
    if data.digest not in ("", request.digest):
        return CASE_CHANGED.refusal(409)
    if data.verdict == "decline" and data.decline_reason is None:
        return VERDICT_REASON_MISSING.refusal(422, "decline_reason")
    if data.verdict != "approve":
        return None
    if request.recorders & {meeting.chair, meeting.recorder}:
        return RECORDER_SAME.refusal(409)
    if message := find_sighting_problem(rules, judged, meeting.chair):
        return message.refusal(409, "verdict")
    return refuse_part(request, data.quantity, data.part_reason is not None)


def _make_ruling(request: Request, data: RuleOnCase, now: datetime) -> Ruling:
    if data.verdict == "approve":
        quantity = data.quantity or request.need.quantity
        part = data.part_reason or "" if quantity < request.need.quantity else ""
        fields: dict[str, object] = {"quantity": quantity, "code": part}
    else:
        fields = {"code": data.decline_reason or "" if data.verdict == "decline" else ""}
    common = {"verdict": data.verdict, "by": data.by, "at": now, "case": request.digest}
    return Ruling.model_validate(common | fields)


def _attach(
    states: States, request: Request, note: SealedNote | None
) -> tuple[dict[str, object], tuple[Person, ...]]:
    """The minute's key is the person's: it goes when he goes."""
    person = states.get(Person, request.person_id) if note else None
    if note is None or person is None or person.erased:
        return {}, ()
    keyed = person.with_key(note.record, note.key)
    return {"note_record": note.record, "note": note.cipher}, (keyed,)


# --- closing ----------------------------------------------------------------------------------


def decide_sign(states: States, item: Command[SignMeeting], now: datetime) -> Decision:
    """Chair and recorder, each for the rulings that he read; the second closes it."""
    data = item.data
    meeting = _get_meeting(states, data.meeting_id, data.by, "sitting")
    if isinstance(meeting, Answer):
        return Decision(answer=meeting)
    is_chair = data.by == meeting.chair and "city" in data.levels
    if not is_chair and data.by != meeting.recorder:
        return Decision(answer=_refuse_role("主持人或记录人", "chair or recorder"))
    meeting, freed = _let_lapse(states, meeting)
    if meeting.undecided:
        return Decision(answer=MEETING_UNDECIDED.refusal(409, count=meeting.undecided))
    if data.digest != meeting.digest:
        return Decision(answer=MEETING_CHANGED.refusal(409))
    if meeting.signed_by in ("", data.by):
        signed = meeting.model_copy(update={"signed_by": data.by})
        return Decision(
            (signed, *freed), tuple(list_signed(meeting, signed)), _build_answer(signed)
        )
    due_at = now if any(meeting.list_pending()) else None
    changes = {"state": "closed", "closed_at": now, "due_at": due_at}
    closed = meeting.model_copy(update=changes)
    return Decision((closed, *freed), ((closed, make_closed(closed)),), _build_answer(closed))


def _let_lapse(states: States, meeting: Meeting) -> tuple[Meeting, list[Request]]:
    """What nobody ruled on and what waits no more: withdrawn, say, or returned meanwhile."""
    open_ids = [each.request_id for each in meeting.items if each.ruling is None]
    requests = states.get_many(Request, open_ids)
    settled_ids = [
        id_
        for id_ in open_ids
        if (request := requests.get(id_)) is None
        or request.meeting_id != meeting.id
        or request.state is not RequestState.RECORDED
    ]
    for item in [each for each in meeting.items if each.request_id in settled_ids]:
        meeting = meeting.with_item(item.model_copy(update={"outcome": "lapsed"}))
    return meeting, _free(states, meeting, settled_ids)


def decide_carry_out(
    rules: Rules, states: States, item: Command[CarryOutRuling], now: datetime
) -> Decision:
    """Once for each case. What changed since the sitting is not overruled: it waits anew."""
    data = item.data
    meeting = states.get(Meeting, data.aggregate_id)
    if meeting is None or meeting.due_at != data.due_at:
        return NOTHING
    agenda_item = meeting.find_item(data.request_id)
    if agenda_item is None or agenda_item.ruling is None or agenda_item.outcome:
        return NOTHING
    request = states.require(Request, data.request_id)
    if request.meeting_id != meeting.id or request.state is not RequestState.RECORDED:
        freed = _free(states, meeting, [request.id])
        return Decision((_finish(meeting, agenda_item, "lapsed"), *freed))
    decision, outcome = _carry_out(rules, states, meeting, request, agenda_item.ruling, now)
    return replace(decision, states=(*decision.states, _finish(meeting, agenda_item, outcome)))


def _finish(meeting: Meeting, item: AgendaItem, outcome: Outcome) -> Meeting:
    meeting = meeting.with_item(item.model_copy(update={"outcome": outcome}))
    is_over = not any(meeting.list_pending())
    return meeting.model_copy(update={"due_at": None}) if is_over else meeting


def _carry_out(
    rules: Rules, states: States, meeting: Meeting, request: Request, ruling: Ruling, now: datetime
) -> tuple[Decision, Outcome]:
    match ruling.verdict:
        case "approve":
            return _approve(rules, states, (meeting, ruling), request, now)
        case "decline":
            return _decline(states, meeting, request, ruling, now), "done"
        case "adjourn":
            step = Step(at=now, act="adjourned", by=meeting.chair, meeting_id=meeting.id)
            return Decision((request.with_step(step, meeting_id=""),)), "done"


def _approve(
    rules: Rules, states: States, sitting: tuple[Meeting, Ruling], request: Request, now: datetime
) -> tuple[Decision, Outcome]:
    meeting, ruling = sitting
    quantity = ruling.quantity or request.need.quantity
    is_other = ruling.case not in ("", request.digest)
    is_changed = is_other or refuse_part(request, quantity, bool(ruling.code)) is not None
    person = _get_person(states, request)
    judged = add_earlier_money(rules, states, request, person, now)
    lacks = request.needs_guardian or find_sighting_problem(rules, judged, meeting.chair)
    if is_changed or lacks:
        return Decision((request.model_copy(update={"meeting_id": ""}),)), "refused"
    reason = next((each for each in PART_REASONS if each == ruling.code), None)
    approved = grant_approval(request, Grant(meeting.chair, quantity, reason, meeting.id), now)
    counted = count_approval(rules, states, approved, person, now)
    return replace(announce(approved, make_fact(approved), *counted), answer=None), "done"


def _decline(
    states: States, meeting: Meeting, request: Request, ruling: Ruling, now: datetime
) -> Decision:
    data = DeclineRequest.model_validate(
        {
            "request_id": request.id,
            "levels": (),
            "approver_id": meeting.chair,
            "reason": ruling.code,
        }
    )
    persons = release_person(states, request)
    declined, fact, persons = decline(request, persons, data, now, meeting.id)
    decision = with_released(states, request, announce(declined, fact, *persons))
    return replace(decision, answer=None)


def _get_meeting(states: States, id_: str, by: str, *among: MeetingState) -> Meeting | Answer:
    """In one of these states, for who is involved."""
    meeting = states.get(Meeting, id_)
    if meeting is None or by not in meeting.involved:
        return MEETING_UNKNOWN.refusal(404, "meeting_id")
    if meeting.state not in among:
        return _refuse_state(meeting)
    return meeting


def _refuse_state(meeting: Meeting) -> Answer:
    return MEETING_STATE.refusal(409, "state", state=_STATES_ZH[meeting.state])


def _refuse_role(who_zh: str, who: str) -> Answer:
    return MEETING_ROLE.refusal(403, who_zh=who_zh, who=who)


def _build_answer(meeting: Meeting, status: int = 200) -> Answer:
    return Answer(status, {"meeting_id": meeting.id, "state": meeting.state})
