"""A round: one look over the pool, an aggregate of its own so that one instance closes it."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.matching.solver.interface import Allocation
from shared.contracts.values import Value
from shared.messaging.decision import State


class Round(State):
    """inputs: the solver's, canonical JSON, whose SHA-256 is input_hash; solution_hash likewise.

    closed: inputs recorded; solved: allocations stored; done: every allocation was decided on.
    """

    COLLECTION: ClassVar[str] = "rounds"

    pool: str
    number: int
    state: Literal["closed", "solved", "done"] = "closed"
    closed_at: datetime
    inputs: str
    input_hash: str
    solver: str = ""
    solver_version: str = ""
    allocations: tuple[Allocation, ...] = ()
    solution_hash: str = ""


def round_id(pool: str, number: int) -> str:
    return f"{pool}-{number}"


class CloseRound(Value):
    pool: str
    number: Annotated[int, Field(ge=1)]
    inputs: str
    input_hash: str


class RecordSolution(Value):
    pool: str
    number: int
    solver: str
    solver_version: str
    allocations: tuple[Allocation, ...]
    solution_hash: str


class FinishRound(Value):
    pool: str
    number: int
