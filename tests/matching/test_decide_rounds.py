"""Rounds: one instance closes each, in order, and its solution is recorded."""

from services.matching.model.round import CloseRound, FinishRound, RecordSolution, Round
from services.matching.solver.interface import Allocation
from tests.matching.deciding import Desk


def close(desk: Desk, number: int) -> int:
    answer = desk.command(CloseRound(pool="city", number=number, inputs="{}", input_hash="00"))
    assert answer is not None
    return answer.status


def finish(desk: Desk, number: int) -> None:
    desk.command(
        RecordSolution(
            pool="city",
            number=number,
            solver="priority_order",
            solver_version="1",
            allocations=(Allocation("R-1", "O-1", 1, 5),),
            solution_hash="11",
        )
    )
    desk.command(FinishRound(pool="city", number=number))


def test_only_the_first_to_close_a_round_works_it() -> None:
    desk = Desk()
    assert [close(desk, 1), close(desk, 1)] == [201, 409]


def test_round_waits_for_the_one_before_it() -> None:
    desk = Desk()
    assert [close(desk, 2), close(desk, 1), close(desk, 2)] == [409, 201, 409]
    finish(desk, 1)
    assert close(desk, 2) == 201


def test_solution_is_recorded_once() -> None:
    desk = Desk()
    close(desk, 1)
    finish(desk, 1)
    done = desk.get(Round, "city-1")
    finish(desk, 1)
    assert desk.get(Round, "city-1") == done
    assert done.state == "done"
    assert done.allocations == (Allocation("R-1", "O-1", 1, 5),)
