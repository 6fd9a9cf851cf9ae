"""Proofs a second, made from the published tiles and checked."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

from services.audit.tlog.proofs import Prover
from services.audit.tlog.reader import Directory
from tests.bench.loop import Say

PROOFS = 20_000


@dataclass(frozen=True, slots=True)
class Proving:
    """Proofs a second: of entries at random, of entries one after another, of older sizes."""

    inclusion: float
    inclusion_in_order: float
    consistency: float


def measure_proving(log: Path, size: int, say: Say) -> Proving:
    say("ledger: proving")
    chance = random.Random(1)
    anywhere = [chance.randrange(size) for _ in range(PROOFS)]
    older = [chance.randrange(1, size) for _ in range(PROOFS)]
    in_order = [number * size // PROOFS for number in range(PROOFS)]
    return Proving(
        _rate(log, size, anywhere, "inclusion"),
        _rate(log, size, in_order, "inclusion"),
        _rate(log, size, older, "consistency"),
    )


def _rate(log: Path, size: int, numbers: list[int], kind: str) -> float:
    prover = Prover(Directory(log), size)
    prove = prover.prove_inclusion if kind == "inclusion" else prover.prove_consistency
    start = time.perf_counter()
    for number in numbers:
        prove(number)
    return len(numbers) / (time.perf_counter() - start)
