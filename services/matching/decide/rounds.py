"""Decisions on rounds: one instance closes a round; its solution is stored beside its inputs."""

from datetime import datetime, timedelta

from services.matching.messages import ROUND_CLOSED, ROUND_UNFINISHED
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
from shared.messaging.decision import NOTHING, Answer, Command, Decision, Record, States
from shared.moments import as_stored


def decide_close_round(states: States, command: Command[CloseRound], now: datetime) -> Decision:
    """The first to close it works it; and not before the round before it is done."""
    close = command.data
    round_id = build_round_id(close.pool, close.number)
    previous_id = build_round_id(close.pool, close.number - 1)
    existing, previous = states.get_each((Round, round_id), (Round, previous_id))
    if existing is not None:
        return Decision(answer=ROUND_CLOSED.refusal(409))
    if close.number > 1 and (previous is None or previous.state != "done"):
        return Decision(answer=ROUND_UNFINISHED.refusal(409))
    expires_at = now + timedelta(days=close.retention_days)
    inputs = {"pool": close.pool, "number": close.number, "inputs": close.inputs}
    record = Record(INPUTS, round_id, {**inputs, "expires_at": expires_at})
    terms = close.model_dump(exclude={"inputs", "retention_days"})
    closed = Round(id=round_id, closed_at=now, alive_at=now, expires_at=expires_at, **terms)
    return Decision((closed,), answer=Answer(201, {"number": close.number}), records=(record,))


def decide_keep_round_alive(
    states: States, command: Command[KeepRoundAlive], now: datetime
) -> Decision:
    current = states.get(Round, build_round_id(command.data.pool, command.data.number))
    if current is None or current.state == "done":
        return NOTHING
    return Decision((current.model_copy(update={"alive_at": now}),))


def decide_record_solution(
    states: States, command: Command[RecordSolution], now: datetime
) -> Decision:
    """Its first solution stands; a batch keeps the hash of the prices it was given."""
    solution = command.data
    current = states.get(Round, build_round_id(solution.pool, solution.number))
    if current is None or current.state != "closed":
        return NOTHING
    fields = {name: getattr(solution, name) for name in RecordSolution.model_fields}
    if current.kind == "batch":
        fields |= {"prices": (), "prices_hash": current.prices_hash}
    return Decision((current.model_copy(update=fields | {"state": "solved", "alive_at": now}),))


def decide_finish_round(states: States, command: Command[FinishRound], now: datetime) -> Decision:
    current = states.get(Round, build_round_id(command.data.pool, command.data.number))
    if current is None or current.state != "solved":
        return NOTHING
    return Decision((current.model_copy(update={"state": "done", "alive_at": now}),))


def decide_demand_whole_round(
    states: States, command: Command[DemandWholeRound], now: datetime
) -> Decision:
    """The next round is a whole one; asked again before it comes, it is still that one."""
    pool = command.data.pool
    states.get(WholeRoundDemand, pool)  # a decision writes only what it has read
    # As the database keeps it, so that whoever waits can compare.
    asked_at = as_stored(now)
    demand = WholeRoundDemand(id=pool, asked_at=asked_at, asked_by=command.principal)
    answer = Answer(202, {"pool": pool, "asked_at": asked_at.isoformat()})
    return Decision((demand,), answer=answer)
