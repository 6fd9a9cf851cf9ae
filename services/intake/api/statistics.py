"""HTTP for staff and auditors: the figures of requests, of the area that one may see."""

from typing import Annotated

from fastapi import Depends, Query

from services.intake.reporting.figures import build_tables, describe_tables, narrow_year
from services.intake.reporting.recent import Count
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.contracts.values import CHINA
from shared.scope import Scope
from shared.security import STAFF, Credential
from shared.web.access import Router, allow, find_scope

router = Router(tags=["statistics"])

Reader = Annotated[Credential, Depends(allow(*STAFF))]


@router.get("/statistics/requests")
async def read_statistics(
    caller: Reader,
    runtime: IntakeRuntimeDep,
    year: Annotated[int | None, Query(ge=2000, le=2999)] = None,
) -> dict[str, object]:
    """Of a year of recording: how many, in which state, what was asked for, how long it took."""
    count = await find_count(runtime, find_scope(caller))
    chosen = year or await find_year(runtime)
    tables = describe_tables(build_tables(narrow_year(count.counts, chosen)))
    return {"year": chosen, "area": caller.area, "counted_at": count.at, "tables": tables}


async def find_count(runtime: IntakeRuntime, scope: Scope) -> Count:
    now = await runtime.processor.now()
    return await runtime.resources.recent_counts.find(runtime.database, scope, now)


async def find_year(runtime: IntakeRuntime) -> int:
    """This one, in China."""
    return (await runtime.processor.now()).astimezone(CHINA).year
