"""HTTP for the register of regular work: entering one, and coverage by town."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from services.intake.api.requests import CASE_WORKERS
from services.intake.model.regular import WorkRow
from services.intake.regular.messages import KINDS
from services.intake.regular.registering import register_work
from services.intake.regular.store import count_coverage, count_work
from services.intake.resources import IntakeRuntimeDep
from shared.security import STAFF, Credential, Role
from shared.towns import town_name
from shared.web.access import IdempotencyKey, Router, allow, find_scope, respond

router = Router()
CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Reader = Annotated[
    Credential,
    Depends(
        allow(
            *(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR, Role.OPERATOR),
            whole_city=True,
        )
    ),
]
Staff = Annotated[Credential, Depends(allow(*STAFF))]


@router.post("/works", status_code=201)
async def register(
    row: WorkRow, caller: CaseWorker, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """A place by its title, a person by name and phone, which go to the vault. `{"work_id"}`."""
    answer = await register_work(runtime, caller, row, f"{caller.speaks_as}|{key}")
    return respond(answer)


@router.get("/works/figures")
async def read_figures(
    caller: Reader,  # noqa: ARG001
    runtime: IntakeRuntimeDep,
    since: date,
    until: date,
) -> dict[str, object]:
    """Work of these days (`until` is not counted) that costs no money of a fund, for reports beside
    those of the books: counts alone, by kind and service."""
    rows = await count_work(runtime.database, since.isoformat(), until.isoformat())
    return {"works": [row | {"kind_zh": KINDS[row["kind"]][0]} for row in rows]}


@router.get("/works/coverage")
async def read_coverage(caller: Staff, runtime: IntakeRuntimeDep) -> dict[str, object]:
    """By town of the caller's area: how many of each kind, how many are late."""
    now = await runtime.processor.now()
    towns = await count_coverage(runtime.database, find_scope(caller), now)
    rows = [asdict(row) | {"town_zh": town_name(code)} for code, row in sorted(towns.items())]
    return {"towns": rows}
