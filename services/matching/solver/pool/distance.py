"""Metres between points in microdegrees: integers alone, alike on every machine."""

import numpy as np

from services.matching.solver.pool.columns import NOWHERE, Ints

_METRES_PER_DEGREE = 111_195
_MICRO = 1_000_000
_TURN = 360 * _MICRO
_ONE = 1 << 20
# Pi / 180 / 10^6 * 2^44: microdegrees to radians in 2^-20, in two steps that stay below 2^63.
_RADIAN = 307_042


def metres(latitude: Ints, longitude: Ints, latitude_to: Ints, longitude_to: Ints) -> Ints:
    """On a sphere unrolled at the mean latitude; 0 where either end is not known."""
    known = (latitude < NOWHERE) & (latitude_to < NOWHERE)
    across = np.abs(longitude - longitude_to) % _TURN
    across = np.minimum(across, _TURN - across)
    shrink = (cosine(latitude) + cosine(latitude_to)) // 2
    east = across * _METRES_PER_DEGREE // _MICRO * shrink // _ONE
    north = np.abs(latitude - latitude_to) * _METRES_PER_DEGREE // _MICRO
    return np.where(known, isqrt(np.where(known, east * east + north * north, 0)), 0)


def cosine(latitude: Ints) -> Ints:
    """Times 2^20, by Taylor's series to the tenth power: off by less than 1 in 10^5."""
    angle = np.clip(latitude, -90 * _MICRO, 90 * _MICRO) * _RADIAN >> 24
    square = angle * angle >> 20
    term = result = np.full_like(square, _ONE)
    for step in (2, 12, 30, 56, 90):
        term = -(term * square >> 20) // step
        result = result + term
    return np.maximum(result, 0)


def isqrt(values: Ints) -> Ints:
    """The whole part of the square root, for values below 2^52."""
    root = np.sqrt(values.astype(np.float64)).astype(np.int64)
    root = root - (root * root > values)
    return root + ((root + 1) * (root + 1) <= values)
