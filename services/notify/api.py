"""HTTP: notices by id and by person, sums, and an unclear notice resolved by a person.

A notice carries no area, so only those who see the whole city may ask.
"""

from typing import Annotated, Literal

from fastapi import Depends, Query
from fastapi.responses import Response

from services.notify import store
from services.notify.decide.announcements import derive_word_notice_id
from services.notify.messages import NOTICE_UNKNOWN, WORDS_UNKNOWN
from services.notify.model import (
    Notice,
    NoticeState,
    ProviderName,
    PutStaffMember,
    RemoveStaffMember,
    ResolveNotice,
)
from services.notify.previews import (
    Preview,
    PreviewLine,
    build_preview,
    find_example_number,
    list_lines,
)
from services.notify.purposes import WORD_PURPOSES
from services.notify.rates import DAYS_MAX, Rate
from services.notify.registrations import Registration, list_registrations
from services.notify.resources import NotifyRuntimeDep
from services.notify.searches import Day, Search, search_notices
from services.notify.templates import TEMPLATES
from services.notify.views import NoticeView, Summary, build_view
from services.notify.wordings import Wording, find_template
from shared import mongo
from shared.contracts.values import Identifier, Value
from shared.scope import Scope
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to, respond

router = Router(tags=["notices"])

READER = Depends(
    allow(Role.OPERATOR, Role.AUDITOR, Role.APPROVER_CITY, Role.SERVICE, whole_city=True)
)
Supporter = Depends(allow(Role.SUPPORT))
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]


class Resolution(Value):
    """verdict: what became of it, or `resend`. provider_message_id: from the provider's console,
    so that a receipt finds the notice."""

    verdict: Literal["sent", "failed", "resend"]
    provider_message_id: Identifier | None = None


@router.get("/notices/{notice_id}", response_model=NoticeView, dependencies=[READER])
async def get_notice(notice_id: str, runtime: RuntimeDep) -> object:
    notice = await mongo.load(runtime.database, Notice, notice_id)
    if notice is None:
        return respond(NOTICE_UNKNOWN.refusal(404))
    return build_view(notice)


@router.get("/notices", dependencies=[READER])
async def list_notices(
    runtime: RuntimeDep,
    person_id: Identifier | None = None,
    state: NoticeState | None = None,
    case: Identifier | None = None,
    purpose: Identifier | None = None,
    day: Day | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[NoticeView]:
    """Newest first. case: a request's number, with what its matches called for, or the six signs
    that its notices carry; day: in China."""
    purposes = (purpose,) if purpose else ()
    search = Search(about=case or "", person_id=person_id, state=state, purposes=purposes, day=day)
    now = await runtime.processor.now()
    notices = await search_notices(runtime.database, search, Scope(), now, limit)
    return [build_view(notice) for notice in notices]


class WordNotice(Value):
    """What became of the SMS with the code. code: why it could not be sent."""

    word_id: Identifier
    state: NoticeState
    code: str


@router.get("/words/{word_id}/notice", response_model=WordNotice, dependencies=[Supporter])
async def get_word_notice(word_id: Identifier, runtime: RuntimeDep) -> object:
    ids = [derive_word_notice_id(word_id, purpose) for purpose in WORD_PURPOSES]
    notices = await mongo.find(runtime.database, Notice, {"_id": {"$in": ids}}, limit=1)
    if not notices:
        return respond(NOTICE_UNKNOWN.refusal(404))
    return WordNotice(word_id=word_id, state=notices[0].state, code=notices[0].code)


# --- what notices say -----------------------------------------------------------------------------


@router.get("/wordings", response_model=list[PreviewLine], dependencies=[READER])
async def list_wordings(runtime: NotifyRuntimeDep) -> object:
    """Each notice, and what it costs as an SMS, as it is sent now."""
    stored = {each.id: each for each in await mongo.find(runtime.database, Wording, {})}
    templates = ((name, find_template(name, stored.get(name))) for name in TEMPLATES)
    return list_lines(templates, runtime.settings.sms_sign_name, runtime.settings.sms_price_fen)


@router.get("/wordings/{purpose}/preview", response_model=Preview, dependencies=[READER])
async def preview_notice(purpose: Identifier, runtime: NotifyRuntimeDep) -> object:
    """As it is sent now, with an example's values; its length and price."""
    if purpose not in TEMPLATES:
        return respond(WORDS_UNKNOWN.refusal(404))
    template = find_template(purpose, await mongo.load(runtime.database, Wording, purpose))
    settings = runtime.settings
    number = find_example_number(settings.station_numbers)
    return build_preview(template, settings.sms_sign_name, settings.sms_price_fen, number)


@router.get("/templates/{provider}", response_model=list[Registration], dependencies=[READER])
async def list_templates(provider: ProviderName, runtime: NotifyRuntimeDep) -> object:
    """What is to be registered with it, and under which id each notice is sent now."""
    resources = runtime.resources
    await resources.words.refresh(runtime.database)
    templates = {name: resources.words.get(name) for name in TEMPLATES}
    ids = resources.template_ids[provider]
    return list(list_registrations(provider, templates, ids, resources.sign_name))


# --- staff ----------------------------------------------------------------------------------------


@router.get("/staff")
async def list_staff(caller: Operator, runtime: RuntimeDep) -> dict[str, object]:  # noqa: ARG001
    """Who is told what waits for him: staff numbers and duties, no name and no number."""
    members = await store.find_members(runtime.database)
    return {"staff": [member.to_json() for member in members]}


@router.post("/staff")
async def put_member(
    member: PutStaffMember, caller: Operator, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """person_id: as intake's `POST /parties` answered it. What was said of him is replaced."""
    return await answer_to(runtime, caller, member, key)


@router.post("/staff/{holder}/remove")
async def remove_member(
    holder: Identifier, caller: Operator, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """He is told nothing more."""
    return await answer_to(runtime, caller, RemoveStaffMember(holder=holder), key)


@router.get("/rates", dependencies=[READER])
async def list_rates(
    runtime: NotifyRuntimeDep, days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 30
) -> list[Rate]:
    """By provider and purpose: what became of the calls, and what they cost."""
    settings, now = runtime.settings, await runtime.processor.now()
    return await runtime.resources.rates.find(
        runtime.database, days, now, settings.sms_sign_name, settings.sms_price_fen
    )


@router.get("/summary", dependencies=[READER])
async def get_summary(runtime: RuntimeDep) -> Summary:
    sums = await store.count_notices(runtime.database)
    tasks = await store.count_tasks(runtime.database, Scope())
    return Summary.model_validate({**sums, "calls": tasks["open"]})


@router.post("/notices/{notice_id}/resolve")
async def resolve_notice(
    notice_id: Identifier,
    resolution: Resolution,
    operator: Operator,
    runtime: RuntimeDep,
    idempotency_key: IdempotencyKey,
) -> Response:
    data = ResolveNotice(
        notice_id=notice_id,
        verdict=resolution.verdict,
        provider_message_id=resolution.provider_message_id,
    )
    return await answer_to(runtime, operator, data, idempotency_key)
