"""`python -m tests.matching.shuffled_replay FILE SEED`: solution hashes of exported rounds.

Each round's needs, offers and prices are shuffled before it is solved.
"""

import json
import random
import sys
from dataclasses import replace
from pathlib import Path

from services.matching.solver.interface import Inputs, hash_solution, read_inputs, write_inputs
from services.matching.solver.solve import MinCostFlow


def shuffled(inputs: Inputs, chance: random.Random) -> Inputs:
    needs, offers, prices = list(inputs.needs), list(inputs.offers), list(inputs.prices or ())
    chance.shuffle(needs)
    chance.shuffle(offers)
    chance.shuffle(prices)
    known = None if inputs.prices is None else tuple(prices)
    return replace(inputs, needs=tuple(needs), offers=tuple(offers), prices=known)


def main(file: Path, seed: int) -> None:
    chance, solver = random.Random(seed), MinCostFlow()
    for line in file.read_text(encoding="utf-8").splitlines():
        inputs = read_inputs(json.loads(line)["inputs"])
        other = shuffled(inputs, chance)
        assert write_inputs(other) == write_inputs(inputs)
        print(hash_solution(solver.decide(other).allocations))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
