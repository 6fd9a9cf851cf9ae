"""Other good endings: a statutory policy first, the public budget, other means with proof."""

from datetime import datetime, timedelta

from services.intake.approvals.messages import (
    ANSWER_DAY_WRONG,
    ANSWER_OWN,
    CASE_CHANGED,
    ENDING_MATCHED,
    ENDING_MISSING,
    ENDING_OWN,
    PICTURE_MISSING,
    POLICY_UNKNOWN,
    PROJECT_ALONE,
    PROOF_MISSING,
    REFERENCE_PERSONAL,
    REMAINDER_WRONG,
)
from services.intake.decide.approvals import attach_note
from services.intake.decide.followers import with_released, with_told
from services.intake.decide.requests import (
    announce,
    find_case,
    find_level,
    refuse_state,
    release_person,
)
from services.intake.messages import LEVEL_TOO_LOW, RECORDER_SAME
from services.intake.model import Person, Request, RequestState, Step, WaitReason
from services.intake.model.approval import (
    ApproverCommand,
    Ending,
    EndingWay,
    JudgeEnding,
    RecordReferralAnswer,
    Referral,
    ReferRequest,
    ReportEnding,
    StopBudget,
    TakeBudget,
)
from services.intake.rules import Rules, find_wait_reasons
from shared.calendar import add_working_days
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    RequestBudgeted,
    RequestMended,
    RequestReferred,
    RequestSettled,
    RequestUnbudgeted,
)
from shared.contracts.values import CHINA, Area, Kind
from shared.messaging.decision import Answer, Command, Decision, States
from shared.personal import is_personal_code

ANSWER_DAYS_MAX = 366
_LEVELS_ZH = {"village": "村（居）", "town": "镇（街道）", "city": "市"}


# --- referral ---------------------------------------------------------------------------------


def decide_refer(
    rules: Rules, states: States, item: Command[ReferRequest], now: datetime
) -> Decision:
    """To the policy first: it waits for the department, and goes on to an approval without it."""
    data = item.data
    request = _get(states, data, RequestState.RECORDED)
    if isinstance(request, Answer):
        return Decision(answer=request)
    policy = rules.policies.find(data.policy)
    if policy is None:
        return Decision(answer=POLICY_UNKNOWN.refusal(422, "policy", policy=data.policy))
    today = now.astimezone(CHINA).date()
    answer_on = data.answer_on or add_working_days(today, policy.answer_days)
    if not today < answer_on <= today + timedelta(days=ANSWER_DAYS_MAX):
        return Decision(answer=ANSWER_DAY_WRONG.refusal(422, "answer_on", days=ANSWER_DAYS_MAX))
    referral = Referral(
        policy=policy.code,
        policy_zh=policy.zh,
        policy_en=policy.en,
        department_zh=policy.department_zh,
        department_en=policy.department_en,
        by=data.by,
        at=now,
        answer_on=answer_on.isoformat(),
    )
    step = Step(at=now, act="referred", by=data.by, code=policy.code)
    step, persons = attach_note(states, request, step, data.sealed_note)
    referred = request.with_step(
        step,
        state=RequestState.REFERRED,
        referrals=(*request.referrals, referral),
        meeting_id="",
    )
    fact = RequestReferred(
        person_id=request.person_id,
        policy=policy.code,
        policy_zh=policy.zh,
        department=policy.department_zh,
        answer_on=referral.answer_on,
        area=_name_area(request),
    )
    return announce(referred, fact, *persons)


