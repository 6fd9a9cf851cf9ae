"""What an approver says of a request: approved, as a whole or in part, returned, or declined."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.intake.approvals.messages import (
    CASE_CHANGED,
    DECLINE_REASONS,
    MEETING_NEEDED,
    MENDER_STRANGE,
    PART_REASON_MISSING,
    PART_REASONS,
    PART_TOO_LARGE,
    RETURN_REASONS,
    list_choices,
)
from services.intake.decide.followers import with_released
from services.intake.decide.openings import add_earlier_money, count_approval
from services.intake.decide.requests import (
    announce,
    find_case,
    find_level,
    make_fact,
    refuse_state,
    release_person,
    with_standing_of,
)
from services.intake.decide.standing import (
    add_vouching,
    find_standing,
    refuse_vouching,
    with_standing,
)
from services.intake.messages import (
    GUARDIAN_ABSENT,
    ITEM_UNKNOWN,
    LEVEL_BY_SUM,
    LEVEL_TOO_LOW,
    MONEY_WITH_ITEM,
    RECORDER_SAME,
    SIGHTING_MISSING,
    SIGHTING_OWN,
)
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    MendRequest,
    PartReason,
    Person,
    Request,
    RequestState,
    ReturnRequest,
    SealedNote,
    Step,
    WaitReason,
    derive_note_record,
)
from services.intake.model.meeting import SendToMeeting
from services.intake.rules import LEVELS, Rules, find_wait_reasons
from shared.contracts.events import ApprovalLevel, RequestDeclined, RequestMended, RequestReturned
from shared.contracts.values import Need, format_yuan
from shared.errors import Message
from shared.messaging.decision import Answer, Command, Decision, States

LEVELS_ZH: Mapping[str, str] = {"village": "村（居）", "town": "镇（街道）", "city": "市"}


# --- approve ----------------------------------------------------------------------------------


def decide_approve(
    rules: Rules, states: States, item: Command[ApproveRequest], now: datetime
) -> Decision:
    """By another than recorded it. Money for a person whom nobody met is not approved."""
    data = item.data
    request = get_approvable(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if data.digest not in ("", request.digest):
        return Decision(answer=CASE_CHANGED.refusal(409))
    if request.needs_guardian:
        return Decision(answer=GUARDIAN_ABSENT.refusal(409, "guardian"))
    if data.approver_id in request.recorders:
        return Decision(answer=RECORDER_SAME.refusal(409))
    if "meeting_due" in request.waits_for:
        return Decision(answer=MEETING_NEEDED.refusal(409))
    if refused := refuse_vouching(rules, data.vouching, now):
        return Decision(answer=refused)
    person = states.get(Person, request.person_id) or Person(id=request.person_id)
    standing = find_standing(rules, person, request.name_id, now)
    standing = add_vouching(standing, data.vouching, data.approver_id, now)
    vouched = with_standing_of(request, standing)
    judged = add_earlier_money(rules, states, vouched, person, now)
    if _is_above(rules, judged, data.levels):
        return _raise_level(rules, request, judged)
    # Names are easily made up by who alone met them: so all at one phone count.
    judged = add_earlier_money(rules, states, vouched, person, now, with_contacts=True)
    if message := find_sighting_problem(rules, judged, data.approver_id):
        return Decision(answer=message.refusal(409, "seen"))
    if data.item:
        named = _name_item(rules, vouched, data.item)
        if isinstance(named, Answer):
            return Decision(answer=named)
        vouched = named
    if refused := refuse_part(vouched, data.quantity, data.part_reason is not None):
        return Decision(answer=refused)
    grant = Grant(data.approver_id, data.quantity, data.part_reason)
    approved = grant_approval(vouched, grant, now)
    counted = count_approval(rules, states, approved, person, now)
    person = with_standing(person, request.name_id, standing)
    return announce(approved, make_fact(approved), person, *counted)


def _find_reasons(rules: Rules, request: Request) -> tuple[WaitReason, ...]:
    return find_wait_reasons(rules, request.kind, request.category, request.need, request.area)


def _is_above(rules: Rules, judged: Request, levels: tuple[ApprovalLevel, ...]) -> bool:
    highest = max((LEVELS.index(level) for level in levels), default=0)
    is_for_meeting = "meeting_due" in _find_reasons(rules, judged)
    return is_for_meeting or LEVELS.index(find_level(rules, judged)) > highest


def _raise_level(rules: Rules, request: Request, judged: Request) -> Decision:
    """By the sum of what the person got lately it is another's to approve, who hears of it; the
    person heard of it before. judged: as `add_earlier_money` has it."""
    level = find_level(rules, judged)
    is_for_meeting = "meeting_due" in _find_reasons(rules, judged)
    reasons: tuple[WaitReason, ...] = ("meeting_due",) if is_for_meeting else ("person_often",)
    waits_for = tuple(dict.fromkeys((*request.waits_for, *reasons)))
    changes = {"approval_level": level, "waits_for": waits_for}
    raised = request.model_copy(update=changes)
    fact = make_fact(raised.model_copy(update={"quiet": True}))
    has_moved = level != request.approval_level and fact is not None
    refusal = LEVEL_BY_SUM.refusal(
        409 if is_for_meeting else 403,
        days=rules.opening_days,
        who_zh="联席会议" if is_for_meeting else f"{LEVELS_ZH[level]}级审批",
        who="the joint meeting" if is_for_meeting else f"an approver of the {level}",
    )
    return Decision((raised,), ((raised, fact),) if has_moved and fact else (), refusal)


@dataclass(frozen=True, slots=True)
class Grant:
    """What is approved. quantity: None is all of it. meeting_id: where a meeting decided."""

    by: str
    quantity: int | None
    reason: PartReason | None
    meeting_id: str = ""


def grant_approval(request: Request, grant: Grant, now: datetime) -> Request:
    """What is open from now on is what was approved of it."""
    whole = request.need.quantity
    quantity = whole if grant.quantity is None else grant.quantity
    is_part = quantity < whole
    step = Step(
        at=now,
        act="part_approved" if is_part else "approved",
        by=grant.by,
        code=grant.reason or "" if is_part else "",
        quantity=quantity,
        meeting_id=grant.meeting_id,
    )
    changes: dict[str, object] = {"state": RequestState.OPEN, "approved_by": grant.by}
    if is_part:
        need = request.need.model_copy(update={"quantity": quantity})
        changes |= {"need": need, "asked_quantity": whole, "part_reason": grant.reason}
    return request.with_step(step, **changes)


def refuse_part(request: Request, quantity: int | None, has_reason: bool) -> Answer | None:
    """None where it is all of it, or a part with a reason."""
    need = request.need
    if quantity is None or quantity == need.quantity:
        return None
    if quantity > need.quantity:
        most = format_quantity_zh(need)
        return PART_TOO_LARGE.refusal(422, "quantity", most_zh=most, most=need.quantity)
    if has_reason:
        return None
    return PART_REASON_MISSING.refusal(422, "part_reason", **list_choices(PART_REASONS))


def format_quantity_zh(need: Need) -> str:
    return f"{format_yuan(need.quantity)}元" if need.is_money else f"{need.quantity}{need.unit}"


def _name_item(rules: Rules, request: Request, item: str) -> Request | Answer:
    """The need in the catalogue's words; or why this is none of them."""
    if request.need.is_money:
        return MONEY_WITH_ITEM.refusal(422, "item")
    reading = rules.catalogue.read(item, request.need.unit)
    if not reading.is_sure:
        return ITEM_UNKNOWN.refusal(422, "item")
    need = request.need.model_copy(update={"item": reading.item, "unit": reading.unit})
    changes = {"need": need, "item_match": "named", "item_reason": reading.reason}
    return request.model_copy(update=changes)


