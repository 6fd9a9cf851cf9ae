"""Synthetic pools: 33 towns a city, 12 Zipf categories, budgets at 90% of what is asked.

30% of the offers are capped per request, 20% restricted to a tier. Sums as in the articles: a wish
asks for some hundreds to some thousands of yuan, an offer is a campaign member's or a fund's.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.arrays import Ints
from services.matching.solver.columns import ANY, NO_LIMIT, NONE, Demand, Pool, Supply
from services.matching.solver.weights import STEPS, Weights

TOWNS, CATEGORIES, TIERS = 33, 12, 5
BUDGET_SHARE = 0.9
CAPPED_SHARE, RESTRICTED_SHARE, LIMITED_SHARE, CITYWIDE_SHARE = 0.3, 0.2, 0.3, 0.05
NATIONAL_SHARE = 0.01  # of several cities' offers: for requests of any


@dataclass(frozen=True, slots=True)
class Shape:
    """candidates: about how many offers a request has."""

    requests: int
    offers: int
    candidates: int
    cities: int = 1

    @property
    def name(self) -> str:
        return f"{self.requests:,} x {self.offers:,}"


SHAPES = (
    Shape(1_000, 18, 6),
    Shape(10_000, 500, 14),
    Shape(50_000, 1_300, 27),
    Shape(200_000, 5_000, 27, cities=4),
)
MILLION = Shape(1_000_000, 20_000, 27, cities=20)


def pool(shape: Shape, seed: int, *, cases: bool) -> Pool:
    """cases: offers limit how many requests they serve at once."""
    chance = np.random.default_rng(seed)
    demand = _demand(shape, chance)
    supply = _supply(shape, chance, demand)
    if not cases:
        supply = replace(supply, cases=np.full(shape.offers, NO_LIMIT))
    return Pool("fen", "", demand, supply)


def _zipf() -> NDArray[np.float64]:
    share = 1 / np.arange(1, CATEGORIES + 1)
    whole: NDArray[np.float64] = share / share.sum()
    return whole


def _centres(shape: Shape) -> tuple[Ints, Ints]:
    """Towns on a grid of about 10 km, cities 100 km apart."""
    town = np.arange(shape.cities * TOWNS)
    inside, city = town % TOWNS, town // TOWNS
    latitude = 22_800_000 + inside // 6 * 90_000 + city // 5 * 900_000
    longitude = 113_600_000 + inside % 6 * 97_000 + city % 5 * 970_000
    return latitude, longitude


def _demand(shape: Shape, chance: np.random.Generator) -> Demand:
    count = shape.requests
    tier = chance.choice(TIERS, count, p=[0.1, 0.2, 0.25, 0.2, 0.25])
    town = chance.integers(0, shape.cities * TOWNS, count)
    latitude, longitude = _centres(shape)
    days = np.minimum(chance.geometric(1 / 20, count) - 1, 90)
    weights = Weights()
    level = np.minimum(weights.tier_days * tier - days, weights.level_max)
    return Demand(
        ids=[f"R-{n:07}" for n in range(count)],
        amount=np.round(np.exp(chance.normal(10.8, 0.8, count)) / 100).astype(np.int64) * 100 + 100,
        tier=tier,
        level=level,
        steps=STEPS * level - tier,
        waited=days,
        category=chance.choice(CATEGORIES, count, p=_zipf()),
        town=town,
        city=town // TOWNS,
        village=np.full(count, NONE),
        beneficiary_class=np.zeros(count, dtype=np.int64),
        latitude=latitude[town] + chance.integers(-40_000, 40_000, count),
        longitude=longitude[town] + chance.integers(-40_000, 40_000, count),
        is_placed=np.ones(count, dtype=np.bool_),
    )


def _supply(shape: Shape, chance: np.random.Generator, demand: Demand) -> Supply:
    count, towns = shape.offers, shape.cities * TOWNS
    categories = [_some_categories(chance) for _ in range(count)]
    served = _towns(shape, chance, categories)
    budget = np.exp(chance.normal(0, 0.7, count))
    budget = (budget / budget.sum() * BUDGET_SHARE * int(demand.amount.sum())).astype(np.int64)
    capped = chance.random(count) < CAPPED_SHARE
    restricted = chance.random(count) < RESTRICTED_SHARE
    cap = chance.integers(20_000, 150_000, count)
    tiers = 1 << chance.integers(0, TIERS, count)
    mean = float(demand.amount.mean())
    cases = np.maximum(1, budget / mean * chance.uniform(0.7, 1.5, count)).astype(np.int64)
    limited = chance.random(count) < LIMITED_SHARE
    latitude, longitude = _centres(shape)
    home = np.array([next(iter(some), chance.integers(0, towns)) for some in served])
    return Supply(
        ids=[f"O-{n:06}" for n in range(count)],
        budget=budget,
        used=np.zeros(count, dtype=np.int64),
        cap=np.where(capped, cap, NO_LIMIT),
        cases=np.where(limited, cases, NO_LIMIT),
        tiers=np.where(restricted, tiers, ANY),
        beneficiary_classes=np.full(count, ANY),
        latitude=latitude[home] + chance.integers(-40_000, 40_000, count),
        longitude=longitude[home] + chance.integers(-40_000, 40_000, count),
        is_placed=np.ones(count, dtype=np.bool_),
        radius_m=np.full(count, NO_LIMIT),
        specialism=np.array([Weights().compute_specialism(len(some)) for some in categories]),
        unreliability=chance.integers(0, 101, count),
        campaign=np.full(count, NONE),
        categories=categories,
        towns=served,
        villages=[[] for _ in range(count)],
    )


def _some_categories(chance: np.random.Generator) -> list[int]:
    number = int(chance.integers(1, 5))
    return sorted(int(c) for c in chance.choice(CATEGORIES, number, replace=False, p=_zipf()))


def _towns(
    shape: Shape, chance: np.random.Generator, categories: list[list[int]]
) -> list[list[int]]:
    """So many neighbours that requests have the candidates of the shape."""
    share = _zipf()
    serving = sum(float(share[some].sum()) for some in categories) / shape.cities
    open_to_all = 1 - RESTRICTED_SHARE * (1 - 1 / TIERS)
    wanted = shape.candidates / (serving * open_to_all)
    mean = min(TOWNS, max(1.0, (wanted - CITYWIDE_SHARE) / (1 - CITYWIDE_SHARE) * TOWNS))
    found: list[list[int]] = []
    for _ in range(shape.offers):
        if shape.cities > 1 and chance.random() < NATIONAL_SHARE:
            found.append([])
            continue
        city = int(chance.integers(0, shape.cities)) * TOWNS
        number = TOWNS if chance.random() < CITYWIDE_SHARE else int(chance.poisson(mean - 1)) + 1
        first = int(chance.integers(0, TOWNS))
        found.append(sorted(city + (first + step) % TOWNS for step in range(min(number, TOWNS))))
    return found
