"""The middle of an h3 cell: as near as anybody outside intake's vault knows where somebody is."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import h3  # type: ignore[import-untyped]

from services.matching.messages import TOWN_CITYWIDE
from services.matching.model.distance import Place
from shared.contracts.values import Cell
from shared.errors import Problem
from shared.messages import TOWN_UNKNOWN
from shared.towns import find_middle, is_known, is_own_city

TOWN_DIGITS = 9  # of a village's code


def parse_cell(text: str | None) -> Cell | None:
    """None: not said, or not a cell of the grid although it looks like one."""
    return text if text and h3.is_valid_cell(text) else None


@lru_cache(maxsize=65_536)
def find_centre(cell: Cell) -> Place:
    """Rounded to millionths of a degree (0.1 m), which no machine's floats disagree on."""
    latitude, longitude = h3.cell_to_latlng(cell)
    return round(latitude * 1_000_000), round(longitude * 1_000_000)


def find_middle_of(codes: Iterable[str]) -> Place | None:
    """Of the one town that these towns and villages are, or are in."""
    middles = {find_middle(code) for code in codes}
    return middles.pop() if len(middles) == 1 else None


def find_town_problems(town_codes: Iterable[str], field: str = "town_codes") -> Iterator[Problem]:
    """Of codes that no request will ever have, or that stand for no town."""
    codes = tuple(town_codes)
    if any(is_own_city(code) for code in codes):
        yield TOWN_CITYWIDE.problem(field)
    if not all(is_known(code) for code in codes):
        yield TOWN_UNKNOWN.problem(field)
