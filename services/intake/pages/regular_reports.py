"""Regular work as workbooks to take away: coverage by town, and a year's visits and services."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from services.intake.api.regular import Reader as FiguresReader
from services.intake.pages.regular import REGULAR_PATH, CaseWorker
from services.intake.regular import store
from services.intake.regular.messages import KINDS
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import CHINA
from shared.sheets.report import Cell, ReportSheet
from shared.towns import town_name
from shared.web.access import find_scope
from shared.web.downloads import attach_report
from shared.web.staff import PageRouter

router = PageRouter()


@router.get(f"{REGULAR_PATH}/coverage.xlsx")
async def download_coverage(caller: CaseWorker, runtime: IntakeRuntimeDep) -> Response:
    """As the page has it."""
    covered = await store.count_coverage(
        runtime.database, find_scope(caller), await runtime.processor.now()
    )
    head = (
        "镇街",
        *(f"{zh}{what}" for zh, _ in KINDS.values() for what in ("", "（超期）")),
        "待整改",
    )
    rows: list[Sequence[Cell]] = [
        (
            town_name(row.town_code) or row.town_code,
            *(counts.get(kind, 0) for kind in KINDS for counts in (row.active, row.overdue)),
            row.findings,
        )
        for row in covered.values()
    ]
    return await attach_report([ReportSheet("各镇街覆盖", [head, *rows])], "guanjia-coverage")


@router.get(f"{REGULAR_PATH}/figures.xlsx")
async def download_figures(
    caller: FiguresReader,  # noqa: ARG001
    runtime: IntakeRuntimeDep,
    year: Annotated[int | None, Query(ge=2000, le=2999)] = None,
) -> Response:
    """Visits, services and hours of a year, which stand in no books: counts alone."""
    chosen = year or (await runtime.processor.now()).astimezone(CHINA).year
    works = await store.count_work(runtime.database, f"{chosen}-01-01", f"{chosen + 1}-01-01")
    head = ("类别", "服务", "次数", "数量", "单位")
    rows: list[Sequence[Cell]] = [
        (
            *(KINDS[each["kind"]][0], each["item"], each["visits"]),
            each["quantity"] if each["unit"] else None,
            each["unit"],
        )
        for each in works
    ]
    sheet = ReportSheet(f"{chosen}年走访和服务", [head, *rows])
    return await attach_report([sheet], f"guanjia-services-{chosen}")
