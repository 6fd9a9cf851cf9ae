"""应急: where the measures of an emergency are on; proposing, confirming, ending; what was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from services.intake.api.requests import list_levels, name_approver
from services.intake.decide.emergencies import STATES
from services.intake.emergencies.messages import (
    EMERGENCY_CAUSE_MISSING,
    EMERGENCY_PERIOD_WRONG,
    EMERGENCY_UNKNOWN,
)
from services.intake.emergencies.report import count_by_measure
from services.intake.model.emergency import (
    ConfirmEmergency,
    Emergency,
    EndEmergency,
    ProposeEmergency,
)
from services.intake.pages.meetings import list_ticked, try_form
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared import mongo
from shared.calendar import find_day
from shared.contracts.events import EmergencyCause
from shared.contracts.values import Category, Identifier, Value
from shared.ids import make_id
from shared.messaging.decision import Answer
from shared.security import STAFF, Credential, Role
from shared.towns import load_towns
from shared.web.access import Denied, allow, find_scope
from shared.web.forms import Form, list_problems, make_form_key, read_form
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
EMERGENCIES_PATH = "/emergencies"
EMERGENCY_PATH = "/emergencies/{emergency_id}"
EMERGENCIES_MAX = 100

StaffMember = Annotated[Credential, Depends(allow(*STAFF))]
Approver = Annotated[Credential, Depends(allow(Role.APPROVER_CITY, Role.APPROVER_TOWN))]
CityApprover = Annotated[Credential, Depends(allow(Role.APPROVER_CITY))]

CAUSES: Mapping[EmergencyCause, tuple[str, str]] = {
    "epidemic": ("疫情防控", "epidemic"),
    "typhoon": ("台风", "typhoon"),
    "flood": ("暴雨洪涝", "flood"),
    "fire": ("火灾", "fire"),
    "cold": ("寒潮低温", "cold"),
    "other": ("其他突发情况", "other"),
}


# --- all of them ----------------------------------------------------------------------------------


@router.get(EMERGENCIES_PATH)
async def show_emergencies(
    caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Of every town: measures are public."""
    return await _render_all(request, runtime, caller)


async def _render_all(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    now = await runtime.processor.now()
    rows = await mongo.find(
        runtime.database, Emergency, {}, sort=[("proposed_at", -1)], limit=EMERGENCIES_MAX
    )
    levels = list_levels(caller)
    may_town = runtime.settings.emergency_by_towns and "town" in levels
    return PAGES.render_for(
        request,
        "emergencies.html",
        status=answer.status if answer else 200,
        rows=[describe_emergency(each, now) for each in rows],
        may_propose="city" in levels or may_town,
        towns={code: name for code, name in load_towns().items() if code.startswith(caller.area)},
        categories=tuple(Category),
        causes=CAUSES,
        typed=form or {"starts_on": find_day(now).isoformat()},
        problems=list_problems(answer) if answer else [],
        days_max=runtime.settings.emergency_days_max,
        form_key=make_form_key(),
    )


def describe_emergency(emergency: Emergency, now: datetime) -> dict[str, object]:
    """until: the last day of it."""
    is_on = emergency.is_on(now)
    words = STATES[emergency.state]
    if emergency.state == "declared" and not is_on:
        is_before = now < emergency.starts_at
        words = ("尚未开始", "not begun yet") if is_before else ("已到期", "over")
    return {
        "id": emergency.id,
        "area_codes": emergency.area_codes,
        "categories": emergency.categories,
        "cause": CAUSES[emergency.cause],
        "state": emergency.state,
        "words": ("应急中", "on") if is_on else words,
        "is_on": is_on,
        "may_end": emergency.state == "declared" and now < emergency.ends_at,
        "starts_at": emergency.starts_at,
        "ends_at": emergency.ends_at,
        "lift": emergency.lift,
        "proposed_by": emergency.proposed_by,
        "confirmed_by": emergency.confirmed_by,
        "ended_by": emergency.ended_by,
    }


@router.post(EMERGENCIES_PATH)
async def propose(caller: Approver, request: Request, runtime: IntakeRuntimeDep) -> Response:
    form = await read_form(request)
    emergency_id = make_id("E", caller.principal, form.get("form_key", make_form_key()))

    def build() -> Value:
        cause = next((each for each in CAUSES if each == form.get("cause")), None)
        if cause is None:
            raise EMERGENCY_CAUSE_MISSING.invalid("cause")
        if not (form.get("starts_on") and form.get("until")):
            raise EMERGENCY_PERIOD_WRONG.invalid("until")
        return ProposeEmergency.model_validate(
            {
                "emergency_id": emergency_id,
                "by": caller.principal,
                "levels": list_levels(caller),
                "area": caller.area,
                "area_codes": (*list_ticked(form, "town-"), *form.get("villages", "").split()),
                "categories": list_ticked(form, "category-"),
                "cause": cause,
                "starts_on": form["starts_on"],
                "until": form["until"],
            }
        )

    answer = await try_form(runtime, caller, form, build)
    if answer.status < 400:
        return _redirect(emergency_id)
    return await _render_all(request, runtime, caller, form, answer)


def _redirect(emergency_id: str) -> Response:
    return RedirectResponse(EMERGENCY_PATH.format(emergency_id=emergency_id), status_code=303)


# --- one of them ----------------------------------------------------------------------------------


@router.get(EMERGENCY_PATH)
async def show_emergency(
    emergency_id: Identifier, caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """With what was done under each measure, in the reader's area."""
    return await _render_one(request, runtime, caller, emergency_id)


async def _render_one(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    emergency_id: str,
    answer: Answer | None = None,
) -> Response:
    emergency = await mongo.load(runtime.database, Emergency, emergency_id)
    if emergency is None:
        raise Denied(EMERGENCY_UNKNOWN.refusal(404, "emergency_id"))
    now = await runtime.processor.now()
    lines = []
    if emergency.was_declared:
        lines = await count_by_measure(runtime.database, emergency, find_scope(caller))
    is_city = "city" in list_levels(caller)
    return PAGES.render_for(
        request,
        "emergency.html",
        status=answer.status if answer else 200,
        emergency=describe_emergency(emergency, now),
        lines=lines,
        path=EMERGENCY_PATH.format(emergency_id=emergency.id),
        is_city=is_city,
        is_own=emergency.proposed_by == caller.principal,
        drop=runtime.settings.emergency_level_drop,
        percent=runtime.settings.emergency_percent,
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
    )


@router.post(f"{EMERGENCY_PATH}/declare")
async def declare(
    emergency_id: Identifier, caller: CityApprover, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    data = ConfirmEmergency(
        emergency_id=emergency_id,
        **name_approver(caller),
    )
    return await _act(request, runtime, caller, emergency_id, data)


@router.post(f"{EMERGENCY_PATH}/end")
async def end(
    emergency_id: Identifier, caller: CityApprover, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    data = EndEmergency(
        emergency_id=emergency_id,
        **name_approver(caller),
    )
    return await _act(request, runtime, caller, emergency_id, data)


async def _act(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    emergency_id: str,
    data: Value,
) -> Response:
    answer = await try_form(runtime, caller, await read_form(request), lambda: data)
    if answer.status < 400:
        return _redirect(emergency_id)
    return await _render_one(request, runtime, caller, emergency_id, answer)
