"""Decisions on rounds: one instance closes a round; its solution is stored beside its inputs."""

from datetime import datetime

from services.matching.model.round import (
    CloseRound,
    FinishRound,
    RecordSolution,
    Round,
    round_id,
)
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)


def touches_close(command: Command[CloseRound]) -> tuple[AnyRef, ...]:
    said = command.data
    before = (Ref(Round, round_id(said.pool, said.number - 1)),) if said.number > 1 else ()
    return (Ref(Round, round_id(said.pool, said.number)), *before)


def decide_close(states: States, command: Command[CloseRound], now: datetime) -> Decision:
    """The first to close it works it; and not before the round before it is done."""
    said = command.data
    if states.get(Round, round_id(said.pool, said.number)) is not None:
        return Decision(answer=refusal(409, "round_closed", "本轮已截止", "already closed"))
    if said.number > 1:
        before = states.get(Round, round_id(said.pool, said.number - 1))
        if before is None or before.state != "done":
            return Decision(answer=refusal(409, "round_open", "上一轮未完", "one is not done yet"))
    closed = Round(
        id=round_id(said.pool, said.number),
        pool=said.pool,
        number=said.number,
        closed_at=now,
        inputs=said.inputs,
        input_hash=said.input_hash,
    )
    return Decision((closed,), answer=Answer(201, {"number": said.number}))


def touches_solution(command: Command[RecordSolution]) -> tuple[AnyRef, ...]:
    return (Ref(Round, round_id(command.data.pool, command.data.number)),)


def decide_solution(states: States, command: Command[RecordSolution], now: datetime) -> Decision:  # noqa: ARG001
    said = command.data
    current = states.get(Round, round_id(said.pool, said.number))
    if current is None or current.state != "closed":
        return NOTHING
    update = said.model_dump(include={"solver", "solver_version", "solution_hash"})
    update |= {"state": "solved", "allocations": said.allocations}
    return Decision((current.model_copy(update=update),))


def touches_finish(command: Command[FinishRound]) -> tuple[AnyRef, ...]:
    return (Ref(Round, round_id(command.data.pool, command.data.number)),)


def decide_finish(states: States, command: Command[FinishRound], now: datetime) -> Decision:  # noqa: ARG001
    current = states.get(Round, round_id(command.data.pool, command.data.number))
    if current is None or current.state != "solved":
        return NOTHING
    return Decision((current.model_copy(update={"state": "done"}),))
