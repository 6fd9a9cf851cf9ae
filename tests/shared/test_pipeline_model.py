"""Whatever fails while a batch is decided ahead, it is as if one had been decided after the other.

The loop is real, the database is in memory and fails on purpose: somebody is faster, the commit is
lost, or it is made and nobody hears of it; processes die and share the work.
"""

import asyncio
import random
from collections import Counter as Multiset
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging import state_writes
from shared.messaging.decision import Answer, Command
from shared.messaging.inbox import Incoming, Item
from tests.shared.test_fold import Memory
from tests.support.examples import count_examples
from tests.support.ledgerlet import Add
from tests.support.ledgerlet_harness import MATCHING
from tests.support.memory_mongo import MemoryDatabase
from tests.support.pipeline import (
    POISON,
    REFUSED,
    Instance,
    Tell,
    in_memory,
    list_effects,
    load,
    make_inbox,
    make_record,
)


@dataclass
class Play:
    """Records of one partition and commands, given to instances that come and go."""

    records: list[Incoming]
    commands: list[Command]
    dice: random.Random
    database: MemoryDatabase
    answers: dict[int, Answer] = field(default_factory=dict)

    async def read_on(self, instance: Instance) -> None:
        """As a consumer that begins at the stored place, with two fetches under way."""
        rows = self.database.list_rows("positions")
        at = rows[0]["next"] if rows else 0
        earlier: asyncio.Task[None] | None = None
        try:
            while at < len(self.records):
                size = self.dice.randint(1, 7)
                fetched = self.records[at : at + size]
                submitted = asyncio.create_task(instance.processor.submit(fetched))
                await asyncio.sleep(0)
                if earlier:
                    await earlier
                earlier, at = submitted, at + size
            if earlier:
                await earlier
        finally:
            if earlier:
                earlier.cancel()

    async def ask_all(self, instance: Instance) -> None:
        for number, command in enumerate(self.commands):
            if number in self.answers:
                continue
            data: Any = command.data
            before = load(self.database, data.counter).total if isinstance(data, Tell) else 0
            answer = await instance.ask(command)
            assert before <= answer.body["total"] <= load(self.database, data.counter).total
            self.answers[number] = answer

    async def perform(self, deaths: int, *, shared: bool) -> None:
        """Each life ends somewhere, but for the last. shared: another reads and decides it too."""
        for life in range(deaths + 1):
            instances = [Instance(self.database) for _ in range(2 if shared else 1)]
            work = [asyncio.create_task(self.read_on(each)) for each in instances]
            work.append(asyncio.create_task(self.ask_all(instances[0])))
            if life < deaths:
                for _ in range(self.dice.randint(1, 120)):
                    await asyncio.sleep(0)
                for task in work:
                    task.cancel()
            ended = await asyncio.gather(*work, return_exceptions=True)
            for instance in instances:
                await instance.stop()
            for failure in ended:
                if isinstance(failure, Exception):
                    raise failure


endings = st.lists(
    st.sampled_from(["committed", "committed", "fails", "lost", "unheard"]), max_size=30
)
quantities = st.sampled_from([1, 1, 1, 1, 1, 1, 2, 3, POISON, REFUSED])
deliveries = st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 8)), max_size=50)


@settings(max_examples=count_examples(60, 1500), deadline=None)
@given(
    deliveries=deliveries,
    amounts=st.dictionaries(st.tuples(st.sampled_from("AB"), st.integers(1, 8)), quantities),
    asked=st.lists(st.tuples(st.sampled_from("AX"), st.integers(0, 9)), max_size=12),
    endings=endings,
    seed=st.integers(0, 2**32),
    deaths=st.integers(0, 3),
    shared=st.booleans(),
    start=st.sampled_from([0.0, 0.0, None]),
    after_conflicts=st.booleans(),
    checked_together_from=st.sampled_from([1, 4, 1000]),
)
def test_whatever_fails_it_is_as_if_one_was_decided_after_the_other(
    deliveries: list[tuple[str, int]],
    amounts: dict[tuple[str, int], int],
    asked: list[tuple[str, int]],
    endings: list[str],
    seed: int,
    deaths: int,
    shared: bool,
    start: float | None,
    after_conflicts: bool,
    checked_together_from: int,
) -> None:
    dice = random.Random(seed)
    records = [
        make_record(offset, subject, sequence, amounts.get((subject, sequence), 1))
        for offset, (subject, sequence) in enumerate(deliveries)
    ]
    commands: list[Command] = [
        Command(Add(counter=counter, amount=amount + 1), key=f"/audit|{n}")
        if amount < 8
        else Command(Tell(counter=counter))
        for n, (counter, amount) in enumerate(asked)
    ]
    database = MemoryDatabase(iter(endings))
    database.turns = lambda: dice.randrange(4)
    play = Play(records, commands, dice, database)
    with (
        patch.object(state_writes, "CHECKED_TOGETHER_FROM", checked_together_from),
        in_memory(start, after_conflicts=after_conflicts),
    ):
        asyncio.run(play.perform(deaths, shared=shared))
    check_against_one_by_one(play)


def list_letters(items: Sequence[Item]) -> set[str]:
    """That one by one they lead to."""
    memory, letters = Memory(), set[str]()
    for item in items:
        letters |= memory.work([item]).dead_letters.keys()
    return letters


def check_against_one_by_one(play: Play) -> None:
    inbox, database = make_inbox(), play.database
    model = Memory()
    items = [inbox.parse_record(record) for record in play.records]
    for item in [*items, *(inbox.make_item(command) for command in play.commands)]:
        model.work([item])
    sequences = {row["_id"]: row["last"] for row in database.list_rows("sequences")}
    assert sequences == model.sequences
    parked = {(row["stream"], row["sequence"]) for row in database.list_rows("parked")}
    assert parked == {(stream, n) for stream, waiting in model.parked.items() for n in waiting}
    for id_ in "ABX":
        counter = load(database, id_)
        assert counter.total == model.counter(id_).total
        assert Multiset(counter.seen) == Multiset(model.counter(id_).seen)
        for source in (f"{MATCHING}:", "/audit|"):  # each in its own order
            mine = [what for what in counter.seen if what.startswith(source)]
            assert mine == [s for s in model.counter(id_).seen if s.startswith(source)]
        effects = list_effects(database, id_)
        assert [effect["data"]["entry"] for effect in effects] == list(counter.seen)
        totals = [effect["data"]["amount_fen"] for effect in effects]
        check_answers(play, id_, dict(zip(counter.seen, totals, strict=True)))
    letters = {row["_id"] for row in database.list_rows("dead_letters")}
    assert letters == list_letters(items)


def check_answers(play: Play, counter: str, totals: dict[str, int]) -> None:
    """Each was told the sum after his own; who only asked was told one that there was."""
    for number, command in enumerate(play.commands):
        data: Any = command.data
        if data.counter == counter:
            told = play.answers[number].body["total"]
            sums = {totals[command.key]} if isinstance(data, Add) else {0, *totals.values()}
            assert told in sums
