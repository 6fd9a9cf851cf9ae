"""A recorded round solved again: the same inputs must give the same hashes, wherever it is done.

Apart from what solves rounds in the service: the command line alone replays them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.matching.solver.interface import (
    Solver,
    SolverResult,
    hash_prices,
    hash_solution,
    hash_text,
    read_inputs,
)
from shared.documents import Document

Verdict = Literal["same", "differs", "inputs_differ", "other_solver"]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """differing: names of what is not as recorded."""

    number: int
    kind: str
    needs: int
    verdict: Verdict
    differing: tuple[str, ...] = ()


def replay_round(record: Document, solvers: Sequence[Solver]) -> ReplayResult:
    """By the solver that the round names.

    record: `{"round": {...}, "inputs": text}`, as the service hands it out.
    """
    recorded = record["round"]
    number, kind, text = int(recorded["number"]), str(recorded["kind"]), str(record["inputs"])
    if hash_text(text) != recorded["input_hash"]:
        return ReplayResult(number, kind, int(recorded["needs"]), "inputs_differ", ("input_hash",))
    named = (recorded["solver"], recorded["solver_version"])
    solver = next((each for each in solvers if (each.name, each.version) == named), None)
    if solver is None:
        return ReplayResult(
            number, kind, int(recorded["needs"]), "other_solver", ("solver_version",)
        )
    hashes = _compute_hashes(kind, solver.decide(read_inputs(text)))
    differing = tuple(name for name, value in hashes.items() if str(recorded[name]) != str(value))
    verdict: Verdict = "differs" if differing else "same"
    return ReplayResult(number, kind, int(recorded["needs"]), verdict, differing)


def _compute_hashes(kind: str, result: SolverResult) -> dict[str, object]:
    hashes: dict[str, object] = {
        "solution_hash": hash_solution(result.allocations),
        "objective": result.objective,
        "bound": result.bound,
    }
    return hashes | ({"prices_hash": hash_prices(result.prices)} if kind == "whole" else {})
