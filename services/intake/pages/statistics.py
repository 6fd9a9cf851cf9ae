"""What the office had to do and did, in numbers, of the area that one may see."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from services.intake.api.statistics import Reader, find_count, find_year
from services.intake.reporting.figures import (
    STATES_EN,
    STATES_ZH,
    build_tables,
    list_years,
    narrow_year,
)
from services.intake.reporting.workbook import write_workbook
from services.intake.resources import IntakeRuntimeDep
from shared.web.access import find_scope
from shared.web.pages import HEADERS, Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
STATISTICS_PATH = "/desk/statistics"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Year = Annotated[int | None, Query(ge=2000, le=2999)]


@router.get(STATISTICS_PATH)
async def show_statistics(
    caller: Reader, request: Request, runtime: IntakeRuntimeDep, year: Year = None
) -> Response:
    count = await find_count(runtime, find_scope(caller))
    chosen = year or await find_year(runtime)
    return PAGES.render_for(
        request,
        "statistics.html",
        tables=build_tables(narrow_year(count.counts, chosen)),
        year=chosen,
        counted_at=count.at,
        years=list_years(count.counts),
        states=[(code, STATES_ZH[code], STATES_EN[code]) for code in STATES_ZH],
    )


@router.get(f"{STATISTICS_PATH}/figures.xlsx")
async def download_workbook(
    caller: Reader, runtime: IntakeRuntimeDep, year: Year = None
) -> Response:
    count = await find_count(runtime, find_scope(caller))
    chosen = year or await find_year(runtime)
    content = write_workbook(build_tables(narrow_year(count.counts, chosen)))
    disposition = f'attachment; filename="guanjia-{chosen}.xlsx"'
    headers = {**HEADERS, "Content-Disposition": disposition}
    return Response(content, media_type=XLSX, headers=headers)
