"""Which offers serve a category in a town: found once for each bucket."""

from collections.abc import Sequence

import numpy as np

from services.matching.solver.pool.columns import Flags, Indices, Ints, Supply


class Buckets:
    """(category, town) -> rows of the supply, ascending."""

    def __init__(self, supply: Supply) -> None:
        self._by_category = _Membership(supply.categories)
        self._by_town = _Membership(supply.towns)
        self._serving: dict[int, Flags] = {}
        self._found: dict[tuple[int, int], Indices] = {}

    def table(self, categories: Ints, towns: Ints) -> tuple[Flags, Flags]:
        """(codes, offers): which serve each category, which each town; for few offers."""
        by_category = [self._by_category.flags(code) for code in categories.tolist()]
        by_town = [self._by_town.flags(code) for code in towns.tolist()]
        return np.array(by_category), np.array(by_town)

    def of(self, category: int, town: int) -> Indices:
        found = self._found.get((category, town))
        if found is None:
            rows = self._by_town.of(town)
            found = self._found[category, town] = rows[self._flags(category)[rows]]
        return found

    def _flags(self, category: int) -> Flags:
        flags = self._serving.get(category)
        if flags is None:
            flags = self._serving[category] = self._by_category.flags(category)
        return flags


class _Membership:
    """code -> which rows name it, or name none and so mean any."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        members: dict[int, list[int]] = {}
        for row, codes in enumerate(rows):
            for code in codes:
                members.setdefault(code, []).append(row)
        self._members = members
        self._any = [row for row, codes in enumerate(rows) if not codes]
        self._count = len(rows)

    def of(self, code: int) -> Indices:
        return np.array(sorted(self._any + self._members.get(code, [])), dtype=np.int32)

    def flags(self, code: int) -> Flags:
        flags = np.zeros(self._count, dtype=np.bool_)
        flags[self.of(code)] = True
        return flags
