"""HTTP for the register of regular work: entering one, and coverage by town."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from services.intake.api.requests import CASE_WORKERS
from services.intake.model.regular import WorkRow
from services.intake.regular.registering import register_work
from services.intake.regular.store import count_coverage
from services.intake.resources import IntakeRuntimeDep
from shared.security import STAFF, Credential
from shared.towns import town_name
from shared.web.access import IdempotencyKey, Router, allow, find_scope, respond

router = Router()
CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Staff = Annotated[Credential, Depends(allow(*STAFF))]


@router.post("/works", status_code=201)
async def register(
    row: WorkRow, caller: CaseWorker, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """A place by its title, a person by name and phone, which go to the vault. `{"work_id"}`."""
    answer = await register_work(runtime, caller, row, f"{caller.speaks_as}|{key}")
    return respond(answer)


@router.get("/works/coverage")
async def read_coverage(caller: Staff, runtime: IntakeRuntimeDep) -> dict[str, object]:
    """By town of the caller's area: how many of each kind, how many are late."""
    now = await runtime.processor.now()
    towns = await count_coverage(runtime.database, find_scope(caller), now)
    rows = [asdict(row) | {"town_zh": town_name(code)} for code, row in sorted(towns.items())]
    return {"towns": rows}
