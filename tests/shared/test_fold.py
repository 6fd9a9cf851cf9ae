"""Folding a batch: repeated, reordered or poisoned, each event counts once, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import Event
from shared.contracts.events import MatchAccepted
from shared.messaging.changes import Changes, Loaded, Snapshot, StoredKey
from shared.messaging.decision import AnyRef, Command, Ref
from shared.messaging.fold import Fold
from shared.messaging.inbox import Incoming, Item
from tests.support.ledgerlet import ADD, ON_EVENT, Add, Counter

NOW = datetime(2026, 1, 20, tzinfo=UTC)


@dataclass
class Memory:
    """What the database would hold between batches: the other half of the loop, as dicts."""

    states: dict[Ref[Any], Loaded] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)
    parked: dict[str, dict[int, Item]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    loads: list[set[AnyRef]] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        return Snapshot({}, self.sequences, {}, self.keys, self.parked)

    def work(self, items: Sequence[Item]) -> Changes:
        snapshot = self.snapshot()
        fold = Fold("/audit", snapshot, NOW)
        while refs := fold.run(items):
            self.loads.append(refs)
            fold.add({ref: self.states.get(ref, Loaded(None)) for ref in refs})
        changes = fold.changes
        for ref, state in changes.states.items():
            before = snapshot.states[ref]
            emitted = changes.emitted.get(ref, before.emitted)
            self.states[ref] = Loaded(state, before.version + 1, emitted)
        self.sequences |= changes.sequences
        self.keys |= changes.keys
        for (stream, sequence), item in changes.parked.items():
            self.parked.setdefault(stream, {})[sequence] = item
        for stream, sequence in changes.unparked:
            del self.parked[stream][sequence]
        self.said += [outgoing.id for outgoing in changes.outgoing]
        return changes

    def counter(self, id_: str) -> Counter:
        found = self.states.get(Ref(Counter, id_))
        return found.state if found and isinstance(found.state, Counter) else Counter(id=id_)


def event(subject: str, sequence: int, quantity: int = 1) -> Item:
    fact = MatchAccepted(
        request_id="R",
        offer_id="O",
        person_id="P",
        donor_id="D",
        unit="fen",
        quantity=quantity,
    )
    parsed = Event[MatchAccepted].model_construct(
        id=f"/matching:{subject}:{sequence}",
        source="/matching",
        subject=subject,
        sequence=sequence,
        time=NOW,
        correlation_id="C",
        causation_id="",
        traceparent="",
        data=fact,
    )
    return Item(
        incoming=Incoming("c", "guanjia.matches", 0, sequence, b"{}", None),
        input=parsed,
        handler=ON_EVENT,
        stream=f"/matching|{subject}",
        sequence=sequence,
        subject=subject,
    )


def command(key: str, amount: int, digest: bytes = b"d") -> Item:
    asked = Command(Add(counter="C", amount=amount), key=key)
    return Item(input=asked, handler=ADD, key=key, digest=digest)


deliveries = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(1, 8)), min_size=1, max_size=60
)
cuts = st.lists(st.integers(0, 60), max_size=6)


def in_batches(items: Sequence[Item], cuts: Iterable[int]) -> list[Sequence[Item]]:
    edges = [0, *sorted({min(c, len(items)) for c in cuts}), len(items)]
    return [items[a:b] for a, b in pairwise(edges) if a < b]


@given(deliveries, cuts)
def test_whatever_is_redelivered_each_event_counts_once_in_order(
    deliveries: list[tuple[str, int]], cuts: list[int]
) -> None:
    memory = Memory()
    for batch in in_batches([event(*d) for d in deliveries], cuts):
        memory.work(batch)
    for subject in "ABC":
        got = {n for s, n in deliveries if s == subject}
        complete = next(n for n in range(10) if n + 1 not in got)
        expected = tuple(f"/matching:{subject}:{n}" for n in range(1, complete + 1))
        assert memory.counter(subject).seen == expected
        waiting = set(memory.parked.get(f"/matching|{subject}", ()))
        assert waiting == {n for n in got if n > complete}


@given(deliveries, cuts)
def test_batch_borders_change_nothing(deliveries: list[tuple[str, int]], cuts: list[int]) -> None:
    items = [event(*d) for d in deliveries]
    at_once, in_parts = Memory(), Memory()
    at_once.work(items)
    for batch in in_batches(items, cuts):
        in_parts.work(batch)
    assert {s: at_once.counter(s) for s in "ABC"} == {s: in_parts.counter(s) for s in "ABC"}
    assert sorted(at_once.said) == sorted(in_parts.said)


@given(st.lists(st.tuples(st.sampled_from(["k1", "k2", "k3"]), st.integers(1, 3)), max_size=20))
def test_a_key_is_carried_out_once_and_answered_the_same(asked: list[tuple[str, int]]) -> None:
    memory = Memory()
    first: dict[str, int] = {}
    for key, amount in asked:
        [result] = memory.work([command(key, amount, digest=bytes([amount]))]).results
        assert result.answer is not None
        if first.setdefault(key, amount) == amount:
            assert result.answer == memory.keys[key].answer
        else:
            assert result.answer.status == 422
    assert memory.counter("C").total == sum(first.values())


def test_a_bug_leaves_nothing_of_its_event_and_the_rest_goes_on() -> None:
    memory = Memory()
    changes = memory.work(
        [event("A", 1), event("A", 2, quantity=666), event("A", 3), event("B", 1)]
    )
    assert [r.kind for r in changes.results] == ["applied", "bug", "parked", "applied"]
    assert memory.counter("A").seen == ("/matching:A:1",)
    [letter] = changes.dead_letters.values()
    assert "ZeroDivisionError" in letter.traceback


def test_speaking_aggregates_count_their_own_events_without_gaps() -> None:
    memory = Memory()
    memory.work([event("A", 1), event("B", 1), event("A", 2)])
    memory.work([event("B", 2)])
    assert memory.said == ["/audit:A:1", "/audit:B:1", "/audit:A:2", "/audit:B:2"]
