"""Recorded rounds solved again: the same inputs must give the same hashes, wherever it is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.matching.solver.interface import Decided, Solver, digest, read, solution_digest
from services.matching.solver.recording import prices_digest

Verdict = Literal["same", "differs", "inputs_differ", "other_solver"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """differing: names of what is not as recorded."""

    number: int
    kind: str
    needs: int
    verdict: Verdict
    differing: tuple[str, ...] = ()


def replayed(record: Mapping[str, Any], solver: Solver) -> Replayed:
    """record: `{"round": {...}, "inputs": text}`, as the service hands it out."""
    held = record["round"]
    number, kind, text = int(held["number"]), str(held["kind"]), str(record["inputs"])
    if digest(text) != held["input_hash"]:
        return Replayed(number, kind, int(held["needs"]), "inputs_differ", ("input_hash",))
    if (held["solver"], held["solver_version"]) != (solver.name, solver.version):
        return Replayed(number, kind, int(held["needs"]), "other_solver", ("solver_version",))
    again = _hashes(kind, solver.decide(read(text)))
    differing = tuple(name for name, value in again.items() if str(held[name]) != str(value))
    verdict: Verdict = "differs" if differing else "same"
    return Replayed(number, kind, int(held["needs"]), verdict, differing)


def _hashes(kind: str, decided: Decided) -> dict[str, Any]:
    found: dict[str, Any] = {
        "solution_hash": solution_digest(decided.allocations),
        "objective": decided.objective,
        "bound": decided.bound,
    }
    return found | ({"prices_hash": prices_digest(decided.prices)} if kind == "whole" else {})
