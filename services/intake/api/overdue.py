"""What is late: counted by town and by what is awaited, and the latest of it one by one."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from services.intake import store, worklist
from services.intake.api.requests import Reader
from services.intake.clocks.rules import find_owner
from services.intake.clocks.words import OWNERS, STAGES, describe_case
from services.intake.model import Request
from services.intake.resources import IntakeRuntimeDep
from services.intake.views import format_need
from shared.contracts.values import TownCode
from shared.towns import town_name
from shared.web.access import Router, find_scope

router = Router()


@router.get("/overdue")
async def list_overdue(
    caller: Reader,
    runtime: IntakeRuntimeDep,
    town: Annotated[TownCode | None, Query()] = None,
    limit: Annotated[int, Query(ge=0, le=200)] = 50,
) -> dict[str, object]:
    """Of the caller's area; what ended first stands first. What is paused is not late."""
    scope = find_scope(caller)
    now = await runtime.processor.now()
    area = scope.narrow_area(town or "")
    if area is None:
        return {"total": 0, "by_town": [], "cases": []}
    query = scope.model_copy(update={"area": area}).build_query(store.REQUESTS)
    counts = await worklist.count_overdue(runtime.database, query, now)
    cases = await worklist.load_overdue(runtime.database, query, now, limit)
    return {
        "total": sum(counts.values()),
        "by_town": [
            {
                "town_code": town_code,
                "town_zh": town_name(town_code),
                "stage": stage,
                "stage_zh": STAGES[stage][0],
                "count": count,
            }
            for (town_code, stage), count in sorted(counts.items())
        ],
        "cases": [_describe(case, now) for case in cases],
    }


def _describe(case: Request, now: datetime) -> dict[str, object]:
    left, clock = describe_case(case, now), case.clock
    stage = clock.stage if clock else None
    return {
        "request_id": case.id,
        "need_zh": format_need(case),
        "town_zh": town_name(case.area.town_code),
        "stage_zh": STAGES[stage][0] if stage else "",
        "owner_zh": OWNERS[find_owner(case, stage)][0] if stage else "",
        "left_zh": left.words[0] if left else "",
        "due_on": clock.period.due_on.isoformat() if clock else None,
    }
