"""How far apart two places are: integers only, so that every machine finds the same metres.

Twice, step for step alike: for one pair, as a decision asks, and for columns of pairs, as the
solver does. So what a round proposes is not refused for a metre.
"""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

Place = tuple[int, int]
"""Latitude and longitude in millionths of a degree."""

_Ints = NDArray[np.int64]

NOWHERE = 1 << 40  # a coordinate of a column that is not known

_METRES_PER_DEGREE = 111_195
_MICRO = 1_000_000
_TURN = 360 * _MICRO
_ONE = 1 << 20
# Pi / 180 / 10^6 * 2^44: microdegrees to radians in 2^-20, in two steps that stay below 2^63.
_RADIAN = 307_042
_TAYLOR = (2, 12, 30, 56, 90)


def metres(a: Place, b: Place) -> int:
    """On a sphere unrolled at the mean latitude."""
    across = abs(a[1] - b[1]) % _TURN
    across = min(across, _TURN - across)
    shrink = (_cosine(a[0]) + _cosine(b[0])) // 2
    east = across * _METRES_PER_DEGREE // _MICRO * shrink // _ONE
    north = abs(a[0] - b[0]) * _METRES_PER_DEGREE // _MICRO
    return isqrt(east * east + north * north)


def _cosine(latitude: int) -> int:
    """Times 2^20, by Taylor's series to the tenth power: off by less than 1 in 10^5."""
    angle = max(-90 * _MICRO, min(90 * _MICRO, latitude)) * _RADIAN >> 24
    square = angle * angle >> 20
    term = result = _ONE
    for step in _TAYLOR:
        term = -(term * square >> 20) // step
        result += term
    return max(result, 0)


def metres_of_columns(
    latitude: _Ints, longitude: _Ints, latitude_to: _Ints, longitude_to: _Ints
) -> _Ints:
    """The same for each row; 0 where either end is not known."""
    is_known = (latitude < NOWHERE) & (latitude_to < NOWHERE)
    across = np.abs(longitude - longitude_to) % _TURN
    across = np.minimum(across, _TURN - across)
    shrink = (_cosine_of_column(latitude) + _cosine_of_column(latitude_to)) // 2
    east = across * _METRES_PER_DEGREE // _MICRO * shrink // _ONE
    north = np.abs(latitude - latitude_to) * _METRES_PER_DEGREE // _MICRO
    squares = np.where(is_known, east * east + north * north, 0)
    return np.where(is_known, isqrt_of_column(squares), 0)


def _cosine_of_column(latitude: _Ints) -> _Ints:
    angle = np.clip(latitude, -90 * _MICRO, 90 * _MICRO) * _RADIAN >> 24
    square = angle * angle >> 20
    term = result = np.full_like(square, _ONE)
    for step in _TAYLOR:
        term = -(term * square >> 20) // step
        result = result + term
    return np.maximum(result, 0)


def isqrt_of_column(values: _Ints) -> _Ints:
    """The whole part of the square root, for values below 2^52."""
    root = np.sqrt(values.astype(np.float64)).astype(np.int64)
    root = root - (root * root > values)
    return root + ((root + 1) * (root + 1) <= values)
