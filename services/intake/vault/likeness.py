"""What two texts have in common, in numbers that say nothing of either.

A text is the set of its pairs of characters, each hashed with a key of the vault. The least of them
under each of 32 orders is its signature: two texts agree in about as many places as they share
pairs. Eight bands of three are looked up by an index. Who has the database and no key learns which
texts are nearly the same, and no letter of any.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.intake.vault.sealing import Vault
from shared.text import fold_text

ORDERS = 32
BANDS, BAND_ROWS = 8, 3
PAIRS_MIN = 4
"""A text of fewer is like too many."""
TEXT_MAX = 500
MARK_BYTES = 2
PAIRS_REMEMBERED = 65_536
"""With their hashes, in memory: people use the same few thousand, and hashing them anew was half of
what sealing a request took."""

Words = NDArray[np.uint64]

# Written below a text by intake, alike for everybody: 〔网页登记，…〕, 村（居）：茶山村.
_OURS = re.compile(r"〔[^〕]*〕|^村（居）：.*$", re.MULTILINE)
_NOISE = re.compile(r"[^一-鿿a-z]+")
_SEED = np.random.default_rng(20220120)
_FACTORS: Words = _SEED.integers(1, 2**63, ORDERS, dtype=np.uint64) | np.uint64(1)
_OFFSETS: Words = _SEED.integers(0, 2**63, ORDERS, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Likeness:
    """bands: for an index. marks: to compare by. Both are empty where a text says too little."""

    bands: tuple[int, ...] = ()
    marks: bytes = b""


def derive_likeness(vault: Vault, text: str) -> Likeness:
    plain = _NOISE.sub("", fold_text(_OURS.sub("", text)[:TEXT_MAX]).casefold())
    pairs = {plain[start : start + 2] for start in range(len(plain) - 1)}
    if len(pairs) < PAIRS_MIN:
        return Likeness()
    hashes = np.array([_hash(vault, pair) for pair in pairs], dtype=np.uint64)
    least: Words = (hashes[:, None] * _FACTORS + _OFFSETS).min(axis=0)
    rows = least[: BANDS * BAND_ROWS].reshape(BANDS, BAND_ROWS)
    bands = tuple(_hash_band(vault, band, row) for band, row in enumerate(rows))
    return Likeness(bands, (least >> np.uint64(48)).astype(np.uint16).tobytes())


@lru_cache(maxsize=PAIRS_REMEMBERED)
def _hash(vault: Vault, pair: str) -> int:
    return int.from_bytes(vault.digest(b"pair " + pair.encode())[:8], "big")


def _hash_band(vault: Vault, band: int, row: Words) -> int:
    """Signed, as the database stores it."""
    digest = vault.digest(b"band %d " % band + row.tobytes())
    return int.from_bytes(digest[:8], "big", signed=True)


def compare_marks(first: bytes, second: bytes) -> float:
    """About which share of their pairs two texts have in common; 0 where one says too little."""
    if not first or len(first) != len(second):
        return 0.0
    a, b = (np.frombuffer(each, dtype=np.uint16) for each in (first, second))
    return float((a == b).mean())
