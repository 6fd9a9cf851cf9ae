"""What waits for the loop takes turns: nothing is lost, turned round or held up by the many."""

import asyncio
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import QueueFull, Transient
from shared.messaging.processor import Processor
from shared.messaging.waiting import WaitingLines


def test_one_persons_command_does_not_wait_for_a_hundred_thousand_rows() -> None:
    lines = WaitingLines[str]()
    lines.add(["row"] * 100_000)
    lines.add(["mine"])
    assert "mine" in lines.take(500)


def test_callers_with_much_share_a_batch() -> None:
    lines = WaitingLines[str]()
    for caller in "ab":
        lines.add([caller] * 1000)
    batch = lines.take(400)
    assert batch.count("a") == batch.count("b") == 200


def test_who_was_cut_short_goes_on_first() -> None:
    lines = WaitingLines[str](per_turn=2)
    lines.add(["a", "a", "a"])
    lines.add(["b", "b"])
    assert [lines.take(1), lines.take(2), lines.take(9)] == [["a"], ["a", "a"], ["b", "b"]]


def test_what_the_broker_gave_is_one_line() -> None:
    """Else what was fetched second would overtake what was fetched first."""
    lines = WaitingLines[int](per_turn=2)
    lines.add_lasting([1, 2, 3])
    lines.add([9, 9, 9])
    lines.add_lasting([4, 5])
    assert lines.take(6) == [1, 2, 9, 9, 3, 4]
    assert list(lines) == [9, 5]
    assert (lines.take(9), len(lines)) == ([9, 5], 0)
    lines.add_lasting([6])
    assert lines.take(9) == [6]


@given(
    sizes=st.lists(st.integers(0, 70), max_size=8),
    takes=st.lists(st.integers(1, 60), max_size=12),
    per_turn=st.integers(1, 25),
)
def test_everything_is_taken_once_and_each_line_in_its_order(
    sizes: list[int], takes: list[int], per_turn: int
) -> None:
    lines = WaitingLines[tuple[int, int]](per_turn)
    for line, size in enumerate(sizes):
        lines.add([(line, place) for place in range(size)])
    taken: list[tuple[int, int]] = []
    for count in takes:
        waiting = len(lines)
        batch = lines.take(count)
        assert len(batch) == min(count, waiting)
        taken += batch
    taken += list(lines.take(len(lines))) if len(lines) else []
    assert sorted(taken) == [
        (line, place) for line, size in enumerate(sizes) for place in range(size)
    ]
    for line in range(len(sizes)):
        assert [place for each, place in taken if each == line] == list(range(sizes[line]))


async def test_no_more_commands_wait_than_a_process_holds() -> None:
    """Nothing decides here: what is one too many is told at once to come back later (429)."""
    parts = {name: Mock() for name in ("inbox", "store", "publisher", "clock")}
    processor = Processor(service="ledgerlet", queue_max=3, **parts)
    waiting = asyncio.create_task(processor.execute_many([Mock(), Mock(), Mock()]))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull) as refused:
        await processor.execute(Mock())
    assert isinstance(refused.value, Transient)
    waiting.cancel()


async def test_what_was_taken_and_put_back_waits_too() -> None:
    parts = {name: Mock() for name in ("inbox", "store", "publisher", "clock")}
    processor = Processor(service="ledgerlet", queue_max=3, **parts)
    waiting = asyncio.create_task(processor.execute_many([Mock(), Mock(), Mock()]))
    await asyncio.sleep(0)
    processor._put_back(processor._take())
    with pytest.raises(QueueFull):
        await asyncio.wait_for(processor.execute(Mock()), 5)
    waiting.cancel()
