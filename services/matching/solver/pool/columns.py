"""Requests and offers of one resource as columns, in ascending order of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Indices = NDArray[np.int32]
Flags = NDArray[np.bool_]

NO_LIMIT = 1 << 60
NOWHERE = 1 << 40  # a coordinate that is not known
ANY = -1  # all bits


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """A row for each request.

    category, town, city, beneficiary_class: codes. latitude, longitude: microdegrees or NOWHERE.
    """

    ids: Sequence[str]
    amount: Ints
    tier: Ints
    level: Ints
    category: Ints
    town: Ints
    city: Ints
    beneficiary_class: Ints
    latitude: Ints
    longitude: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, which: NDArray[np.intp]) -> "Demand":
        """which: ascending."""
        columns = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name != "ids"}
        return Demand([self.ids[row] for row in which.tolist()], **columns)


_LISTS = ("ids", "categories", "towns")


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """A row for each offer.

    cap: per request; cases: new requests at once; radius_m: metres; each NO_LIMIT for none.
    tiers, beneficiary_classes: bit masks of codes. categories, towns: codes, empty for any.
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
    radius_m: Ints
    specialism: Ints
    unreliability: Ints
    categories: Sequence[Sequence[int]]
    towns: Sequence[Sequence[int]]

    def __len__(self) -> int:
        return len(self.ids)

    def less(self, quantity: Ints, cases: Ints) -> "Supply":
        """After it gave these quantities to so many new cases."""
        left = np.where(self.cases == NO_LIMIT, NO_LIMIT, self.cases - cases)
        budget, used = self.budget - quantity, self.used + quantity
        return replace(self, budget=budget, used=used, cases=left)

    def rows(self, which: NDArray[np.intp]) -> "Supply":
        """which: ascending."""
        rows = which.tolist()
        columns: dict[str, Any] = {
            name: [column[row] for row in rows] if name in _LISTS else column[which]
            for name, column in ((f.name, getattr(self, f.name)) for f in fields(self))
        }
        return Supply(**columns)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rows (request, offer, quantity) in ascending order of both."""

    request: Ints
    offer: Ints
    quantity: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> "Pairs":
        columns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
        return cls(columns[:, 0], columns[:, 1], columns[:, 2])

    def rows(self, request: NDArray[np.intp], offer: NDArray[np.intp]) -> "Pairs":
        """Those among these rows, which ascend, by their new numbers."""
        if not len(self.request) or not len(request) or not len(offer):
            return Pairs.of([])
        mine = np.isin(self.request, request) & np.isin(self.offer, offer)
        return Pairs(
            np.searchsorted(request, self.request[mine]),
            np.searchsorted(offer, self.offer[mine]),
            self.quantity[mine],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """One resource. excluded: never asked (again). shares: what an offer gives already."""

    unit: str
    item: str
    demand: Demand
    supply: Supply
    excluded: Pairs
    shares: Pairs
