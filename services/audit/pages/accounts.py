"""各账户逐月对账: each account's statements beside the books, and days that two files differ on."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from services.audit.model.statement_files import StatementFile
from services.audit.months.movements import load_movements
from services.audit.months.reading import choose_foundation
from services.audit.pages.finance import Reader
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.statements.account_months import (
    AccountMonth,
    DayDifference,
    count_months,
    find_differences,
)
from shared import mongo
from shared.contracts.values import CHINA
from shared.text import EMPTY_AS_NONE
from shared.web.staff import PageRouter

router = PageRouter()
ACCOUNTS_PATH = FINANCE_PATH + "/accounts"
SHOWN_DAYS = 100
ENTERED = {"state": "approved", "summary.are_apart": {"$ne": True}}
"""Files that two people let be entered; not the second word about rows of one of them."""


@router.get(ACCOUNTS_PATH)
async def show_accounts(
    _caller: Reader,
    request: Request,
    runtime: AuditRuntimeDep,
    year: Annotated[int | None, Query(ge=2000, le=2999), EMPTY_AS_NONE] = None,
) -> Response:
    chosen = year or (await runtime.processor.now()).astimezone(CHINA).year
    months, differences = await load_accounts(runtime, chosen)
    accounts: dict[str, list[AccountMonth]] = {}
    for each in months:
        accounts.setdefault(each.account, []).append(each)
    return PAGES.render_for(
        request,
        "accounts.html",
        year=chosen,
        accounts=accounts,
        differences=differences[:SHOWN_DAYS],
        count=len(differences),
    )


async def load_accounts(
    runtime: AuditRuntime, year: int
) -> tuple[list[AccountMonth], list[DayDifference]]:
    """Of a year; balances run on from the years before."""
    files = await mongo.find(runtime.database, StatementFile, ENTERED, sort=[("_id", 1)])
    booked = await load_movements(runtime.database, choose_foundation(runtime, None))
    months = [each for each in count_months(files, booked) if each.month[:4] == str(year)]
    return months, [each for each in find_differences(files) if each.day[:4] == str(year)]
