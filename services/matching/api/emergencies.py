"""HTTP for emergency areas: the city declares and ends them, everybody sees them."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from services.matching.api.callers import City, Reading
from services.matching.model.emergency import (
    DeclareEmergency,
    Emergency,
    EmergencyTerms,
    EndEmergency,
)
from shared import mongo
from shared.contracts.values import Identifier
from shared.messaging.decision import refusal
from shared.security import Credential
from shared.towns import town_name
from shared.web.access import Denied, IdempotencyKey, RuntimeDep, answer_to

router = APIRouter(tags=["emergencies"])


class NewEmergency(EmergencyTerms):
    emergency_id: Identifier


@router.post("/emergencies", status_code=201)
async def declare(
    asked: NewEmergency, caller: City, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    _within_area(caller, asked.town_codes)
    terms = EmergencyTerms.model_validate(asked.model_dump(exclude={"emergency_id"}))
    command = DeclareEmergency(emergency_id=asked.emergency_id, terms=terms)
    return await answer_to(runtime, caller, command, key)


@router.post("/emergencies/{emergency_id}/end")
async def end(
    emergency_id: Identifier, caller: City, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    emergency = await mongo.load(runtime.database, Emergency, emergency_id)
    _within_area(caller, emergency.town_codes if emergency else ())
    return await answer_to(runtime, caller, EndEmergency(emergency_id=emergency_id), key)


@router.get("/emergencies")
async def list_emergencies(caller: Reading, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    """Past ones too, the latest first."""
    now = await runtime.processor.now()
    order = [("starts_at", -1), ("_id", 1)]
    found = await mongo.find(runtime.database, Emergency, {}, sort=order)
    shown: list[dict[str, Any]] = [
        each.model_dump(mode="json", exclude={"due_at", "correlation_id"})
        | {"on": each.is_on(now), "towns_zh": [town_name(code) for code in each.town_codes]}
        for each in found
    ]
    return JSONResponse({"emergencies": shown})


def _within_area(caller: Credential, town_codes: tuple[str, ...]) -> None:
    """Raises Denied."""
    if not all(caller.sees(code) for code in town_codes):
        zh, en = "不在您的辖区", "not in your area"
        raise Denied(refusal(403, "not_your_area", zh, en, "town_codes"))
