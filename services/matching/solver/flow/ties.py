"""Ties broken by the ids, so that neither the order of input nor of arcs shows in a solution.

A cost becomes cost * 2^shift + hash(request, offer). A cycle of the network has at most
2 * (offers + 1) hashed arcs; as their sum stays below 2^shift, no tie-break outweighs a point.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.messages import WEIGHTS_TOO_LARGE
from services.matching.solver.columns import Indices, Ints

SHIFT_MAX = 24
_COST_LIMIT = 1 << 63  # of |cost| * (nodes + 1), in the flow solver

_Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """below: the hashes' bound. request, offer: a word for each row."""

    shift: int
    below: int
    request: _Words
    offer: _Words

    def of_pairs(self, request: Indices, offer: Indices) -> Ints:
        return self._bounded(_mixed(self.request[request] ^ _mixed(self.offer[offer])))

    def of_requests(self) -> Ints:
        return self._bounded(_mixed(self.request))

    def _bounded(self, words: _Words) -> Ints:
        if not self.below:
            return np.zeros(len(words), dtype=np.int64)
        return ((words >> np.uint64(20)) % np.uint64(self.below)).astype(np.int64)


def ties_of(requests: Sequence[str], offers: Sequence[str], cost_max: int) -> Ties:
    shift = shift_of(cost_max, len(requests) + len(offers) + 1)
    below = (1 << shift) // (2 * (len(offers) + 1))
    return Ties(shift, below, _words(requests), _words(offers))


def shift_of(cost_max: int, nodes: int) -> int:
    """The largest up to SHIFT_MAX that the solver's integers bear."""
    limit = _COST_LIMIT // (nodes + 1)
    for shift in range(SHIFT_MAX, -1, -1):
        if (cost_max + 1) << shift < limit:
            return shift
    raise WEIGHTS_TOO_LARGE.invalid("weights")


def _words(ids: Sequence[str]) -> _Words:
    crc = (zlib.crc32(id_.encode()) for id_ in ids)
    return _mixed(np.fromiter(crc, dtype=np.uint64, count=len(ids)))


def _mixed(words: _Words) -> _Words:
    """Splitmix64's finish."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