def decide_answer(
    rules: Rules, states: States, item: Command[RecordReferralAnswer], now: datetime
) -> Decision:
    """Granted: it ends with the policy, by another's word than referred it. Partly, or refused: it
    waits for an approval."""
    data = item.data
    request = _get(states, data, RequestState.REFERRED)
    if isinstance(request, Answer):
        return Decision(answer=request)
    referred_by = request.referrals[-1].by
    if data.outcome == "granted" and data.by == referred_by:
        return Decision(answer=ANSWER_OWN.refusal(409))
    if data.outcome == "granted" and data.sealed_note is None:
        return Decision(answer=PROOF_MISSING.refusal(422, "note"))
    step = Step(at=now, act="answered", by=data.by, code=data.outcome, quantity=data.quantity)
    step, persons = attach_note(states, request, step, data.sealed_note)
    last = request.referrals[-1].model_copy(update={"outcome": data.outcome})
    answered = request.with_step(step, referrals=(*request.referrals[:-1], last))
    if data.outcome == "granted":
        ending = Ending(way="policy", by=referred_by, at=now, confirmed_by=data.by)
        return _close(states, answered, ending, persons)
    need = request.need
    if data.outcome == "partly":
        if data.quantity is None or data.quantity >= need.quantity:
            return Decision(answer=REMAINDER_WRONG.refusal(422, "quantity"))
        need = need.model_copy(update={"quantity": data.quantity})
    waiting = _wait_again(rules, answered.model_copy(update={"need": need}))
    fact = RequestMended(
        person_id=request.person_id,
        approval_level=waiting.approval_level or "town",
        area=_name_area(request),
    )
    return announce(waiting, fact, *persons)


def _wait_again(rules: Rules, request: Request) -> Request:
    """With what is left over, at the level of that."""
    scope = (request.kind, request.category, request.need, request.area)
    answered: tuple[WaitReason, ...] = ("policy_answered",) if request.referrals else ()
    flagged: tuple[WaitReason, ...] = ("meeting_due",) if request.for_meeting else ()
    reasons = tuple(dict.fromkeys((*find_wait_reasons(rules, *scope), *flagged, *answered)))
    level = find_level(rules, request)
    changes = {"state": RequestState.RECORDED, "waits_for": reasons, "approval_level": level}
    return request.model_copy(update=changes)


# --- the public budget, and other means -------------------------------------------------------


def decide_budget(states: States, item: Command[TakeBudget], now: datetime) -> Decision:
    """An approver's yes to a public work, with the public budget's money instead of a donor's."""
    data = item.data
    request = _get(states, data, RequestState.RECORDED, RequestState.OPEN)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if request.kind is not Kind.PROJECT:
        return Decision(answer=PROJECT_ALONE.refusal(409))
    if data.by in request.recorders:
        return Decision(answer=RECORDER_SAME.refusal(409))
    if request.matches:
        return Decision(answer=ENDING_MATCHED.refusal(409))
    if is_personal_code(data.reference):
        return Decision(answer=REFERENCE_PERSONAL.refusal(422, "reference"))
    step = Step(at=now, act="budgeted", by=data.by)
    step, persons = attach_note(states, request, step, data.sealed_note)
    budgeted = request.with_step(
        step,
        state=RequestState.BUDGETED,
        approved_by=request.approved_by or data.by,
        budget_reference=data.reference,
        meeting_id="",
    )
    fact = RequestBudgeted(person_id=request.person_id, area=_name_area(request))
    return announce(budgeted, fact, *persons)


def decide_stop_budget(
    rules: Rules, states: States, item: Command[StopBudget], now: datetime
) -> Decision:
    """The budget does not pay it after all: nobody forgets it, and donors may be asked again."""
    data = item.data
    request = _get(states, data, RequestState.BUDGETED)
    if isinstance(request, Answer):
        return Decision(answer=request)
    step = Step(at=now, act="budget_stopped", by=data.by, code=data.reason)
    step, persons = attach_note(states, request, step, data.sealed_note)
    stopped = request.with_step(step, ending=None, budget_reference="", approved_by=None)
    waiting = _wait_again(rules, stopped)
    fact = RequestUnbudgeted(
        person_id=request.person_id,
        reason=data.reason,
        approval_level=waiting.approval_level or "town",
        area=_name_area(request),
    )
    return announce(waiting, fact, *persons)


