"""HTTP for the year's selection: the hundred typical wishes, the hundred highlight projects."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from services.matching.api.callers import Staff
from services.matching.selection import selection
from shared.contracts.values import Kind
from shared.web.access import RuntimeDep

router = APIRouter(tags=["selection"])

TOP = 100


@router.get("/selection")
async def read_selection(
    caller: Staff,
    runtime: RuntimeDep,
    year: Annotated[int, Query(ge=2000, le=8998)],
    kind: Kind | None = None,
    top: Annotated[int, Query(ge=1, le=1000)] = TOP,
) -> Response:
    """Of the caller's area: ids, the score and its terms in hundredths of a point."""
    kinds = (kind,) if kind else tuple(Kind)
    return JSONResponse(await selection(runtime.database, caller.area, year, kinds, top))
