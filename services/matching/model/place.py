"""Where somebody is, and how far that is from elsewhere.

The middle of an h3 cell is as near as anybody outside intake's vault knows it. Distances are
integers, so that every machine finds the same metres; and they are computed twice, step for step
alike: for one pair, as a decision asks, and for columns of pairs, as the solver does. So what a
round proposes is not refused for a metre.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import isqrt

import h3  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from services.matching.messages import TOWN_CITYWIDE
from shared.contracts.values import Cell
from shared.errors import Problem
from shared.messages import TOWN_UNKNOWN
from shared.towns import find_middle, is_known, is_own_city

Place = tuple[int, int]
"""Latitude and longitude in millionths of a degree."""

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


# --- distances ------------------------------------------------------------------------------------

_Ints = NDArray[np.int64]

NOWHERE = 1 << 40  # a coordinate of a column that is not known

_METRES_PER_DEGREE = 111_195
_MICRO = 1_000_000
_TURN = 360 * _MICRO
_ONE = 1 << 20
# Pi / 180 / 10^6 * 2^44: microdegrees to radians in 2^-20, in two steps that stay below 2^63.
_RADIAN = 307_042
_TAYLOR = (2, 12, 30, 56, 90)


def measure_metres(a: Place, b: Place) -> int:
    """On a sphere unrolled at the mean latitude."""
    across = abs(a[1] - b[1]) % _TURN
    across = min(across, _TURN - across)
    shrink = (_compute_cosine(a[0]) + _compute_cosine(b[0])) // 2
    east = across * _METRES_PER_DEGREE // _MICRO * shrink // _ONE
    north = abs(a[0] - b[0]) * _METRES_PER_DEGREE // _MICRO
    return isqrt(east * east + north * north)


def _compute_cosine(latitude: int) -> int:
    """Times 2^20, by Taylor's series to the tenth power: off by less than 1 in 10^5."""
    angle = max(-90 * _MICRO, min(90 * _MICRO, latitude)) * _RADIAN >> 24
    square = angle * angle >> 20
    term = result = _ONE
    for step in _TAYLOR:
        term = -(term * square >> 20) // step
        result += term
    return max(result, 0)


def measure_columns(
    latitude: _Ints, longitude: _Ints, latitude_to: _Ints, longitude_to: _Ints
) -> _Ints:
    """The same for each row; 0 where either end is not known."""
    is_known = (latitude < NOWHERE) & (latitude_to < NOWHERE)
    across = np.abs(longitude - longitude_to) % _TURN
    across = np.minimum(across, _TURN - across)
    shrink = (_compute_cosines(latitude) + _compute_cosines(latitude_to)) // 2
    east = across * _METRES_PER_DEGREE // _MICRO * shrink // _ONE
    north = np.abs(latitude - latitude_to) * _METRES_PER_DEGREE // _MICRO
    squares = np.where(is_known, east * east + north * north, 0)
    return np.where(is_known, compute_roots(squares), 0)


def _compute_cosines(latitude: _Ints) -> _Ints:
    angle = np.clip(latitude, -90 * _MICRO, 90 * _MICRO) * _RADIAN >> 24
    square = angle * angle >> 20
    term = result = np.full_like(square, _ONE)
    for step in _TAYLOR:
        term = -(term * square >> 20) // step
        result = result + term
    return np.maximum(result, 0)


def compute_roots(values: _Ints) -> _Ints:
    """The whole part of the square root, for values below 2^52."""
    root = np.sqrt(values.astype(np.float64)).astype(np.int64)
    root = root - (root * root > values)
    return root + ((root + 1) * (root + 1) <= values)
