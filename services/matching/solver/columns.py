"""Needs and offers of one resource as columns, in ascending order of their ids."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from services.matching.model.place import NOWHERE, Place
from services.matching.solver.arrays import Flags, Ints, Pairs, Rows
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.messages import CLASSES_TOO_MANY
from services.matching.solver.weights import STEPS, TIER_MAX, Weights

NO_LIMIT = 1 << 60
ANY = -1  # all bits
NONE = -1  # no code

CLASSES_MAX = 62  # as many as a mask has bits

# Of a code of the national division, such as 441900103: province and city.
_CITY_DIGITS = 4

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """A row for each request.

    level: in days; steps: the same by quarters of an hour, as it weighs. waited: whole days.
    category, town, city, village, beneficiary_class: codes; NONE for no village.
    latitude, longitude: microdegrees or NOWHERE; is_placed: whether they are its own, and not about
    the middle of its town.
    """

    ids: Sequence[str]
    amount: Ints
    tier: Ints
    level: Ints
    steps: Ints
    waited: Ints
    category: Ints
    town: Ints
    city: Ints
    village: Ints
    beneficiary_class: Ints
    latitude: Ints
    longitude: Ints
    is_placed: Flags

    def __len__(self) -> int:
        return len(self.ids)

    def select_rows(self, which: Rows) -> "Demand":
        """which: ascending."""
        columns = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name != "ids"}
        return Demand([self.ids[row] for row in which.tolist()], **columns)


_LISTS = ("ids", "categories", "towns", "villages")


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """A row for each offer.

    cap: per request; cases: new requests at once; radius_m: metres; each NO_LIMIT for none.
    tiers, beneficiary_classes: bit masks of codes. categories, towns, villages: codes, empty for
    any; a village or a town is enough. campaign: a code or NONE. is_placed: as of a request.
    """

    ids: Sequence[str]
    budget: Ints
    used: Ints
    cap: Ints
    cases: Ints
    tiers: Ints
    beneficiary_classes: Ints
    latitude: Ints
    longitude: Ints
    is_placed: Flags
    radius_m: Ints
    specialism: Ints
    unreliability: Ints
    campaign: Ints
    categories: Sequence[Sequence[int]]
    towns: Sequence[Sequence[int]]
    villages: Sequence[Sequence[int]]

    def __len__(self) -> int:
        return len(self.ids)

    def take_used(self, quantity: Ints, cases: Ints) -> "Supply":
        """After it gave these quantities to so many new cases."""
        remaining = np.where(self.cases == NO_LIMIT, NO_LIMIT, self.cases - cases)
        budget, used = self.budget - quantity, self.used + quantity
        return replace(self, budget=budget, used=used, cases=remaining)

    def select_rows(self, which: Rows) -> "Supply":
        """which: ascending."""
        rows = which.tolist()
        columns: dict[str, Any] = {
            name: [column[row] for row in rows] if name in _LISTS else column[which]
            for name, column in ((f.name, getattr(self, f.name)) for f in fields(self))
        }
        return Supply(**columns)


NO_PAIRS = Pairs.of([])

# Why an offer is never asked for a request (again): bits of a value of `Pool.excluded`.
OFFER_EXCLUDED, DONOR_EXCLUDED, FUND_EXCLUDED, FUND_RELATED, FUND_BARRED = 1, 2, 4, 8, 16
DONOR_ASKS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """One resource.

    excluded: (request, offer, why, as bits). shares: (request, offer, what it gives already).
    joined: (request, campaign, 1), whose offers may serve it.
    """

    unit: str
    item: str
    demand: Demand
    supply: Supply
    excluded: Pairs = NO_PAIRS
    shares: Pairs = NO_PAIRS
    joined: Pairs = NO_PAIRS

    def select_rows(self, requests: Rows, offers: Rows, supply: Supply) -> "Pool":
        """supply: of these offers. Both ascend."""
        return replace(
            self,
            demand=self.demand.select_rows(requests),
            supply=supply,
            excluded=self.excluded.select_rows(requests, offers),
            shares=self.shares.select_rows(requests, offers),
            joined=self.joined.select_rows(requests),
        )


# --- from needs and offers ------------------------------------------------------------------------


class _Codes(dict[str, int]):
    """Words to numbers, in the order of asking."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self)
        return self[word]


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The words of one resource."""

    categories: _Codes
    towns: _Codes
    villages: _Codes
    classes: _Codes
    campaigns: _Codes


def build_pools(
    needs: Iterable[OpenNeed], offers: Iterable[OpenOffer], weights: Weights, now_ms: int
) -> list[Pool]:
    """In order of resource; those that nothing is asked of or offered for are there too."""
    wanted: dict[tuple[str, str], list[OpenNeed]] = defaultdict(list)
    for need in sorted(needs, key=lambda n: n.id):
        wanted[need.unit, need.item].append(need)
    offered: dict[tuple[str, str], list[OpenOffer]] = defaultdict(list)
    for offer in sorted(offers, key=lambda o: o.id):
        offered[offer.unit, offer.item].append(offer)
    resources = sorted(wanted.keys() | offered.keys())
    return [_build_pool(key, wanted[key], offered[key], weights, now_ms) for key in resources]


def _build_pool(
    resource: tuple[str, str],
    needs: Sequence[OpenNeed],
    offers: Sequence[OpenOffer],
    weights: Weights,
    now_ms: int,
) -> Pool:
    words = _Vocabulary(*(_Codes() for _ in fields(_Vocabulary)))
    rows = {offer.id: row for row, offer in enumerate(offers)}
    return Pool(
        unit=resource[0],
        item=resource[1],
        demand=_build_demand(needs, weights, now_ms, words),
        supply=_build_supply(offers, weights, words),
        excluded=_build_excluded(needs, offers, rows),
        shares=Pairs.of(
            (number, rows[offer], quantity)
            for number, need in enumerate(needs)
            for offer, quantity in need.shares
            if offer in rows
        ),
        joined=Pairs.of(
            (number, words.campaigns[id_], 1)
            for number, need in enumerate(needs)
            for id_ in set(need.campaigns)
        ),
    )


def _build_demand(
    needs: Sequence[OpenNeed], weights: Weights, now_ms: int, words: _Vocabulary
) -> Demand:
    column = _make_columns(needs)
    return Demand(
        ids=[need.id for need in needs],
        amount=column(lambda n: n.remaining),
        tier=column(lambda n: min(n.tier, TIER_MAX)),
        level=column(
            lambda n: weights.compute_level(min(n.tier, TIER_MAX), n.count_days_waited(now_ms))
        ),
        steps=_count_steps(needs, weights, now_ms),
        waited=column(lambda n: n.count_days_waited(now_ms)),
        category=column(lambda n: words.categories[n.category]),
        town=column(lambda n: words.towns[n.town_code]),
        city=column(lambda n: int(n.town_code[:_CITY_DIGITS]) if n.town_code.isdecimal() else 0),
        village=column(lambda n: words.villages[n.village_code] if n.village_code else NONE),
        beneficiary_class=column(lambda n: _find_class_code(words.classes, n.beneficiary_class)),
        latitude=column(lambda n: _locate(n)[0]),
        longitude=column(lambda n: _locate(n)[1]),
        is_placed=column(lambda n: n.place is not None).astype(np.bool_),
    )


def _count_steps(needs: Sequence[OpenNeed], weights: Weights, now_ms: int) -> Ints:
    """Where the level ends, one step for each moment of recording: the oldest first."""
    steps = _make_columns(needs)(
        lambda n: weights.count_steps(min(n.tier, TIER_MAX), n.count_waited_ms(now_ms))
    )
    if weights.waiting == "counts_on":
        last = np.flatnonzero(steps <= STEPS * weights.level_min)
        recorded = np.array([needs[row].recorded_ms for row in last.tolist()], dtype=np.int64)
        _, age = np.unique(-recorded, return_inverse=True)  # 0 is the youngest
        steps[last] -= age
    return steps


def _build_supply(offers: Sequence[OpenOffer], weights: Weights, words: _Vocabulary) -> Supply:
    column = _make_columns(offers)
    return Supply(
        ids=[offer.id for offer in offers],
        budget=column(lambda o: o.free),
        used=column(lambda o: o.quantity - o.free),
        cap=column(lambda o: NO_LIMIT if o.cap_per_request is None else o.cap_per_request),
        cases=column(lambda o: NO_LIMIT if o.cases_free is None else o.cases_free),
        tiers=column(lambda o: _mask(o.tiers)),
        beneficiary_classes=column(
            lambda o: _mask(
                [_find_class_code(words.classes, word) for word in o.beneficiary_classes]
            )
        ),
        latitude=column(lambda o: _locate(o)[0]),
        longitude=column(lambda o: _locate(o)[1]),
        is_placed=column(lambda o: o.place is not None).astype(np.bool_),
        radius_m=column(lambda o: NO_LIMIT if o.radius_m is None else o.radius_m),
        specialism=column(lambda o: weights.compute_specialism(len(o.categories))),
        unreliability=column(lambda o: o.unreliability),
        campaign=column(
            lambda o: NONE if o.campaign_id is None else words.campaigns[o.campaign_id]
        ),
        categories=[sorted(words.categories[word] for word in o.categories) for o in offers],
        towns=[sorted(words.towns[word] for word in o.town_codes) for o in offers],
        villages=[sorted(words.villages[word] for word in o.village_codes) for o in offers],
    )


def _make_columns(rows: Sequence[_Row]) -> Callable[[Callable[[_Row], int]], Ints]:
    return lambda field: np.fromiter(map(field, rows), dtype=np.int64, count=len(rows))


def _locate(row: OpenNeed | OpenOffer) -> Place:
    return row.place or row.middle or (NOWHERE, NOWHERE)


def _mask(codes: Sequence[int]) -> int:
    return sum(1 << code for code in set(codes)) if codes else ANY


def _find_class_code(classes: _Codes, word: str) -> int:
    code = classes[word]
    if code >= CLASSES_MAX:
        raise CLASSES_TOO_MANY.invalid("beneficiary_class", most=CLASSES_MAX)
    return code


def _build_excluded(
    needs: Sequence[OpenNeed], offers: Sequence[OpenOffer], rows: dict[str, int]
) -> Pairs:
    """A donor who said no, or a fund, is not asked through another of its offers."""
    of_donor: dict[str, list[int]] = defaultdict(list)
    of_fund: dict[str, list[int]] = defaultdict(list)
    for row, offer in enumerate(offers):
        of_donor[offer.donor_id].append(row)
        if offer.fund_id is not None:
            of_fund[offer.fund_id].append(row)
    why: dict[tuple[int, int], int] = defaultdict(int)
    for number, need in enumerate(needs):
        for id_ in need.excluded_offers:
            if id_ in rows:
                why[number, rows[id_]] |= OFFER_EXCLUDED
        for ids, of, bit in (
            (need.excluded_donors, of_donor, DONOR_EXCLUDED),
            (need.own_donors, of_donor, DONOR_ASKS),
            (need.excluded_funds, of_fund, FUND_EXCLUDED),
            (need.related_funds, of_fund, FUND_RELATED),
            (need.barred_funds, of_fund, FUND_BARRED),
        ):
            for id_ in ids:
                for row in of.get(id_, ()):
                    why[number, row] |= bit
    return Pairs.of((request, offer, bits) for (request, offer), bits in why.items())
