"""库存物资: what lies in store, what it is worth on which basis, and at which station."""

from fastapi import Request
from fastapi.responses import Response

from services.audit.pages.finance import After, Reader
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.reports.stores import BASES, list_by_station, sum_by_station
from services.audit.resources import AuditRuntimeDep
from services.audit.stocks import describe_stock, find_stocks
from shared.security import Role
from shared.web.staff import PageRouter

router = PageRouter()
STOCKS_PATH = FINANCE_PATH + "/stocks"
ITEMS = 100
"""Of one page; its stations are those of its items."""


@router.get(STOCKS_PATH)
async def show_stocks(
    caller: Reader, request: Request, runtime: AuditRuntimeDep, after: After = ""
) -> Response:
    loaded = await find_stocks(runtime.database, after, ITEMS + 1)
    stocks = [describe_stock(each) for each in loaded[:ITEMS]]
    rows = list_by_station(stocks)
    return PAGES.render_for(
        request,
        "stocks.html",
        stocks=stocks,
        rows=rows,
        sums=sum_by_station(rows),
        worth_fen=sum(each["value_fen"] or 0 for each in stocks),
        bases=BASES,
        next=loaded[ITEMS - 1].id if len(loaded) > ITEMS else "",
        is_first=not after,
        may_propose=Role.FINANCE_MAKER in caller.roles,
    )
