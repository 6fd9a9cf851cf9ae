"""What a process remembers of its own writes: used where a version is checked, never believed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import Conflict
from shared.messaging.batch_store import BatchStore
from shared.messaging.changes import Changes, Loaded, Snapshot
from shared.messaging.decision import NOTHING, Answer, AnyRef, Command, Decision, Ref, States
from shared.messaging.fold import Fold
from shared.messaging.inbox import Incoming, Item
from shared.messaging.recent import REST_BATCHES_MAX, BoundedCache, RecentStates
from shared.messaging.state_writes import encode_states
from shared.messaging.uncommitted import Place, describe_writes
from tests.shared.test_fold import NOW
from tests.shared.test_reads import Account, Pay, Payments, pay_item

A: AnyRef = Ref(Account, "a")


def remembered(version: int = 3, amount: int = 0) -> Mapping[AnyRef, Loaded]:
    return {A: Loaded(Account(id="a", amount=amount), version, is_remembered=True)}


def make_fold(states: Mapping[AnyRef, Loaded], assumed: frozenset[str] = frozenset()) -> Fold:
    return Fold("/audit", Snapshot({}, {}, {}, {}, {}, states, assumed), NOW)


def ask(states: States, command: Command[Pay], now: datetime) -> Decision:
    """Writes nothing, and refuses what is not there."""
    states.require(Account, command.data.account)
    return NOTHING


def test_what_writes_what_it_read_is_decided_without_a_load() -> None:
    fold = make_fold(remembered(amount=5))
    assert fold.run([pay_item(Payments(), "a"), pay_item(Payments(), "a")]) == set()
    assert fold.changes.states[A] == Account(id="a", amount=3)
    assert fold.changes.read == {A}


def test_what_writes_nothing_waits_for_what_the_database_says() -> None:
    fold = make_fold(remembered())
    items = [pay_item(Payments(), "a"), pay_item(ask, "a"), pay_item(ask, "a")]
    assert fold.run(items) == {A}
    assert len(fold.changes.results) == 1
    fold.add({A: Loaded(Account(id="a"), 3)})
    assert fold.run(items) == set()
    assert len(fold.changes.results) == 3
    assert fold.changes.states[A] == Account(id="a", amount=-1)


def test_a_refusal_and_a_bug_wait_for_it_too() -> None:
    def fail(states: States, command: Command[Pay], now: datetime) -> Decision:
        states.require(Account, "a")
        raise ZeroDivisionError

    fold = make_fold(remembered())
    items = [pay_item(fail, "a")]
    assert fold.run(items) == {A}
    assert not fold.changes.results
    fold.add({A: Loaded(Account(id="a"), 3)})
    assert fold.run(items) == set()
    assert [result.kind for result in fold.changes.results] == ["bug"]


def test_memory_behind_the_database_decides_nothing() -> None:
    fold = make_fold(remembered(version=3))
    items = [pay_item(Payments(), "a"), pay_item(ask, "a")]
    assert fold.run(items) == {A}
    with pytest.raises(Conflict):
        fold.add({A: Loaded(Account(id="a", amount=99), 4)})


def test_what_the_database_says_counts_though_the_version_is_the_same() -> None:
    """As where somebody moved a deadline by hand."""
    fold = make_fold(remembered(amount=1))

    def tell(states: States, command: Command[Pay], now: datetime) -> Decision:
        return Decision(answer=Answer(200, {"amount": states.require(Account, "a").amount}))

    items = [pay_item(tell, "a")]
    fold.add({ref: Loaded(Account(id="a", amount=9), 3) for ref in fold.run(items)})
    assert fold.run(items) == set()
    assert fold.changes.results[0].answer == Answer(200, {"amount": 9})


def test_what_waits_for_the_database_is_asked_for_at_once() -> None:
    others: dict[AnyRef, Loaded] = {
        Ref(Account, name): Loaded(Account(id=name), 1, is_remembered=True) for name in "bcd"
    }
    fold = make_fold(others)
    assert fold.run([pay_item(ask, name) for name in "bcd"]) == set(others)


def test_a_record_of_a_subject_that_may_have_begun_becomes_no_dead_letter() -> None:
    """Where it is a repetition, it was worked: there is nothing to keep."""
    payment = pay_item(ask, "nobody")
    record = Incoming("c", "guanjia.matches", 0, 1, b"{}", None)
    item = Item(record, payment.input, payment.handler, stream="s", sequence=1)
    unknown = make_fold({}, assumed=frozenset({"s"}))
    unknown.add({Ref(Account, "nobody"): Loaded(None)})
    with pytest.raises(Conflict):
        unknown.run([item])
    known = make_fold({})
    known.add({Ref(Account, "nobody"): Loaded(None)})
    assert known.run([item]) == set()
    assert len(known.changes.dead_letters) == 1


async def test_a_place_that_is_remembered_makes_no_dead_letter_of_a_repetition() -> None:
    """Another instance may have worked it meanwhile: then there is nothing to keep."""
    unconnected: Any = None
    store = BatchStore(unconnected, unconnected, "/audit", unconnected)
    changes = Changes(sequences={"s": 4})
    store._recent.remember(describe_writes(Snapshot({}, {}, {"s": 3}, {}, {}), changes, {}))
    payment = pay_item(ask, "nobody")
    record = Incoming("c", "guanjia.matches", 0, 1, b"{}", None)
    item = Item(record, payment.input, payment.handler, stream="s", sequence=5)
    snapshot = await store.load([item])
    assert snapshot.sequences == {"s": 4}, "nothing was read"
    fold = Fold("/audit", snapshot, NOW)
    fold.add({Ref(Account, "nobody"): Loaded(None)})
    with pytest.raises(Conflict):
        fold.run([item])


# --- the memory itself ---


def commit(
    recent: RecentStates, account: Account, version: int = 0, changes: Changes | None = None
) -> None:
    """account: as it was written; version: before that."""
    ref: AnyRef = Ref(Account, account.id)
    before = Loaded(Account(id="before") if version else None, version)
    snapshot = Snapshot({ref: before}, {}, {}, {}, {})
    encoded = encode_states(snapshot, Changes(states={ref: account}))[ref]
    recent.remember(describe_writes(snapshot, changes or Changes(), {ref: encoded.loaded}))


def test_a_state_is_remembered_as_the_database_would_give_it() -> None:
    recent = RecentStates()
    commit(recent, Account(id="a", due_at=NOW + timedelta(microseconds=1234)), version=6)
    loaded = recent.get(A)
    assert loaded is not None
    assert (loaded.version, loaded.is_remembered) == (7, True)
    assert loaded.state == Account(id="a", due_at=NOW + timedelta(milliseconds=1))
    assert loaded.state is not None
    assert loaded.state.due_at is not None
    assert loaded.state.due_at.tzinfo is UTC


def test_what_was_read_alone_is_remembered_with_its_new_version() -> None:
    recent = RecentStates()
    commit(recent, Account(id="a"))
    read = Snapshot({A: Loaded(None, 1)}, {}, {}, {}, {})
    recent.remember(describe_writes(read, Changes(read={A}), {}))
    loaded = recent.get(A)
    assert loaded is not None
    assert loaded.version == 2


def test_after_a_conflict_it_rests_longer_each_time() -> None:
    recent = RecentStates()
    rests = []
    for _ in range(10):
        commit(recent, Account(id="a"))
        recent.forget()
        assert recent.get(A) is None
        rests.append(0)
        while recent.is_resting:
            commit(recent, Account(id="a"))
            rests[-1] += 1
            assert recent.get(A) is None
    assert rests == [1, 2, 4, 8, 16, 32, 64, 128, 256, REST_BATCHES_MAX]


def test_a_place_behind_which_something_waits_is_not_remembered() -> None:
    recent = RecentStates()
    item = pay_item(ask, "a")
    snapshot = Snapshot({}, {}, {"s": 4}, {}, {})
    worked = Changes(sequences={"s": 9, "new": 1})
    recent.remember(describe_writes(snapshot, worked, {}))
    assert recent.find_places(["s", "new", "none"]) == {"s": Place(9, 5), "new": Place(1, 1)}
    waits = Changes(sequences={"s": 9}, parked={("s", 11): item})
    recent.remember(describe_writes(snapshot, waits, {}))
    assert recent.find_places(["s", "new"]) == {"new": Place(1, 1)}
    waiting = Snapshot({}, {}, {"s": 5}, {}, {"s": {11: item}})
    closed = Changes(sequences={"s": 11}, unparked={("s", 11)})
    recent.remember(describe_writes(waiting, closed, {}))
    assert recent.find_places(["s"]) == {"s": Place(11, 6)}


def test_the_cache_is_bounded_and_keeps_what_came_last() -> None:
    cache = BoundedCache[int, int](100)
    for number in range(1, 1000):
        cache.put(number, number, size=10)
        assert cache.get(number) == number
    assert sum(cache.get(number) is not None for number in range(1000)) <= 20
    assert cache.get(999) == 999
