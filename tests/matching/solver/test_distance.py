"""Metres: the columns say what the decision's scalars say, and both what the sphere says."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.model import place as scalar
from services.matching.model.place import NOWHERE, compute_roots, measure_columns
from tests.support.examples import count_examples

latitudes = st.integers(-60_000_000, 60_000_000)
longitudes = st.integers(-180_000_000, 180_000_000)
steps = st.integers(-300_000, 300_000)


def columns(*values: int) -> list[np.typing.NDArray[np.int64]]:
    return [np.array([value], dtype=np.int64) for value in values]


@settings(max_examples=count_examples(100, 300))
@given(latitudes, longitudes, latitudes, longitudes)
def test_columns_and_scalars_are_the_same(a: int, b: int, c: int, d: int) -> None:
    assert measure_columns(*columns(a, b, c, d))[0] == scalar.measure_metres((a, b), (c, d))


@settings(max_examples=count_examples(100, 300))
@given(latitudes, longitudes, steps, steps)
def test_within_a_region_they_are_those_of_the_sphere(a: int, b: int, dy: int, dx: int) -> None:
    """To 2 in 1000 and a few metres."""
    there = (a + dy, b + dx)
    assert math.isclose(
        scalar.measure_metres((a, b), there), haversine((a, b), there), rel_tol=2e-3, abs_tol=5
    )


def haversine(a: tuple[int, int], b: tuple[int, int]) -> float:
    p, q = math.radians(a[0] / 1e6), math.radians(b[0] / 1e6)
    turn = math.radians((b[1] - a[1]) / 1e6)
    inner = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(turn / 2) ** 2
    return 2 * 111_195 * 180 / math.pi * math.asin(math.sqrt(inner))


@given(st.integers(0, 2**51))
def test_roots_are_whole_parts(value: int) -> None:
    assert compute_roots(np.array([value]))[0] == math.isqrt(value)
    square = math.isqrt(value) ** 2
    assert compute_roots(np.array([square, max(0, square - 1)])).tolist() == [
        math.isqrt(square),
        math.isqrt(max(0, square - 1)),
    ]


def test_unknown_place_is_no_distance() -> None:
    assert measure_columns(*columns(NOWHERE, NOWHERE, 23_000_000, 113_000_000))[0] == 0
