"""What the office had to do and did, in numbers, of the area that one may see."""

from fastapi import Request
from fastapi.responses import Response

from services.intake.api.statistics import Reader, Selected, find_count
from services.intake.reporting.figures import (
    STATES_EN,
    STATES_ZH,
    ReportSelection,
    build_tables,
    list_years,
)
from services.intake.reporting.library import list_library
from services.intake.reporting.workbook import list_sheets
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import BeneficiaryClass, Channel, Kind
from shared.web.access import find_scope
from shared.web.downloads import attach_report
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
STATISTICS_PATH = "/desk/statistics"


@router.get(STATISTICS_PATH)
async def show_statistics(
    caller: Reader, request: Request, runtime: IntakeRuntimeDep, selection: Selected
) -> Response:
    count = await find_count(runtime, find_scope(caller))
    return PAGES.render_for(
        request,
        "statistics.html",
        tables=build_tables(count.counts, selection, count.at, caller.area),
        selection=selection,
        query=_list_query(selection),
        counted_at=count.at,
        years=list_years(count.counts),
        towns=sorted({group.town_code for group in count.counts}),
        kinds=tuple(Kind),
        classes=tuple(BeneficiaryClass),
        channels=tuple(Channel),
        months={str(month): (f"{month}月", f"{month}") for month in range(1, 13)},
        state_words={code: (STATES_ZH[code], STATES_EN[code]) for code in STATES_ZH},
        states=[(code, STATES_ZH[code], STATES_EN[code]) for code in STATES_ZH],
    )


def _list_query(selection: ReportSelection) -> dict[str, str]:
    """Of its address, without the year."""
    query = {
        "town": selection.town_code,
        "kind": selection.kind,
        "state": selection.state,
        "beneficiary_class": selection.beneficiary_class,
        "channel": selection.channel,
        "month": str(selection.month or ""),
    }
    return {name: value for name, value in query.items() if value}


@router.get(f"{STATISTICS_PATH}/library.xlsx")
async def download_library(
    caller: Reader, runtime: IntakeRuntimeDep, selection: Selected
) -> Response:
    """Of those selected, in the area that one may see; nobody is named."""
    sheet = await list_library(runtime.database, find_scope(caller), selection)
    return await attach_report([sheet], f"guanjia-library-{selection.year}")


@router.get(f"{STATISTICS_PATH}/figures.xlsx")
async def download_workbook(
    caller: Reader, runtime: IntakeRuntimeDep, selection: Selected
) -> Response:
    count = await find_count(runtime, find_scope(caller))
    tables = build_tables(count.counts, selection, count.at, caller.area)
    return await attach_report(list_sheets(tables), f"guanjia-{selection.year}")
