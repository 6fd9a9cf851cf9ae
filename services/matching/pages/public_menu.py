"""我要帮忙: what is asked for, by town and category, for everybody. Nobody is named or described.

Sums alone, counted anew after half a minute at the earliest: neither a request nor its class, item
or day stands here, and a sum of money only where it is of several requests.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from services.matching import store
from services.matching.pages.buttons import PAGES
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from services.matching.store import OpenSum
from shared.contracts.values import LABELS, Category
from shared.sheets.report import Cell, ReportSheet, convert_fen
from shared.towns import index_codes_by_name, load_towns, town_name
from shared.web.access import Router, check_rate_limit
from shared.web.callers import find_address
from shared.web.downloads import attach_report
from shared.web.links import LinkRoute
from shared.web.town_map import draw_towns

router = Router(route_class=LinkRoute, include_in_schema=False)

COUNTED_EVERY_S = 30.0
SUM_OF_MIN = 3
"""Requests, of which a sum of money tells nothing of one."""


@dataclass(frozen=True, slots=True)
class TownRow:
    """fen: 0 where it is not said. parts: category and how many."""

    town: str
    count: int
    fen: int
    parts: tuple[tuple[str, str, int], ...]


class Counter:
    """The open requests as they were counted last, for all who look."""

    def __init__(self) -> None:
        self._counted_at = -COUNTED_EVERY_S
        self._sums: Sequence[OpenSum] = ()
        self._lock = asyncio.Lock()

    async def read(self, runtime: MatchingRuntime) -> Sequence[OpenSum]:
        async with self._lock:
            if monotonic() - self._counted_at >= COUNTED_EVERY_S:
                self._sums = await store.count_open_needs(runtime.database)
                self._counted_at = monotonic()
            return self._sums


@router.get("/give")
async def show_public_menu(
    request: Request,
    runtime: MatchingRuntimeDep,
    category: Annotated[str, Query(max_length=64)] = "",
    town: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    address = find_address(request)
    await check_rate_limit(request, f"reader:{address}")
    sums = await _read_sums(request, runtime)
    code = index_codes_by_name().get(town, "")
    return render_public_menu(
        request,
        sums,
        category if category in set(Category) else "",
        code,
        runtime.settings.help_phone,
    )


@router.get("/give/open.xlsx")
async def download_public_menu(request: Request, runtime: MatchingRuntimeDep) -> Response:
    """The same sums, of all towns and categories."""
    await check_rate_limit(request, f"reader:{find_address(request)}")
    rows = list_towns(await _read_sums(request, runtime))
    return await attach_report([build_menu_sheet(rows)], "guanjia-open")


def build_menu_sheet(rows: Iterable[TownRow]) -> ReportSheet:
    """A line for each town and category, then the town's: a sum of money only where it is of
    several."""
    lines: list[Sequence[Cell]] = [("镇街", "类别", "件数", "需要的资金（元）")]
    for row in rows:
        lines += [(row.town, zh, count, None) for zh, _, count in row.parts]
        fen = convert_fen(row.fen) if row.fen else None
        lines.append((row.town, "合计", row.count, fen))
    return ReportSheet("待认领的诉求", lines)


async def _read_sums(request: Request, runtime: MatchingRuntime) -> Sequence[OpenSum]:
    state = request.app.state
    if not hasattr(state, "open_needs"):
        state.open_needs = Counter()
    counter: Counter = state.open_needs
    return await counter.read(runtime)


def render_public_menu(
    request: Request,
    sums: Iterable[OpenSum],
    category: str,
    town_code: str,
    help_phone: str,
) -> HTMLResponse:
    """category, town_code: of these alone; empty for any."""
    fitting = [
        each
        for each in sums
        if category in ("", each.category) and town_code in ("", each.town_code)
    ]
    rows = list_towns(fitting)
    return PAGES.render_for(
        request,
        "give.html",
        rows=rows,
        total=sum(each.count for each in fitting),
        spots=draw_towns(
            {row.town: row.count for row in rows},
            lambda town: f"/give?{urlencode({'category': category, 'town': town})}",
            town_name(town_code),
        ),
        categories=tuple(Category),
        towns=list(load_towns().values()),
        chosen={"category": category, "town": town_name(town_code)},
        help_phone=help_phone,
    )


def list_towns(sums: Iterable[OpenSum]) -> list[TownRow]:
    """Most first; where the town is not known yet, together at the end."""
    by_town: dict[str, list[OpenSum]] = {}
    for each in sums:
        by_town.setdefault(town_name(each.town_code) or "全市", []).append(each)
    rows = [_make_row(town, parts) for town, parts in by_town.items()]
    return sorted(rows, key=lambda row: (row.town == "全市", -row.count, row.town))


def _make_row(town: str, sums: Sequence[OpenSum]) -> TownRow:
    money = sum(each.money_count for each in sums)
    counts: dict[str, int] = {}
    for each in sums:
        counts[each.category] = counts.get(each.category, 0) + each.count
    parts = sorted(counts.items(), key=lambda part: (-part[1], part[0]))
    return TownRow(
        town=town,
        count=sum(counts.values()),
        fen=sum(each.fen for each in sums) if money >= SUM_OF_MIN else 0,
        parts=tuple((LABELS.get(c, "其他"), c.replace("_", " "), n) for c, n in parts),
    )
