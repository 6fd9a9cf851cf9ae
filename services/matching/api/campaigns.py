"""HTTP for campaigns: the city creates them, donors and requests join, everybody reads."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from services.matching import campaign_report
from services.matching.api.callers import City, Staff
from services.matching.decide.unknown import no_such
from services.matching.model.campaign import (
    JOINED_AT_ONCE,
    Campaign,
    CampaignTerms,
    CreateCampaign,
    EndCampaign,
    JoinDonors,
    JoinRequests,
)
from shared import mongo
from shared.contracts.values import Identifier, Value
from shared.messaging.decision import refusal
from shared.security import Credential, Role
from shared.web.access import Denied, IdempotencyKey, RuntimeDep, allow, answer_to, respond

router = APIRouter(tags=["campaigns"])

Joining = Annotated[Credential, Depends(allow(Role.APPROVER_CITY, Role.OPERATOR))]
Ids = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=JOINED_AT_ONCE)]


class NewCampaign(CampaignTerms):
    campaign_id: Identifier


class Donors(Value):
    donor_ids: Ids


class Requests(Value):
    request_ids: Ids


@router.post("/campaigns", status_code=201)
async def create(
    asked: NewCampaign, caller: City, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    _whole_city(caller)
    terms = CampaignTerms.model_validate(asked.model_dump(exclude={"campaign_id"}))
    command = CreateCampaign(campaign_id=asked.campaign_id, terms=terms)
    return await answer_to(runtime, caller, command, key)


@router.post("/campaigns/{campaign_id}/donors")
async def join_donors(
    campaign_id: Identifier,
    asked: Donors,
    caller: Joining,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    _whole_city(caller)
    command = JoinDonors(campaign_id=campaign_id, donor_ids=asked.donor_ids)
    return await answer_to(runtime, caller, command, key)


@router.post("/campaigns/{campaign_id}/requests")
async def join_requests(
    campaign_id: Identifier,
    asked: Requests,
    caller: Joining,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """All or none; beside those that meet its criteria."""
    _whole_city(caller)
    command = JoinRequests(campaign_id=campaign_id, request_ids=asked.request_ids)
    return await answer_to(runtime, caller, command, key)


@router.post("/campaigns/{campaign_id}/end")
async def end(
    campaign_id: Identifier, caller: City, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    _whole_city(caller)
    return await answer_to(runtime, caller, EndCampaign(campaign_id=campaign_id), key)


@router.get("/campaigns")
async def list_campaigns(caller: Staff, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    now = await runtime.processor.now()
    return JSONResponse({"campaigns": await campaign_report.campaigns(runtime.database, now)})


@router.get("/campaigns/{campaign_id}/report")
async def read_report(campaign_id: Identifier, caller: Staff, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    """Sums of the whole campaign, which belongs to no town; nobody is named in them."""
    campaign = await mongo.load(runtime.database, Campaign, campaign_id)
    if campaign is None:
        return respond(no_such("campaign"))
    now = await runtime.processor.now()
    return JSONResponse(await campaign_report.report(runtime.database, campaign, now))


def _whole_city(caller: Credential) -> None:
    """A campaign has no bounds of area. Raises Denied."""
    if caller.area:
        zh, en = "专项行动面向全市", "a campaign is for the whole city"
        raise Denied(refusal(403, "not_your_area", zh, en))
