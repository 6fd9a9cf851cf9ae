"""Records into pools: one for each resource, sorted by id, words turned into codes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from services.matching.solver.pool.columns import (
    ANY,
    NO_LIMIT,
    NOWHERE,
    Demand,
    Ints,
    Pairs,
    Pool,
    Supply,
)
from services.matching.solver.pool.records import Ask, Give
from services.matching.solver.pool.weights import Weights
from shared.errors import Invalid

CLASSES_MAX = 62  # as many as a mask has bits

# Of a code of the national division, such as 441900103: province and city.
_CITY_DIGITS = 4

_Row = TypeVar("_Row")


class Codes(dict[str, int]):
    """Words to numbers, in the order of asking."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self)
        return self[word]


def pools_of(asks: Iterable[Ask], gives: Iterable[Give], weights: Weights) -> list[Pool]:
    """In order of resource; those that nothing is asked of or offered for are there too."""
    wanted: dict[tuple[str, str], list[Ask]] = defaultdict(list)
    for ask in sorted(asks, key=lambda a: a.id):
        wanted[ask.unit, ask.item].append(ask)
    offered: dict[tuple[str, str], list[Give]] = defaultdict(list)
    for give in sorted(gives, key=lambda g: g.id):
        offered[give.unit, give.item].append(give)
    resources = sorted(wanted.keys() | offered.keys())
    return [_pool(key, wanted[key], offered[key], weights) for key in resources]


def _pool(
    resource: tuple[str, str], asks: Sequence[Ask], gives: Sequence[Give], weights: Weights
) -> Pool:
    codes = Codes(), Codes(), Codes()
    rows = {give.id: row for row, give in enumerate(gives)}
    return Pool(
        unit=resource[0],
        item=resource[1],
        demand=demand_of(asks, weights, *codes),
        supply=supply_of(gives, weights, *codes),
        excluded=Pairs.of(_excluded(asks, gives, rows)),
        shares=Pairs.of(
            [
                (number, rows[offer], quantity)
                for number, ask in enumerate(asks)
                for offer, quantity in ask.shares
                if offer in rows
            ]
        ),
    )


def demand_of(
    asks: Sequence[Ask], weights: Weights, categories: Codes, towns: Codes, classes: Codes
) -> Demand:
    column = _columns(asks)
    return Demand(
        ids=[ask.id for ask in asks],
        amount=column(lambda a: a.amount),
        tier=column(lambda a: a.tier),
        level=column(lambda a: weights.level(a.tier, a.days_waited)),
        category=column(lambda a: categories[a.category]),
        town=column(lambda a: towns[a.town]),
        city=column(lambda a: int(a.town[:_CITY_DIGITS]) if a.town.isdecimal() else 0),
        beneficiary_class=column(lambda a: _class(classes, a.beneficiary_class)),
        latitude=column(lambda a: NOWHERE if a.latitude is None else a.latitude),
        longitude=column(lambda a: NOWHERE if a.longitude is None else a.longitude),
    )


def supply_of(
    gives: Sequence[Give], weights: Weights, categories: Codes, towns: Codes, classes: Codes
) -> Supply:
    column = _columns(gives)
    return Supply(
        ids=[give.id for give in gives],
        budget=column(lambda g: g.budget),
        used=column(lambda g: g.used),
        cap=column(lambda g: NO_LIMIT if g.cap_per_request is None else g.cap_per_request),
        cases=column(lambda g: NO_LIMIT if g.cases_max is None else g.cases_max),
        tiers=column(lambda g: _mask(g.tiers)),
        beneficiary_classes=column(
            lambda g: _mask([_class(classes, word) for word in g.beneficiary_classes])
        ),
        latitude=column(lambda g: NOWHERE if g.latitude is None else g.latitude),
        longitude=column(lambda g: NOWHERE if g.longitude is None else g.longitude),
        radius_m=column(lambda g: NO_LIMIT if g.radius_m is None else g.radius_m),
        specialism=column(lambda g: weights.specialism(len(g.categories))),
        unreliability=column(lambda g: g.unreliability),
        categories=[sorted(categories[word] for word in give.categories) for give in gives],
        towns=[sorted(towns[word] for word in give.towns) for give in gives],
    )


def _columns(rows: Sequence[_Row]) -> Callable[[Callable[[_Row], int]], Ints]:
    return lambda field: np.fromiter(map(field, rows), dtype=np.int64, count=len(rows))


def _mask(codes: Sequence[int]) -> int:
    return sum(1 << code for code in set(codes)) if codes else ANY


def _class(classes: Codes, word: str) -> int:
    code = classes[word]
    if code >= CLASSES_MAX:
        raise Invalid.of(
            "too_many_classes",
            f"困难类别超过{CLASSES_MAX}种",
            f"there are more than {CLASSES_MAX} beneficiary classes",
            "beneficiary_class",
        )
    return code


def _excluded(
    asks: Sequence[Ask], gives: Sequence[Give], rows: dict[str, int]
) -> list[tuple[int, int, int]]:
    """A donor who said no is not asked through another of his offers."""
    of_donor: dict[str, list[str]] = defaultdict(list)
    for give in gives:
        of_donor[give.donor].append(give.id)
    return [
        (number, rows[offer], 0)
        for number, ask in enumerate(asks)
        if ask.excluded_offers or ask.excluded_donors
        for offer in {
            *ask.excluded_offers,
            *(offer for donor in ask.excluded_donors for offer in of_donor.get(donor, ())),
        }
        if offer in rows
    ]
