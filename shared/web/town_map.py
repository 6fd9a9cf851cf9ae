"""A plan of Dongguan's towns: each at about its middle, with room for its name, as a metro's map.

It needs no tiles and no outline: a circle for each town, larger where there is more. A list beside
it says the same for whoever sees no map.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from shared.towns import find_middle, load_towns

MAP_WIDTH, MAP_HEIGHT, MAP_EDGE = 480, 540, 36
RADIUS_MIN, RADIUS_MAX = 4, 15
ROOM_X, ROOM_Y = 74, 50
"""What a town and its name take up: towns that are near are moved apart."""
ROUNDS_MAX = 400


@dataclass(frozen=True, slots=True)
class Spot:
    """A town on the map. radius: of a small ring where the count is 0. href: empty where it leads
    nowhere. is_chosen: it is the one that is looked at."""

    town: str
    count: int
    x: int
    y: int
    radius: int
    href: str = ""
    is_chosen: bool = False


def draw_towns(
    counts: Mapping[str, int],
    make_href: Callable[[str], str] | None = None,
    chosen: str = "",
) -> list[Spot]:
    """counts: by name of town. make_href: where a town that has any leads."""
    most = max(counts.values(), default=0)
    spots = []
    for name, (x, y) in _place_towns().items():
        count = counts.get(name, 0)
        wide = (RADIUS_MAX - RADIUS_MIN) * count // most if most else 0
        href = make_href(name) if make_href and count else ""
        spots.append(Spot(name, count, x, y, RADIUS_MIN + wide, href, name == chosen))
    return spots


@cache
def _place_towns() -> dict[str, tuple[int, int]]:
    middles = {name: find_middle(code) for code, name in load_towns().items()}
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
