"""Staff's page of one match: it was handed over, it arrived (with what was seen), it did not."""

from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.responses import Response

from services.matching.api.callers import HandingCaller, WitnessingCaller
from services.matching.messages import CONFIRMER_SAME, MATCH_UNKNOWN
from services.matching.model.labels import (
    EVIDENCE_LABELS,
    REOPEN_REASONS,
    index_reasons,
    name_state,
)
from services.matching.model.match import (
    ConfirmMatch,
    DeliverMatch,
    Match,
    MatchCommand,
    ReopenMatch,
    ScheduleMatch,
    Witness,
)
from services.matching.pages.partner import PARTNER_PATH
from services.matching.resources import MatchingRuntimeDep
from services.matching.witnesses import find_barred
from shared import mongo
from shared.answers import Answer
from shared.contracts.values import Identifier
from shared.partner_ids import is_partner
from shared.runtime import Runtime
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import Denied, RuntimeDep, find_scope
from shared.web.forms import Form, answer_form, list_problems, make_form_key, read_form
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.matching")
HANDOVER_PATH = "/matching/handover/{match_id}"
EVIDENCE: Mapping[str, tuple[str, str]] = {
    code: (label, code) for code, label in EVIDENCE_LABELS.items()
}
DONE: Mapping[str, tuple[str, str]] = {
    "schedule": (
        "已记下送达日期，会通知对方，前一天再提醒",
        "noted: he is told",
    ),
    "deliver": ("已记为送达，等待确认收到", "handed over: it waits to be confirmed"),
    "confirm": ("已确认收到", "it arrived"),
    "reopen": ("已记为没有收到，将重新安排", "it did not arrive: it is arranged anew"),
}


@router.get(HANDOVER_PATH)
async def show_handover(
    match_id: Identifier,
    caller: HandingCaller,
    request: Request,
    runtime: RuntimeDep,
    done: str = "",
) -> Response:
    match = await _load(runtime, find_scope(caller), match_id)
    return await _render(request, runtime, caller, match, done=DONE.get(done))


@router.post(f"{HANDOVER_PATH}/schedule")
async def submit_coming_day(
    match_id: Identifier, caller: HandingCaller, request: Request, runtime: RuntimeDep
) -> Response:
    def build(form: Form) -> MatchCommand:
        fields = {
            "match_id": match_id,
            "scope": find_scope(caller),
            "comes_on": form.get("comes_on", ""),
        }
        return ScheduleMatch.model_validate(fields)

    return await _act(request, runtime, caller, match_id, "schedule", build)


@router.post(f"{HANDOVER_PATH}/deliver")
async def deliver(
    match_id: Identifier, caller: HandingCaller, request: Request, runtime: RuntimeDep
) -> Response:
    def build(_form: Form) -> MatchCommand:
        return DeliverMatch(match_id=match_id, scope=find_scope(caller))

    return await _act(request, runtime, caller, match_id, "deliver", build)


@router.post(f"{HANDOVER_PATH}/confirm")
async def submit_confirmation(
    match_id: Identifier, caller: WitnessingCaller, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    """For a person who cannot say so himself, with what was seen."""
    if await find_barred(runtime, caller, [match_id]):
        match = await _load(runtime, find_scope(caller), match_id)
        refused, form = CONFIRMER_SAME.refusal(409), await read_form(request)
        return await _render(
            request, runtime, caller, match, act="confirm", form=form, answer=refused
        )

    def build(form: Form) -> MatchCommand:
        seen = {"evidence": form.get("evidence"), "note": form.get("note", "")}
        witness = Witness.model_validate(seen) if "evidence" in form else None
        scope = find_scope(caller)
        return ConfirmMatch(match_id=match_id, scope=scope, by_staff=True, witness=witness)

    return await _act(request, runtime, caller, match_id, "confirm", build)


@router.post(f"{HANDOVER_PATH}/reopen")
async def submit_reopening(
    match_id: Identifier, caller: WitnessingCaller, request: Request, runtime: RuntimeDep
) -> Response:
    def build(form: Form) -> MatchCommand:
        fields = {"match_id": match_id, "scope": find_scope(caller), "reason": form.get("reason")}
        return ReopenMatch.model_validate(fields)

    return await _act(request, runtime, caller, match_id, "reopen", build)


async def _act(
    request: Request,
    runtime: Runtime,
    caller: Credential,
    match_id: str,
    act: str,
    build: Callable[[Form], MatchCommand],
) -> Response:
    async def show(form: Form, answer: Answer) -> Response:
        match = await _load(runtime, find_scope(caller), match_id)
        return await _render(request, runtime, caller, match, act=act, form=form, answer=answer)

    done = f"{HANDOVER_PATH.format(match_id=match_id)}?done={act}"
    return await answer_form(request, runtime, caller, done, build, show)


async def _load(runtime: Runtime, scope: Scope, match_id: str) -> Match:
    """Raises Denied."""
    match = await mongo.load(runtime.database, Match, match_id)
    if match is None or not match.is_seen(scope):
        raise Denied(MATCH_UNKNOWN.refusal(404))
    return match


async def _render(
    request: Request,
    runtime: Runtime,
    caller: Credential,
    match: Match,
    *,
    done: tuple[str, str] | None = None,
    act: str = "",
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    """act, form, answer: what was refused, to be shown where it was typed."""
    return PAGES.render_for(
        request,
        "handover.html",
        status=answer.status if answer else 200,
        match=match,
        state=name_state(match.state),
        path=HANDOVER_PATH.format(match_id=match.id),
        case_path="" if is_partner(caller) else f"/cases/{match.request_id}",
        offers_path=PARTNER_PATH,
        done=done,
        act=act,
        typed=form or {},
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
        evidence=EVIDENCE,
        reasons=index_reasons(REOPEN_REASONS),
        may_deliver=match.state == "committed",
        may_confirm=match.state == "delivered" and not is_partner(caller),
        may_reopen=match.may_reopen(await runtime.processor.now()) and not is_partner(caller),
    )
