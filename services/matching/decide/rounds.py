"""Decisions on rounds: one instance closes a round; its solution is stored beside its inputs."""

from datetime import datetime, timedelta

from services.matching.model.round import (
    INPUTS,
    CloseRound,
    DemandWholeRound,
    FinishRound,
    KeepRoundAlive,
    RecordSolution,
    Round,
    WholeRoundDemand,
    build_round_id,
)
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyRef,
    Command,
    Decision,
    Record,
    Ref,
    States,
    refusal,
)
from shared.moments import as_stored


def touches_close(command: Command[CloseRound]) -> tuple[AnyRef, ...]:
    said = command.data
    before = (Ref(Round, build_round_id(said.pool, said.number - 1)),) if said.number > 1 else ()
    return (Ref(Round, build_round_id(said.pool, said.number)), *before)


def decide_close(states: States, command: Command[CloseRound], now: datetime) -> Decision:
    """The first to close it works it; and not before the round before it is done."""
    said = command.data
    id_ = build_round_id(said.pool, said.number)
    if states.get(Round, id_) is not None:
        return Decision(answer=refusal(409, "round_closed", "本轮已截止", "already closed"))
    if said.number > 1:
        before = states.get(Round, build_round_id(said.pool, said.number - 1))
        if before is None or before.state != "done":
            return Decision(answer=refusal(409, "round_open", "上一轮未完", "one is not done yet"))
    expires_at = now + timedelta(days=said.retention_days)
    beside = {"inputs": said.inputs, "expires_at": expires_at}
    kept = Record(INPUTS, id_, {"pool": said.pool, "number": said.number, **beside})
    terms = said.model_dump(exclude={"inputs", "retention_days"})
    closed = Round(id=id_, closed_at=now, alive_at=now, expires_at=expires_at, **terms)
    return Decision((closed,), answer=Answer(201, {"number": said.number}), records=(kept,))


def touches_round(
    command: Command[KeepRoundAlive] | Command[RecordSolution] | Command[FinishRound],
) -> tuple[AnyRef, ...]:
    return (Ref(Round, build_round_id(command.data.pool, command.data.number)),)


def decide_keep(states: States, command: Command[KeepRoundAlive], now: datetime) -> Decision:
    current = states.get(Round, build_round_id(command.data.pool, command.data.number))
    if current is None or current.state == "done":
        return NOTHING
    return Decision((current.model_copy(update={"alive_at": now}),))


def decide_solution(states: States, command: Command[RecordSolution], now: datetime) -> Decision:
    """Its first solution stands; a batch keeps the hash of the prices it was given."""
    said = command.data
    current = states.get(Round, build_round_id(said.pool, said.number))
    if current is None or current.state != "closed":
        return NOTHING
    found = {name: getattr(said, name) for name in RecordSolution.model_fields}
    if current.kind == "batch":
        found |= {"prices": (), "prices_hash": current.prices_hash}
    return Decision((current.model_copy(update=found | {"state": "solved", "alive_at": now}),))


def decide_finish(states: States, command: Command[FinishRound], now: datetime) -> Decision:
    current = states.get(Round, build_round_id(command.data.pool, command.data.number))
    if current is None or current.state != "solved":
        return NOTHING
    return Decision((current.model_copy(update={"state": "done", "alive_at": now}),))


def touches_demand(command: Command[DemandWholeRound]) -> tuple[AnyRef, ...]:
    return (Ref(WholeRoundDemand, command.data.pool),)


def decide_demand(states: States, command: Command[DemandWholeRound], now: datetime) -> Decision:  # noqa: ARG001
    """The next round is a whole one; asked again before it comes, it is still that one."""
    pool = command.data.pool
    # As the database keeps it, so that whoever waits can compare.
    asked_at = as_stored(now)
    demand = WholeRoundDemand(id=pool, asked_at=asked_at, asked_by=command.principal)
    answer = Answer(202, {"pool": pool, "asked_at": asked_at.isoformat()})
    return Decision((demand,), answer=answer)
