"""The same model written again, plainly, and solved by HiGHS: what the solver is held against.

Nothing of the solver is used here but the instance, and of the house the distance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]
from scipy.sparse import coo_array  # type: ignore[import-untyped]

from services.matching.model import place
from services.matching.planner.instance import Instance, OfferRow, RequestRow
from services.matching.solver.weights import Weights
from shared.towns import find_middle

DEFAULTS = Weights()


@dataclass(frozen=True, slots=True)
class Pair:
    request: RequestRow
    offer: OfferRow
    room: int
    cost: int


def level(instance: Instance, request: RequestRow) -> int:
    """In quarters of an hour; a tier counts one less than its days."""
    weights = instance.weights
    waited = max(0, (instance.now - request.created_at) // timedelta(minutes=15))
    return min(96 * weights.level_max, (96 * weights.tier_days - 1) * request.tier - waited)


def metres(request: RequestRow, offer: OfferRow, weights: Weights = DEFAULTS) -> int:
    """The house's integers (test_distance.py holds them against the sphere)."""
    here = request.place or find_middle(request.town)
    there = offer.place or (find_middle(offer.towns[0]) if len(offer.towns) == 1 else None)
    if here is None or there is None:
        return weights.unknown_metres
    away = place.measure_metres(here, there)
    is_exact = request.place is not None and offer.place is not None
    return away if is_exact else max(away, weights.town_metres)


def is_candidate(instance: Instance, request: RequestRow, offer: OfferRow) -> bool:
    far = offer.radius_km is not None and (
        request.lat is None or metres(request, offer) > offer.radius_km * 1000
    )
    return (
        (offer.unit, offer.item) == (request.need.unit, request.need.item)
        and (not offer.categories or request.category in offer.categories)
        and (not offer.towns or request.town in offer.towns)
        and (not offer.tiers or request.tier in offer.tiers)
        and (
            not offer.beneficiary_classes or request.beneficiary_class in offer.beneficiary_classes
        )
        and offer.id not in request.excluded_offers
        and not far
        and offer.is_valid(instance.now)
    )


def pairs(instance: Instance) -> list[Pair]:
    weights = instance.weights
    found = []
    for request in instance.requests:
        for offer in instance.offers:
            if is_candidate(instance, request, offer):
                away = metres(request, offer, weights) // weights.metres_per_point
                cost = (
                    1
                    + min(away, weights.distance_points_max)
                    + weights.category_points
                    * ((len(offer.categories) or weights.categories_of_any) - 1)
                    + offer.unreliability
                )
                limit = offer.cap_per_request or request.need.quantity
                room = min(request.need.quantity, limit, offer.quantity)
                found.append(Pair(request, offer, room, cost))
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """bound: HiGHS's own; the objective's for a linear program."""

    objective: float
    bound: float


def optimum(
    instance: Instance,
    *,
    whole_cases: bool,
    points_per_level: int,
    left: Mapping[str, int] | None = None,
) -> Found:
    """whole_cases: open cases are 0 or 1, a mixed-integer program; else the linear relaxation.

    left: units that each request goes without, where that is settled.
    Variables: what each pair gives, whether it is a case, what is left, each offer's quarters, each
    request's donors beyond the first.
    """
    arcs = pairs(instance)
    requests = {request.id: row for row, request in enumerate(instance.requests)}
    offers = {offer.id: row for row, offer in enumerate(instance.offers)}
    n, r, o = len(arcs), len(requests), len(offers)
    worth = [
        (instance.weights.level_max + 1) * points_per_level
        - level(instance, request) * points_per_level // 96
        for request in instance.requests
    ]
    quarters = np.array([_quarters(offer.quantity) for offer in instance.offers]).reshape(-1)
    cost = np.concatenate(
        [
            [arc.cost for arc in arcs],
            np.zeros(n),
            worth,
            np.tile(instance.weights.load_points, o),
            [instance.weights.donor_points * of.need.quantity for of in instance.requests],
        ]
    )
    rows = _Rows(2 * n + r + 4 * o + r)
    for row, request in enumerate(instance.requests):
        mine = [at for at, arc in enumerate(arcs) if arc.request.id == request.id]
        amount = request.need.quantity
        rows.add([*((at, 1) for at in mine), (2 * n + row, 1)], amount, amount)
        more = 2 * n + r + 4 * o + row
        rows.add([*((n + at, 1) for at in mine), (more, -1)], -math.inf, 1)
    for row, offer in enumerate(instance.offers):
        mine = [at for at, arc in enumerate(arcs) if arc.offer.id == offer.id]
        filled = [(2 * n + r + 4 * row + quarter, -1) for quarter in range(4)]
        rows.add([*((at, 1) for at in mine), *filled], 0, 0)
        limit = math.inf if offer.max_cases is None else offer.max_cases
        rows.add([(n + at, 1) for at in mine], 0, limit)
    for at, arc in enumerate(arcs):
        rows.add([(at, 1), (n + at, -arc.room)], -math.inf, 0)
    rooms = [arc.room for arc in arcs]
    amounts = [request.need.quantity for request in instance.requests]
    lower = np.zeros(len(cost))
    upper = np.concatenate([rooms, np.ones(n), amounts, quarters, np.full(r, n)])
    if left is not None:
        settled = [left[request.id] for request in instance.requests]
        lower[2 * n : 2 * n + r] = upper[2 * n : 2 * n + r] = settled
    integral = np.zeros(len(cost))
    integral[n : 2 * n] = whole_cases
    if not len(cost):
        return Found(0.0, 0.0)
    solved = milp(
        cost,
        constraints=rows.constraint(),
        bounds=Bounds(lower, upper),
        integrality=integral,
        options={"mip_rel_gap": 0.0},
    )
    assert solved.success, solved.message
    bound = solved.fun if solved.mip_dual_bound is None else solved.mip_dual_bound
    return Found(float(solved.fun), float(bound))


def _quarters(quantity: int) -> list[int]:
    edges = [quantity * k // 4 for k in range(5)]
    return [b - a for a, b in pairwise(edges)]


class _Rows:
    """A sparse matrix, row by row."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._entries: list[tuple[int, int, float]] = []
        self._lower: list[float] = []
        self._upper: list[float] = []

    def add(self, entries: list[tuple[int, int]], lower: float, upper: float) -> None:
        row = len(self._lower)
        self._entries += [(row, column, value) for column, value in entries]
        self._lower.append(lower)
        self._upper.append(upper)

    def constraint(self) -> LinearConstraint:
        shape = (len(self._lower), self._columns)
        rows, columns, values = zip(*self._entries, strict=True) if self._entries else ((), (), ())
        matrix = coo_array((values, (rows, columns)), shape=shape).tocsr()
        return LinearConstraint(matrix, self._lower, self._upper)
