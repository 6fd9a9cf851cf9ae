"""Which rows of a column name a code; a row that names none means any."""

from collections.abc import Sequence

import numpy as np

from services.matching.solver.columns import Flags, Indices, Ints


class Membership:
    """is_any: of each row, whether it names no code."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.is_any: Flags = np.array([not codes for codes in rows], dtype=np.bool_)
        self._count = len(rows)
        pairs = [(code, row) for row, codes in enumerate(rows) for code in set(codes)]
        columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        self._codes, self._rows = columns[:, 0], columns[:, 1].astype(np.int32)

    def rows(self, code: int) -> Indices:
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
