"""How far apart two places are: integers only, so that every machine finds the same metres.

The same numbers, step for step, as the solver's columns (`solver/pool/distance.py`): what a round
proposes is not refused for a metre.
"""

from math import isqrt

Place = tuple[int, int]
"""Latitude and longitude in millionths of a degree."""

_METRES_PER_DEGREE = 111_195
_MICRO = 1_000_000
_TURN = 360 * _MICRO
_ONE = 1 << 20
_RADIAN = 307_042  # pi / 180 / 10^6 * 2^44


def metres(a: Place, b: Place) -> int:
    """On a sphere unrolled at the mean latitude."""
    across = abs(a[1] - b[1]) % _TURN
    across = min(across, _TURN - across)
    shrink = (_cosine(a[0]) + _cosine(b[0])) // 2
    east = across * _METRES_PER_DEGREE // _MICRO * shrink // _ONE
    north = abs(a[0] - b[0]) * _METRES_PER_DEGREE // _MICRO
    return isqrt(east * east + north * north)


def _cosine(latitude: int) -> int:
    """Times 2^20, by Taylor's series to the tenth power."""
    angle = max(-90 * _MICRO, min(90 * _MICRO, latitude)) * _RADIAN >> 24
    square = angle * angle >> 20
    term = result = _ONE
    for step in (2, 12, 30, 56, 90):
        term = -(term * square >> 20) // step
        result += term
    return max(result, 0)
