"""HTTP for campaigns, which the city creates and ends, and emergencies, which intake declares."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from services.matching import views
from services.matching.api.callers import CityCaller, ReadingCaller, StaffCaller
from services.matching.messages import CAMPAIGN_CITYWIDE, CAMPAIGN_UNKNOWN
from services.matching.model.campaign import (
    JOINED_MAX,
    Campaign,
    CampaignTerms,
    CreateCampaign,
    Emergency,
    EndCampaign,
    EndEarlierEmergency,
    JoinDonors,
    JoinRequests,
    ProposeEarlierEnd,
    RefuseEarlierEnd,
)
from services.matching.reports import list_campaign_sheets
from shared import mongo
from shared.contracts.campaigns import (
    CAMPAIGNS_MAX,
    CAMPAIGNS_PATH,
    CampaignDays,
    CampaignList,
)
from shared.contracts.values import Identifier, Value
from shared.messages import AREA_LIMITED
from shared.runtime import Runtime
from shared.security import STAFF, Credential, Role
from shared.towns import town_name
from shared.web.access import (
    Denied,
    IdempotencyKey,
    Router,
    RuntimeDep,
    allow,
    answer_to,
    respond,
)
from shared.web.downloads import attach_report

# --- campaigns ------------------------------------------------------------------------------------

router = Router(tags=["campaigns"])

Ids = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=JOINED_MAX)]
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


class NewCampaign(CampaignTerms):
    campaign_id: Identifier


class JoiningDonors(Value):
    donor_ids: Ids


class JoiningRequests(Value):
    request_ids: Ids


@router.post("/campaigns", status_code=201)
async def create_campaign(
    body: NewCampaign, caller: CityCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    _check_whole_city(caller)
    terms = CampaignTerms.model_validate(body.model_dump(exclude={"campaign_id"}))
    command = CreateCampaign(campaign_id=body.campaign_id, terms=terms)
    return await answer_to(runtime, caller, command, key)


@router.post("/campaigns/{campaign_id}/donors")
async def join_donors(
    campaign_id: Identifier,
    body: JoiningDonors,
    caller: CityCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    _check_whole_city(caller)
    command = JoinDonors(campaign_id=campaign_id, donor_ids=body.donor_ids)
    return await answer_to(runtime, caller, command, key)


@router.post("/campaigns/{campaign_id}/requests")
async def join_requests(
    campaign_id: Identifier,
    body: JoiningRequests,
    caller: CityCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """All or none; beside those that meet its criteria."""
    _check_whole_city(caller)
    command = JoinRequests(campaign_id=campaign_id, request_ids=body.request_ids)
    return await answer_to(runtime, caller, command, key)


@router.post("/campaigns/{campaign_id}/end")
async def end_campaign(
    campaign_id: Identifier, caller: CityCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    _check_whole_city(caller)
    return await answer_to(runtime, caller, EndCampaign(campaign_id=campaign_id), key)


@router.get("/campaigns")
async def read_campaigns(caller: StaffCaller, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    now = await runtime.processor.now()
    return JSONResponse({"campaigns": await views.list_campaigns(runtime.database, now)})


@router.post(CAMPAIGNS_PATH, include_in_schema=False)
async def list_campaign_days(_caller: OwnService, runtime: RuntimeDep) -> CampaignList:
    rows = await views.list_campaigns(runtime.database, await runtime.processor.now())
    fields = CampaignDays.model_fields
    days = [{name: row[name] for name in fields} for row in rows[:CAMPAIGNS_MAX]]
    return CampaignList.model_validate({"campaigns": days})


@router.get("/campaigns/{campaign_id}/report")
async def read_campaign_report(
    campaign_id: Identifier,
    caller: StaffCaller,  # noqa: ARG001
    runtime: RuntimeDep,
) -> Response:
    """Sums of the whole campaign, which belongs to no town; nobody is named in them."""
    campaign = await mongo.load(runtime.database, Campaign, campaign_id)
    if campaign is None:
        return respond(CAMPAIGN_UNKNOWN.refusal(404))
    now = await runtime.processor.now()
    return JSONResponse(await views.build_campaign_report(runtime.database, campaign, now))


@router.get("/campaigns/{campaign_id}/report.xlsx")
async def download_campaign_report(
    campaign_id: Identifier,
    caller: StaffCaller,  # noqa: ARG001
    runtime: RuntimeDep,
) -> Response:
    campaign = await mongo.load(runtime.database, Campaign, campaign_id)
    if campaign is None:
        return respond(CAMPAIGN_UNKNOWN.refusal(404))
    now = await runtime.processor.now()
    report = await views.build_campaign_report(runtime.database, campaign, now)
    return await attach_report(list_campaign_sheets(report), f"guanjia-campaign-{campaign_id}")


def _check_whole_city(caller: Credential) -> None:
    """A campaign has no bounds of area. Raises Denied."""
    if caller.area:
        raise Denied(CAMPAIGN_CITYWIDE.refusal(403))


# --- emergencies ----------------------------------------------------------------------------------

emergency_router = Router(tags=["emergencies"])
INTERNAL = {"due_at", "correlation_id"}
STAFFS = {"declared_by", "ending_by", "ended_by", "reason"}
"""Who did it, and what staff may have written of an earlier one."""


@emergency_router.post("/emergencies/{emergency_id}/ending", status_code=202)
async def propose_end(
    emergency_id: Identifier, caller: CityCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """Of before intake declared them. Those of intake end on its page."""
    return await _decide(runtime, caller, ProposeEarlierEnd(emergency_id=emergency_id), key)


@emergency_router.post("/emergencies/{emergency_id}/end")
async def end_emergency(
    emergency_id: Identifier, caller: CityCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """As another proposed it within seven days."""
    return await _decide(runtime, caller, EndEarlierEmergency(emergency_id=emergency_id), key)


@emergency_router.post("/emergencies/{emergency_id}/ending/refuse")
async def refuse_end(
    emergency_id: Identifier, caller: CityCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """It goes on."""
    return await _decide(runtime, caller, RefuseEarlierEnd(emergency_id=emergency_id), key)


async def _decide(runtime: Runtime, caller: Credential, command: Value, key: str) -> Response:
    """Raises Denied."""
    if caller.area:
        raise Denied(AREA_LIMITED.refusal(403))
    return await answer_to(runtime, caller, command, key)


@emergency_router.get("/emergencies")
async def read_emergencies(caller: ReadingCaller, runtime: RuntimeDep) -> Response:
    """As intake declared them; past ones too, the latest first. A partner reads no staff number."""
    now = await runtime.processor.now()
    order = [("starts_at", -1), ("_id", 1)]
    emergencies = await mongo.find(runtime.database, Emergency, {}, sort=order)
    hidden = INTERNAL if caller.roles & STAFF else INTERNAL | STAFFS
    rows: list[dict[str, object]] = [
        emergency.model_dump(mode="json", exclude=hidden)
        | {"on": emergency.is_on(now), "towns_zh": [town_name(c) for c in emergency.town_codes]}
        for emergency in emergencies
    ]
    return JSONResponse({"emergencies": rows})
