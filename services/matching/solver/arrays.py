"""Columns of integers and what is computed of them, whatever they stand for.

Every stage of the solver speaks in these words, as it does in numpy's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import mul

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Indices = NDArray[np.int32]
Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


def sum_by_row(rows: Indices, values: Ints, count: int) -> Ints:
    """By row, in integers (numpy's bincount would add floats)."""
    result = np.zeros(count, dtype=np.int64)
    np.add.at(result, rows, values)
    return result


def sum_products(values: Ints, points: Ints) -> int:
    """Without numpy's limit on integers."""
    used = values != 0
    return sum(map(mul, values[used].tolist(), points[used].tolist()))


def rank_in_runs(rows: Indices) -> Ints:
    """0, 1, 2 ... within each run of equal rows; rows are sorted."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lengths = np.diff(np.append(starts, len(rows)))
    return np.arange(len(rows)) - np.repeat(starts, lengths)


def fill_in_order(parts: Ints, totals: Ints) -> Ints:
    """What each row's total fills of its parts, the first first. parts: (rows, columns)."""
    before = np.cumsum(parts, axis=1) - parts
    return np.asarray(np.clip(totals[:, None] - before, 0, parts))


class Membership:
    """Which rows of a column of codes name a code; a row that names none means any.

    is_any: of each row, whether it names no code.
    """

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.is_any: Flags = np.array([not codes for codes in rows], dtype=np.bool_)
        self._count = len(rows)
        pairs = [(code, row) for row, codes in enumerate(rows) for code in set(codes)]
        columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        self._codes, self._rows = columns[:, 0], columns[:, 1].astype(np.int32)

    def find_rows(self, code: int) -> Indices:
        """Those that name it, ascending."""
        first, end = np.searchsorted(self._codes, [code, code + 1])
        return self._rows[first:end]

    def names(self, codes: Ints, rows: Indices) -> Flags:
        """Of pairs of a code and a row, whether the row names the code."""
        keys = self._codes * self._count + self._rows
        if not len(keys):
            return np.zeros(len(rows), dtype=np.bool_)
        wanted = codes * self._count + rows
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.asarray(keys[at] == wanted)

    def has(self, codes: Ints, rows: Indices) -> Flags:
        """The same, or the row means any."""
        return self.names(codes, rows) | self.is_any[rows]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rows (request, other, value) in ascending order of both; other: an offer or a campaign."""

    request: Ints
    other: Ints
    value: Ints

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> "Pairs":
        columns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
        return cls(columns[:, 0], columns[:, 1], columns[:, 2])

    def select_rows(
        self, request: NDArray[np.intp], other: NDArray[np.intp] | None = None
    ) -> "Pairs":
        """Those among these rows, which ascend, by their new numbers; other: None for all."""
        if not len(self.request):
            return self
        mine = np.isin(self.request, request)
        if other is not None:
            mine &= np.isin(self.other, other)
        others = self.other[mine]
        return Pairs(
            np.searchsorted(request, self.request[mine]),
            others if other is None else np.searchsorted(other, others),
            self.value[mine],
        )

    def find(self, request: Indices, other: Indices | Ints) -> Ints:
        """The value of each of these pairs; 0 where there is none."""
        if not len(self.request):
            return np.zeros(len(request), dtype=np.int64)
        width = int(max(self.other.max(), other.max(initial=0))) + 1
        keys = self.request * width + self.other
        wanted = request.astype(np.int64) * width + other
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, self.value[at], 0)
