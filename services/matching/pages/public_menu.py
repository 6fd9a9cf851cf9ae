"""我要帮忙: what is asked for, by town and category, for everybody. Nobody is named or described.

Sums alone, counted anew after half a minute at the earliest: neither a request nor its class, item
or day stands here, and a sum of money only where it is of several requests.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from time import monotonic
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from services.matching import store
from services.matching.pages.buttons import PAGES
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from services.matching.store import OpenSum
from shared.contracts.values import LABELS, Category
from shared.towns import codes_by_name, find_middle, town_name, towns
from shared.web.access import Router, check_rate_limit
from shared.web.callers import find_address
from shared.web.links import LinkRoute

router = Router(route_class=LinkRoute, include_in_schema=False)

COUNTED_EVERY_S = 30.0
SUM_OF_MIN = 3
"""Requests, of which a sum of money tells nothing of one."""
MAP_WIDTH, MAP_HEIGHT, MAP_EDGE = 480, 540, 36
RADIUS_MIN, RADIUS_MAX = 4, 15
ROOM_X, ROOM_Y = 74, 50
"""What a town and its name take up: towns that are near are moved apart, as on a metro's plan."""
ROUNDS_MAX = 400


@dataclass(frozen=True, slots=True)
class Spot:
    """A town on the map. radius: 0 requests have a small ring."""

    town: str
    count: int
    x: int
    y: int
    radius: int


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
    app = request.app
    if not hasattr(app.state, "open_needs"):
        app.state.open_needs = Counter()
    sums = await app.state.open_needs.read(runtime)
    code = codes_by_name().get(town, "")
    return render_public_menu(
        sums,
        category if category in set(Category) else "",
        code,
        runtime.settings.help_phone,
        lambda name, **values: PAGES.render_for(request, name, **values),
    )


def render_public_menu(
    sums: Iterable[OpenSum],
    category: str,
    town_code: str,
    help_phone: str,
    show: Callable[..., HTMLResponse] = PAGES.render,
) -> HTMLResponse:
    """category, town_code: of these alone; empty for any."""
    fitting = [
        each
        for each in sums
        if category in ("", each.category) and town_code in ("", each.town_code)
    ]
    rows = _list_towns(fitting)
    return show(
        "give.html",
        rows=rows,
        total=sum(each.count for each in fitting),
        spots=_draw_map({row.town: row.count for row in rows}),
        map_size=(MAP_WIDTH, MAP_HEIGHT),
        categories=[(each.value, LABELS[each]) for each in Category],
        towns=list(towns().values()),
        chosen={"category": category, "town": town_name(town_code)},
        help_phone=help_phone,
    )


def _list_towns(sums: Iterable[OpenSum]) -> list[TownRow]:
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


def _draw_map(counts: dict[str, int]) -> list[Spot]:
    """Towns at about their middles, with room for their names."""
    most = max(counts.values(), default=0)
    spots = []
    for name, (x, y) in _place_towns().items():
        count = counts.get(name, 0)
        wide = (RADIUS_MAX - RADIUS_MIN) * count // most if most else 0
        spots.append(Spot(name, count, x, y, RADIUS_MIN + wide))
    return spots


@cache
def _place_towns() -> dict[str, tuple[int, int]]:
    middles = {name: find_middle(code) for code, name in towns().items()}
    placed = {name: middle for name, middle in middles.items() if middle}
    souths, easts = zip(*placed.values(), strict=True)

    def scale(value: int, values: Sequence[int], size: int) -> float:
        span = max(values) - min(values)
        return MAP_EDGE + (value - min(values)) * (size - 2 * MAP_EDGE) / span

    # Two at one place would stay there for ever: each has a grain of its own.
    points = [
        [
            scale(east, easts, MAP_WIDTH) + number / 100,
            MAP_HEIGHT - scale(south, souths, MAP_HEIGHT),
        ]
        for number, (south, east) in enumerate(placed.values())
    ]
    for _ in range(ROUNDS_MAX):
        if not _move_apart(points):
            break
    return {name: (round(x), round(y)) for name, (x, y) in zip(placed, points, strict=True)}


def _move_apart(points: list[list[float]]) -> bool:
    """One round; whether any two were too near."""
    moved = False
    for one, other in combinations(points, 2):
        lacking = [ROOM_X - abs(one[0] - other[0]), ROOM_Y - abs(one[1] - other[1])]
        if min(lacking) <= 0.5:
            continue
        moved = True
        axis = 0 if lacking[0] < lacking[1] else 1
        step = lacking[axis] / 4 * (1 if one[axis] >= other[axis] else -1)
        for point, way in ((one, step), (other, -step)):
            most = (MAP_WIDTH, MAP_HEIGHT)[axis] - MAP_EDGE
            point[axis] = min(max(point[axis] + way, MAP_EDGE), most)
    return moved
