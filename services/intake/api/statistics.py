"""HTTP for staff and auditors: the figures of requests, of the area that one may see."""

from typing import Annotated

from fastapi import Depends, Query

from services.intake.model import RequestState
from services.intake.reporting.figures import (
    ReportSelection,
    build_tables,
    describe_tables,
)
from services.intake.reporting.recent import Count
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.contracts.values import CHINA, BeneficiaryClass, Channel, Kind
from shared.scope import Scope
from shared.security import STAFF, Credential
from shared.web.access import Router, allow, find_scope

router = Router(tags=["statistics"])

Reader = Annotated[Credential, Depends(allow(*STAFF))]


async def read_selection(
    runtime: IntakeRuntimeDep,
    year: Annotated[int | None, Query(ge=2000, le=2999)] = None,
    town: Annotated[str, Query(pattern=r"^(?:[0-9]{9})?$")] = "",
    kind: Annotated[str, Query(pattern=f"^(?:{'|'.join(Kind)})?$")] = "",
    state: Annotated[str, Query(pattern=f"^(?:{'|'.join(RequestState)})?$")] = "",
    beneficiary_class: Annotated[str, Query(pattern=f"^(?:{'|'.join(BeneficiaryClass)})?$")] = "",
    channel: Annotated[str, Query(pattern=f"^(?:{'|'.join(Channel)})?$")] = "",
    month: Annotated[str, Query(pattern="^(?:[1-9]|1[0-2])?$")] = "",
) -> ReportSelection:
    """A field of a form that was left empty selects nothing."""
    return ReportSelection(
        year or await find_year(runtime),
        town,
        kind,
        state,
        beneficiary_class,
        channel,
        int(month or 0),
    )


Selected = Annotated[ReportSelection, Depends(read_selection)]


@router.get("/statistics/requests")
async def read_statistics(
    caller: Reader, runtime: IntakeRuntimeDep, selection: Selected
) -> dict[str, object]:
    """Of a year of recording: how many, in which state, what was asked for, how long it took, how
    many are in hand and since when, how many got their help; of one town, class, channel, month,
    kind and state, where they are named."""
    count = await find_count(runtime, find_scope(caller))
    tables = describe_tables(build_tables(count.counts, selection, count.at, caller.area))
    described = {"year": selection.year, "area": caller.area, "counted_at": count.at}
    return described | {"tables": tables}


async def find_count(runtime: IntakeRuntime, scope: Scope) -> Count:
    now = await runtime.processor.now()
    return await runtime.resources.recent_counts.find(runtime.database, scope, now)


async def find_year(runtime: IntakeRuntime) -> int:
    """This one, in China."""
    return (await runtime.processor.now()).astimezone(CHINA).year