def decide_ending_report(states: States, item: Command[ReportEnding], now: datetime) -> Decision:
    """Somebody says that it is done, and by what that is seen. Nothing ends by it yet."""
    data = item.data
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if request.state not in _REPORTABLE[data.way]:
        return Decision(answer=refuse_state(request))
    if request.matches:
        return Decision(answer=ENDING_MATCHED.refusal(409))
    if data.sealed_note is None:
        return Decision(answer=PROOF_MISSING.refusal(422, "note"))
    if is_personal_code(data.reference):
        return Decision(answer=REFERENCE_PERSONAL.refusal(422, "reference"))
    is_shown = bool(data.after_ids) or data.way != "budget"
    if not is_shown or not {*data.before_ids, *data.after_ids} <= {*request.attachments}:
        return Decision(answer=PICTURE_MISSING.refusal(422, "note"))
    step = Step(at=now, act="ending_reported", by=data.by, code=data.way)
    step, persons = attach_note(states, request, step, data.sealed_note)
    ending = Ending(
        way=data.way,
        by=data.by,
        at=now,
        reference=data.reference,
        before_ids=data.before_ids,
        after_ids=data.after_ids,
    )
    return announce(request.with_step(step, ending=ending), None, *persons)


_REPORTABLE: dict[EndingWay, tuple[RequestState, ...]] = {
    "budget": (RequestState.BUDGETED,),
    "other": (RequestState.RECORDED, RequestState.OPEN),
}


def decide_judge_ending(states: States, item: Command[JudgeEnding], now: datetime) -> Decision:
    """The second person's word: it is over, or goes on as it was."""
    data = item.data
    request = _get(states, data, RequestState.BUDGETED, RequestState.RECORDED, RequestState.OPEN)
    if isinstance(request, Answer):
        return Decision(answer=request)
    ending = request.ending
    if ending is None:
        return Decision(answer=ENDING_MISSING.refusal(409))
    if data.digest not in ("", request.digest):
        return Decision(answer=CASE_CHANGED.refusal(409))
    if data.by == ending.by:
        return Decision(answer=ENDING_OWN.refusal(409))
    if request.matches:
        return Decision(answer=ENDING_MATCHED.refusal(409))
    act = "ended" if data.is_right else "ending_refused"
    step = Step.model_validate({"at": now, "act": act, "by": data.by, "code": ending.way})
    step, persons = attach_note(states, request, step, data.sealed_note)
    if not data.is_right:
        return announce(request.with_step(step, ending=None), None, *persons)
    confirmed = ending.model_copy(update={"confirmed_by": data.by})
    return _close(states, request.with_step(step), confirmed, persons)


# --- all of them ------------------------------------------------------------------------------


def _close(states: States, request: Request, ending: Ending, noted: tuple[Person, ...]) -> Decision:
    """noted: the person with the key of a note, if there is one."""
    changes = {"state": RequestState.CLOSED, "ending": ending, "meeting_id": ""}
    if ending.way == "policy":
        changes["followers"] = ()
    closed = request.model_copy(update=changes)
    persons = release_person(states, closed)
    if noted and persons:
        keys = {**persons[0].keys, **noted[0].keys}
        persons = (persons[0].model_copy(update={"keys": keys}),)
    fact: Fact = RequestSettled(
        person_id=request.person_id, way=ending.way, area=_name_area(request)
    )
    decision = announce(closed, fact, *persons)
    if ending.way == "policy":
        # The right of one person: what others asked for is theirs again.
        return with_released(states, request, decision)
    return with_told(states, request, "closed", decision)


def _get(states: States, data: ApproverCommand, *wanted: RequestState) -> Request | Answer:
    """In one of these states, for who approves at its level."""
    request = find_case(states, data)
    if isinstance(request, Answer):
        return request
    if request.state not in wanted:
        return refuse_state(request)
    level = request.approval_level or "village"
    if level not in data.levels:
        return LEVEL_TOO_LOW.refusal(403, level=level, level_zh=_LEVELS_ZH[level])
    return request


def _name_area(request: Request) -> Area:
    return request.area.model_copy(update={"cell": None})
