"""A round: one look over the pool, an aggregate of its own so that one instance closes it."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainSerializer

from services.matching.solver.interface import Allocation, Prices
from shared.contracts.values import Identifier, Value, Whole
from shared.messaging.decision import State

POOL = "city"

RoundKind = Literal["batch", "whole"]
# StoredPoints times units outgrow what the database calls an integer.
StoredPoints = Annotated[int, PlainSerializer(str, return_type=str)]

# Where a round's inputs are kept, which are never changed and may be large.
INPUTS = "round_inputs"


class Round(State):
    """closed: inputs recorded; solved: allocations stored; done: every allocation was decided on.

    kind: `whole` finds the optimum over the open pool, and prices; `batch` decides what came or
    changed since, at those prices. alive_at: whoever works it was last heard of.
    input_hash: SHA-256 of the inputs' canonical JSON; weights_hash, prices_hash and solution_hash
    likewise. priced_by: the whole round a batch has its prices from; a whole round keeps its own.
    needs, offers: how many stood in it. objective, bound: points times units.
    expires_at: from then on neither it nor its inputs are kept.
    """

    COLLECTION: ClassVar[str] = "rounds"

    pool: str
    number: int
    kind: RoundKind = "batch"
    state: Literal["closed", "solved", "done"] = "closed"
    closed_at: datetime
    alive_at: datetime
    expires_at: datetime | None = None
    input_hash: str
    needs: int = 0
    offers: int = 0
    weights_version: str = ""
    weights_hash: str = ""
    priced_by: int | None = None
    prices_hash: str = ""
    solver: str = ""
    solver_version: str = ""
    allocations: tuple[Allocation, ...] = ()
    solution_hash: str = ""
    objective: StoredPoints = 0
    bound: StoredPoints | None = None
    prices: Prices = ()


class WholeRoundDemand(State):
    """Somebody wants the optimum over the open pool now. Its id is the pool."""

    COLLECTION: ClassVar[str] = "round_demands"

    asked_at: datetime
    asked_by: str


def build_round_id(pool: str, number: int) -> str:
    return f"{pool}-{number}"


class CloseRound(Value):
    """inputs: compressed (rounds/store.py); retention_days: the round; the rest as in Round."""

    pool: str
    number: Annotated[Whole, Field(ge=1)]
    kind: RoundKind
    inputs: bytes
    retention_days: Annotated[Whole, Field(ge=1)]
    input_hash: str
    needs: int
    offers: int
    weights_version: str
    weights_hash: str
    priced_by: int | None = None
    prices_hash: str = ""


class KeepRoundAlive(Value):
    """It is being worked: nobody need take it over."""

    pool: str
    number: int


class RecordSolution(Value):
    """prices: of a whole round."""

    pool: str
    number: int
    solver: str
    solver_version: str
    allocations: tuple[Allocation, ...]
    solution_hash: str
    objective: int
    bound: int | None = None
    prices: Prices = ()
    prices_hash: str = ""


class FinishRound(Value):
    pool: str
    number: int


class DemandWholeRound(Value):
    pool: Identifier = POOL
