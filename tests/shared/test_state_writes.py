"""How a changed state comes to its document: what differs, and as few indexes as there is use for.

MongoDB 6.0 reads the catalog for each index of each update within a transaction: an update of a
collection with twenty indexes costs ten times one whose indexed fields stay as they are.
"""

from datetime import datetime
from typing import ClassVar

import bson
import pytest
from pydantic import computed_field

from shared import mongo
from shared.messaging.changes import Changes, Loaded, Snapshot
from shared.messaging.decision import AnyRef, Command, Ref, State
from shared.messaging.state_writes import encode_states
from tests.shared.test_fold import NOW
from tests.support.ledgerlet import Add, Counter, ledgerlet
from tests.support.ledgerlet_harness import load_counter
from tests.support.stack_harness import RunningService, StackHarness


class Purse(State):
    COLLECTION: ClassVar[str] = "purses"

    owners: tuple[str, ...] = ()
    fen: int = 0
    seen_at: datetime | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_empty(self) -> bool:
        return self.fen == 0


PURSE: AnyRef = Ref(Purse, "p")


def list_written(before: Purse | None, after: Purse) -> set[str]:
    loaded = Loaded(before, 7, 2) if before else Loaded(None)
    snapshot = Snapshot({PURSE: loaded}, {}, {}, {}, {})
    (encoded,) = encode_states(snapshot, Changes(states={PURSE: after})).values()
    assert encoded.loaded.state == after
    return set(bson.decode(encoded.content))


def test_only_what_changed_is_set() -> None:
    before = Purse(id="p", owners=("a", "b"), fen=5, seen_at=NOW)
    # `is_empty` comes along: a document of before it was stored lacks it.
    own = {"_version", "_emitted", "is_empty"}
    assert list_written(before, before.model_copy(update={"fen": 6})) == {"fen"} | own
    assert list_written(before, before.model_copy(update={"owners": ("a", "b")})) == own
    changed = before.model_copy(update={"owners": ("b",), "seen_at": None})
    assert list_written(before, changed) == {"owners", "seen_at"} | own


async def test_what_this_release_does_not_know_stays(stack: StackHarness) -> None:
    """Where instances of two releases run, a write of the earlier takes nothing away."""
    service = await stack.start(ledgerlet())
    add = service.runtime.processor.execute
    await add(Command(Add(counter="C", amount=1), key="a"))
    counters = service.runtime.database[Counter.COLLECTION]
    await counters.update_one({"_id": "C"}, {"$set": {"of_later": 1}})
    await add(Command(Add(counter="C", amount=2), key="b"))
    row = await counters.find_one({"_id": "C"})
    assert row is not None
    assert (row["total"], row["of_later"], row["_version"], row["_emitted"]) == (3, 1, 2, 2)
    assert (await load_counter(service, "C")).seen == ("a", "b")


async def test_what_an_earlier_release_stored_goes(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next start, and where an instance of that release wrote it after."""
    first = await stack.start(ledgerlet())
    for name in ("C", "D"):
        await first.runtime.processor.execute(Command(Add(counter=name, amount=1), key=name))
    counters = first.runtime.database[Counter.COLLECTION]
    await counters.update_many({}, {"$set": {"phone": "1", "of_later": 1}})
    await first.stop()
    monkeypatch.setattr(Counter, "RETIRED_FIELDS", frozenset({"phone", "fax"}))
    second = await stack.start(ledgerlet())
    assert await counters_with(second, "phone") == set()
    counters = second.runtime.database[Counter.COLLECTION]
    await counters.update_many({}, {"$set": {"phone": "2"}})
    await second.runtime.processor.execute(Command(Add(counter="C", amount=2), key="c"))
    assert await counters_with(second, "phone") == {"D"}
    assert await counters_with(second, "of_later") == {"C", "D"}
    assert (await load_counter(second, "C")).total == 3


async def counters_with(service: RunningService, field: str) -> set[str]:
    rows = service.runtime.database[Counter.COLLECTION].find({field: {"$exists": True}})
    return {row["_id"] async for row in rows}


async def test_deadlines_are_indexed_only_where_they_are_looked_for(stack: StackHarness) -> None:
    """An index of an earlier release goes at the next start."""
    first = await stack.start(ledgerlet())
    counters = first.runtime.database[Counter.COLLECTION]
    await counters.create_index("due_at")
    await first.stop()
    second = await stack.start(ledgerlet())
    indexes = await second.runtime.database[Counter.COLLECTION].index_information()
    assert set(indexes) == {"_id_"}
    with pytest.raises(ValueError, match="Counter"):
        await mongo.find_due(second.runtime.database, Counter, NOW)