def find_sighting_problem(rules: Rules, request: Request, approver_id: str) -> Message | None:
    """Money is for a person whom somebody met; much money for one whom another met. request: as
    `add_earlier_money` has it."""
    if not request.needs_sighting:
        return None
    is_large = "need_large" in _find_reasons(rules, request)
    if is_large and (request.sighting is None or request.sighting.by == approver_id):
        return SIGHTING_OWN
    return SIGHTING_MISSING if request.sighting is None else None


# --- decline ----------------------------------------------------------------------------------


def decide_decline(states: States, item: Command[DeclineRequest], now: datetime) -> Decision:
    request = get_approvable(states, item.data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    persons = release_person(states, request)
    declined, fact, persons = decline(request, persons, item.data, now)
    return with_released(states, request, announce(declined, fact, *persons))


def decline(
    request: Request,
    persons: tuple[Person, ...],
    data: DeclineRequest,
    now: datetime,
    meeting_id: str = "",
) -> tuple[Request, RequestDeclined, tuple[Person, ...]]:
    """persons: who asks, unless nobody knows him. The note's key is his: it goes when he goes."""
    reason, note = DECLINE_REASONS[data.reason].zh, data.sealed_note
    changes: dict[str, object] = {
        "state": RequestState.DECLINED,
        "approved_by": data.approver_id,
        "reason": reason,
        "reason_code": data.reason,
        "followers": (),
    }
    if note and persons and not persons[0].erased:
        changes["note"] = note.cipher
        persons = (persons[0].with_key(derive_note_record(request.id), note.key),)
    fact = RequestDeclined(person_id=request.person_id, reason=reason, code=data.reason)
    step = Step(
        at=now, act="declined", by=data.approver_id, code=data.reason, meeting_id=meeting_id
    )
    return request.with_step(step, **changes), fact, persons


# --- return and mend --------------------------------------------------------------------------


def decide_return(states: States, item: Command[ReturnRequest], now: datetime) -> Decision:
    """It waits for who can put it right: the person who wrote himself, or who recorded it."""
    data = item.data
    request = get_approvable(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    step = Step(at=now, act="returned", by=data.approver_id, code=data.reason)
    step, persons = attach_note(states, request, step, data.sealed_note)
    returned = request.with_step(
        step, state=RequestState.RETURNED, return_reason=data.reason, meeting_id=""
    )
    fact = RequestReturned(
        person_id=request.person_id,
        code=data.reason,
        reason=RETURN_REASONS[data.reason].zh,
        to_person=request.is_own_word,
        area=request.area.model_copy(update={"cell": None}),
    )
    return announce(returned, fact, *persons)


def decide_mend(
    rules: Rules, states: States, item: Command[MendRequest], now: datetime
) -> Decision:
    """It waits for an approval again, at the level of what is asked for now; it opens for nobody
    by itself, however little is asked for now."""
    data = item.data
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if request.state is not RequestState.RETURNED:
        return Decision(answer=refuse_state(request))
    if data.by and data.by == _find_returner(request):
        return Decision(answer=MENDER_STRANGE.refusal(409))
    need = request.need.model_copy(update={"quantity": data.quantity or request.need.quantity})
    category = data.category or request.category
    step = Step(
        at=now,
        act="corrected",
        by=data.by,
        code=request.return_reason or "",
        quantity=need.quantity,
    )
    step, persons = attach_note(states, request, step, data.sealed_note)
    scope = (request.kind, category, need, request.area)
    stays = [reason for reason in request.waits_for if reason not in _BY_SCOPE]
    reasons = find_wait_reasons(rules, *scope)
    if request.for_meeting and "meeting_due" not in reasons:
        reasons = (*reasons, "meeting_due")
    mended = request.with_step(
        step,
        state=RequestState.RECORDED,
        need=need,
        category=category,
        return_reason=None,
        waits_for=(*reasons, *stays, "was_returned"),
        danger=request.danger or data.danger,
        urgent=request.urgent or data.danger,
    )
    level = find_level(rules, mended)
    mended = mended.model_copy(update={"approval_level": level})
    fact = RequestMended(
        person_id=request.person_id,
        approval_level=level,
        area=request.area.model_copy(update={"cell": None}),
        danger=True if data.danger else None,
    )
    return announce(mended, fact, *persons)


# Those that are found anew.
_BY_SCOPE = frozenset(
    {"town_missing", "need_large", "kind_project", "category_other", "was_returned", "meeting_due"}
)


def _find_returner(request: Request) -> str:
    returns = (step.by for step in reversed(request.steps) if step.act == "returned")
    return next(returns, "")


def attach_note(
    states: States, request: Request, step: Step, note: SealedNote | None
) -> tuple[Step, tuple[Person, ...]]:
    """The note's key is the person's: it goes when he goes."""
    person = states.get(Person, request.person_id) if note else None
    if note is None or person is None or person.erased:
        return step, ()
    noted = step.model_copy(update={"note_record": note.record, "note": note.cipher})
    return noted, (person.with_key(note.record, note.key),)


def get_approvable(
    states: States, data: ApproveRequest | DeclineRequest | ReturnRequest | SendToMeeting
) -> Request | Answer:
    """The request that the approver may decide now, or why he may not."""
    request = find_case(states, data)
    if isinstance(request, Answer):
        return request
    if request.state is not RequestState.RECORDED:
        return refuse_state(request)
    if request.approval_level not in data.levels:
        level = request.approval_level or "city"
        return LEVEL_TOO_LOW.refusal(403, level=level, level_zh=LEVELS_ZH[level])
    return request
