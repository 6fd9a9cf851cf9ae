"""Rounds: one instance closes each, in order, and its solution is recorded."""

from datetime import timedelta

from services.matching.model.round import (
    POOL,
    CloseRound,
    DemandWholeRound,
    FinishRound,
    KeepRoundAlive,
    RecordSolution,
    Round,
    RoundKind,
    WholeRoundDemand,
)
from services.matching.solver.interface import Allocation
from shared import mongo
from tests.matching.decisions import NOW, DecisionHarness


def close(decisions: DecisionHarness, number: int, kind: RoundKind = "whole") -> int:
    said = CloseRound(
        pool=POOL,
        number=number,
        kind=kind,
        inputs=b"{}",
        retention_days=400,
        input_hash="00",
        needs=1,
        offers=1,
        weights_version="2026-01",
        weights_hash="22",
        priced_by=None if kind == "whole" else 1,
        prices_hash="" if kind == "whole" else "33",
    )
    answer = decisions.command(said)
    assert answer is not None
    return answer.status


def finish(decisions: DecisionHarness, number: int) -> None:
    decisions.command(
        RecordSolution(
            pool=POOL,
            number=number,
            solver="min_cost_flow",
            solver_version="1",
            allocations=(Allocation("R-1", "O-1", 1, 5),),
            solution_hash="11",
            objective=10**30,
            prices=(("O-1", 40),),
            prices_hash="44",
        )
    )
    decisions.command(FinishRound(pool=POOL, number=number))


def test_only_the_first_to_close_a_round_works_it() -> None:
    decisions = DecisionHarness()
    assert [close(decisions, 1), close(decisions, 1)] == [201, 409]


def test_round_waits_for_the_one_before_it() -> None:
    decisions = DecisionHarness()
    assert [close(decisions, 2), close(decisions, 1), close(decisions, 2)] == [409, 201, 409]
    finish(decisions, 1)
    assert close(decisions, 2) == 201


def test_solution_is_recorded_once() -> None:
    decisions = DecisionHarness()
    close(decisions, 1)
    finish(decisions, 1)
    done = decisions.get(Round, "city-1")
    finish(decisions, 1)
    assert decisions.get(Round, "city-1") == done
    assert done.state == "done"
    assert done.allocations == (Allocation("R-1", "O-1", 1, 5),)


def test_whole_round_keeps_its_prices_and_a_batch_the_hash_of_those_it_was_given() -> None:
    decisions = DecisionHarness()
    for number, kind in ((1, "whole"), (2, "batch")):
        close(decisions, number, "whole" if kind == "whole" else "batch")
        finish(decisions, number)
    whole, batch = decisions.get(Round, "city-1"), decisions.get(Round, "city-2")
    assert (whole.prices, whole.prices_hash, whole.priced_by) == ((("O-1", 40),), "44", None)
    assert (batch.prices, batch.prices_hash, batch.priced_by) == ((), "33", 1)


def test_objective_beyond_the_databases_integers_is_kept() -> None:
    decisions = DecisionHarness()
    close(decisions, 1)
    finish(decisions, 1)
    kept = decisions.get(Round, "city-1")
    document = mongo.to_document(kept)
    assert document["objective"] == "1" + "0" * 30
    assert mongo.to_state(Round, document) == kept


def test_round_that_is_worked_says_so_until_it_is_done() -> None:
    decisions = DecisionHarness()
    close(decisions, 1)
    decisions.advance(5)
    decisions.command(KeepRoundAlive(pool=POOL, number=1))
    assert decisions.get(Round, "city-1").alive_at == NOW + timedelta(seconds=5)
    finish(decisions, 1)
    decisions.advance(5)
    decisions.command(KeepRoundAlive(pool=POOL, number=1))
    assert decisions.get(Round, "city-1").alive_at == NOW + timedelta(seconds=5)


def test_whole_round_is_asked_for_by_name() -> None:
    decisions = DecisionHarness()
    answer = decisions.command(DemandWholeRound(), principal="op")
    assert answer is not None
    assert answer.status == 202
    demand = decisions.get(WholeRoundDemand, POOL)
    assert (demand.asked_at, demand.asked_by) == (NOW, "op")
