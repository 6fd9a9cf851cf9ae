"""Folding a batch over the loaded states, in order, in memory: the pure half of the processor.

In: what was loaded (`Snapshot`) and the items. Out: `Changes`, everything one transaction writes.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from shared.contracts.envelope import Fact
from shared.errors import Conflict, Invalid, PlaceUnsure, Problem, refuse
from shared.ids import make_id
from shared.messages import KEY_REUSED, REPLAY_FAILED
from shared.messaging.changes import (
    Changes,
    DeadLetter,
    Loaded,
    Outgoing,
    Result,
    Snapshot,
    StoredKey,
)
from shared.messaging.deciding import Decided, TooManyReads, decide
from shared.messaging.decision import NOTHING, Answer, AnyRef, NotLoaded, Ref, State
from shared.messaging.encoding import build_outgoing
from shared.messaging.feedback import FeedbackLine, describe_result, is_answered
from shared.messaging.inbox import Item, describe_bug, format_traceback
from shared.tracing.context import Sampling

log = structlog.get_logger()

TRANSACTION_BYTES_MAX = 4_000_000
DONE = ("applied", "skipped")
READ_ROUNDS_MAX = 8
LOOKS_AHEAD_MAX = 8


class _View(dict[AnyRef, State | None]):
    """The aggregates after what was decided so far; one that is remembered comes by itself."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__({ref: loaded.state for ref, loaded in snapshot.states.items()})
        self._snapshot = snapshot

    def __missing__(self, ref: AnyRef) -> State | None:
        loaded = self._snapshot.remembered.get(ref)
        if loaded is None:
            raise KeyError(ref)
        self._snapshot.states[ref] = loaded
        self[ref] = loaded.state
        return loaded.state


class Fold:
    """One batch. It works a prefix of the items: `len(changes.results)` of them.

    `run` stops where a decision reads what is not loaded, `add` gives it that, and `run` goes on:

        while not fold.is_done(items):
            fold.add(await load_states(fold.run(items, 25)))
    """

    def __init__(
        self, source: str, snapshot: Snapshot, now: datetime, sampling: Sampling | None = None
    ) -> None:
        self._source = source
        self._snapshot = snapshot
        self._now = now
        self._sampling = sampling
        self._view = _View(snapshot)
        self._streams_to_unpark: deque[str] = deque()
        self._rounds: Counter[int] = Counter()
        self._looks: Counter[int] = Counter()
        self._early: dict[int, Decided] = {}
        self.changes = Changes()

    def is_done(self, items: Sequence[Item]) -> bool:
        """Whether all are worked, or as many as fit."""
        is_full = self.changes.bytes > TRANSACTION_BYTES_MAX
        is_worked = is_full or len(self.changes.results) == len(items)
        return is_worked and not self._streams_to_unpark

    def run(self, items: Sequence[Item], count: int | None = None) -> set[AnyRef]:
        """Works so many of them at most. Returns what must be loaded before it can go on."""
        try:
            self._work(items, count)
        except NotLoaded as not_loaded:
            refs = not_loaded.refs
        else:
            return set()
        # Not within the handler: a bug met here would tell of the lack as its context.
        return {*refs, *self._find_missing(items)}

    def add(self, states: Mapping[AnyRef, Loaded]) -> None:
        """What `run` asked for. Raises Conflict where memory was behind the database."""
        snapshot = self._snapshot.states
        for ref, loaded in states.items():
            remembered = snapshot.get(ref)
            if remembered is None:
                snapshot[ref], self._view[ref] = loaded, loaded.state
            elif remembered.version != loaded.version:
                raise Conflict(f"{ref.state.__name__} {ref.id} is remembered as it is no more")
            else:
                snapshot[ref] = loaded
                if loaded.state != remembered.state and self._view[ref] is remembered.state:
                    self._view[ref] = loaded.state

    def _work(self, items: Sequence[Item], count: int | None) -> None:
        """Raises NotLoaded between two decisions, never within what one of them changes."""
        self._unpark()
        for item in items[len(self.changes.results) :][:count]:
            if self.changes.bytes > TRANSACTION_BYTES_MAX:
                break
            result = self._work_item(item)
            self._answer_sender(item, result)
            self.changes.results.append(result)
            self.changes.bytes += len(item.incoming.value) if item.incoming else 0
            self._unpark()

    def _answer_sender(self, item: Item, result: Result) -> None:
        """Tells who sent a record from outside what became of it. Its line was loaded with it."""
        fact = describe_result(item, result) if is_answered(item) else None
        if fact is None:
            return
        ref: AnyRef = Ref(FeedbackLine, item.sender)
        line = self._view[ref] or FeedbackLine(id=item.sender)
        number = self._find_last_emitted(ref) + 1
        outgoing = self._build_outgoing(item, line, fact, number)
        self._view[ref] = self.changes.states[ref] = line
        self.changes.emitted[ref] = number
        self.changes.outgoing.append(outgoing)
        self.changes.bytes += len(outgoing.value)
        self.changes.feedback.setdefault(item.sender, []).append((number, fact))

    # --- what the rest of the batch will read ---

    def _find_missing(self, items: Sequence[Item]) -> set[AnyRef]:
        """Decides the rest on what is loaded, to load all that it reads at once.

        An earlier item may yet change what a later one reads: the result is used only if it does
        not. Failures are met again when the item's turn comes. Where every item reads what the one
        before it made, looking ahead finds little: after a few looks an item waits for its turn.
        """
        missing: set[AnyRef] = set()
        rest = items[len(self.changes.results) :]
        for item in [*rest, *self._list_parked(rest)]:
            if self._looks[id(item)] == LOOKS_AHEAD_MAX:
                continue
            early = self._early.get(id(item))
            if (early and early.is_current(self._view)) or not self._may_be_decided(item):
                continue
            self._looks[id(item)] += 1
            try:
                early = self._early[id(item)] = decide(item, self._view, self._now)
            except NotLoaded as not_loaded:
                missing.update(not_loaded.refs)
            else:
                missing.update(self._list_doubtful(early))
        return missing

    def _may_be_decided(self, item: Item) -> bool:
        if item.problems or item.handler is None or item.discard:
            return False
        return (
            item.sequence > self._find_last_sequence(item.stream)
            if item.stream
            else not self._find_key(item)
        )

    def _list_parked(self, items: Sequence[Item]) -> list[Item]:
        streams = {*self._streams_to_unpark, *(item.stream for item in items if item.stream)}
        return [
            item
            for stream in sorted(streams)
            for sequence, item in sorted(self._snapshot.parked.get(stream, {}).items())
            if sequence > self._find_last_sequence(stream)
        ]

    def _work_item(self, item: Item) -> Result:
        if item.discard:
            return self._discard(item)
        if item.stream:
            return self._apply_in_sequence(item)
        result = self._apply_once(item)
        if item.dead_letter and result.kind in DONE:
            self.changes.settled_dead_letters[item.dead_letter] = "replayed"
        return result

    # --- our own events: gapless within their subject ---

    def _apply_in_sequence(self, item: Item) -> Result:
        last = self._find_last_sequence(item.stream)
        if item.sequence <= last:
            self._settle(item, "replayed")
            return Result("repeated")
        if item.sequence > last + 1:
            self._park(item)
            return Result("parked")
        result = self._apply(item)
        if result.kind in DONE:
            self._advance(item.stream, item.sequence)
            self._settle(item, "replayed")
            self._streams_to_unpark.append(item.stream)
        return result

    def _discard(self, item: Item) -> Result:
        """Steps over what nobody can work, so that what waits behind it goes on."""
        if item.stream and item.sequence == self._find_last_sequence(item.stream) + 1:
            self._advance(item.stream, item.sequence)
            self._streams_to_unpark.append(item.stream)
        self.changes.settled_dead_letters[item.dead_letter] = "discarded"
        return Result("discarded", answer=Answer(200, {"discarded": item.dead_letter}))

    def _unpark(self) -> None:
        """Works what waited behind the gaps that closed."""
        while self._streams_to_unpark:
            stream = self._streams_to_unpark[0]
            sequence = self._find_last_sequence(stream) + 1
            item = self.changes.parked.get((stream, sequence)) or (
                self._snapshot.parked.get(stream, {}).get(sequence)
            )
            if item is not None and self._apply(item).kind in DONE:
                self._advance(stream, sequence)
            else:
                self._streams_to_unpark.popleft()

    def _park(self, item: Item) -> None:
        place = (item.stream, item.sequence)
        if item.sequence not in self._snapshot.parked.get(item.stream, {}):
            self.changes.parked[place] = item
        # Written though unchanged: whoever closes the gap meanwhile would not see what waits.
        self.changes.sequences.setdefault(item.stream, self._find_last_sequence(item.stream))
        self._streams_to_unpark.append(item.stream)

    def _find_last_sequence(self, stream: str) -> int:
        changed = self.changes.sequences.get(stream)
        return self._snapshot.sequences.get(stream, 0) if changed is None else changed

    def _advance(self, stream: str, sequence: int) -> None:
        self.changes.sequences[stream] = sequence
        if self.changes.parked.pop((stream, sequence), None) is None and (
            sequence in self._snapshot.parked.get(stream, {})
        ):
            self.changes.unparked.add((stream, sequence))

    def _settle(self, item: Item, how: str) -> None:
        if item.dead_letter:
            self.changes.settled_dead_letters[item.dead_letter] = how

    # --- foreign events and commands: identity by key ---

    def _apply_once(self, item: Item) -> Result:
        stored = self._find_key(item)
        if stored is None:
            return self._apply(item)
        if stored.digest == item.digest:
            self._settle(item, "replayed")
            return Result("repeated", answer=stored.answer)
        problem = KEY_REUSED.problem("Idempotency-Key")
        if item.incoming is None:
            return Result("refused", answer=refuse(422, problem))
        return self._reject(item, (problem,))

    def _find_key(self, item: Item) -> StoredKey | None:
        if not item.key:
            return None
        stored = self._snapshot.keys
        return (
            self.changes.keys.get(item.key) or stored.get(item.key) or stored.get(item.written_key)
        )

    # --- deciding ---

    def _apply(self, item: Item) -> Result:
        if item.problems:
            error = Invalid(*item.problems)
            return self._reject(item, item.problems, trace=item.traceback, error=error)
        if item.input is None or item.handler is None:
            return Result("skipped")
        decided = self._decide(item)
        if doubtful := self._list_doubtful(decided):
            self._early[id(item)] = decided
            raise NotLoaded(doubtful)
        try:
            if decided.error:
                raise decided.error
            staged = self._encode(item, decided)
        except Invalid as invalid:
            return self._reject(item, invalid.problems, error=invalid)
        except Exception as bug:
            return self._reject(item, (describe_bug(bug),), trace=format_traceback(bug), error=bug)
        self._record(item, decided, staged)
        return Result("applied", answer=decided.decision.answer)

    def _decide(self, item: Item) -> Decided:
        """Raises NotLoaded."""
        early = self._early.pop(id(item), None)
        if early and early.is_current(self._view):
            return early
        try:
            return decide(item, self._view, self._now)
        except NotLoaded as not_loaded:
            self._rounds[id(item)] += 1
            if self._rounds[id(item)] > READ_ROUNDS_MAX:
                names = sorted({ref.state.__name__ for ref in not_loaded.refs})
                error = TooManyReads(f"still reads {', '.join(names)}: read with get_each")
                return Decided(NOTHING, {}, error)
            raise

    def _list_doubtful(self, decided: Decided) -> list[AnyRef]:
        """What was read from memory alone, of a decision that no version will be checked for."""
        if decided.writes:
            return []
        states = self._snapshot.states
        return [ref for ref in decided.read if states[ref].is_remembered]

    def _encode(self, item: Item, decided: Decided) -> tuple[list[Outgoing], dict[AnyRef, int]]:
        """Does all that may fail before anything is recorded: a bug leaves nothing in memory."""
        emitted: dict[AnyRef, int] = {}
        outgoing = []
        for aggregate, event_data in decided.decision.events:
            ref = Ref(type(aggregate), aggregate.id)
            emitted[ref] = sequence = emitted.get(ref, self._find_last_emitted(ref)) + 1
            outgoing.append(self._build_outgoing(item, aggregate, event_data, sequence))
        return outgoing, emitted

    def _build_outgoing(
        self, item: Item, aggregate: State, event_data: Fact, sequence: int
    ) -> Outgoing:
        place = (self._source, aggregate, sequence)
        return build_outgoing(item, place, event_data, self._now, self._sampling)

    def _find_last_emitted(self, ref: AnyRef) -> int:
        changed = self.changes.emitted.get(ref)
        return self._snapshot.states[ref].emitted if changed is None else changed

    def _record(
        self,
        item: Item,
        decided: Decided,
        staged: tuple[list[Outgoing], dict[AnyRef, int]],
    ) -> None:
        outgoing, emitted = staged
        decision = decided.decision
        for state in decision.states:
            ref: AnyRef = Ref(type(state), state.id)
            is_new = self._snapshot.states[ref].state is None
            recorded = _with_correlation(state, item) if is_new else state
            self._view[ref] = self.changes.states[ref] = recorded
        if decided.writes:
            self.changes.read |= decided.read.keys()
        self.changes.emitted |= emitted
        self.changes.outgoing += outgoing
        self.changes.records += decision.records
        self.changes.bytes += sum(len(o.value) for o in outgoing)
        if item.key:
            self.changes.keys[item.key] = StoredKey(item.digest, decision.answer)

    def _reject(
        self,
        item: Item,
        problems: tuple[Problem, ...],
        *,
        trace: str = "",
        error: Exception | None = None,
    ) -> Result:
        """A record becomes a dead letter; the caller of a command is told directly.

        Raises PlaceUnsure where nobody looked whether another instance worked it already.
        """
        if item.incoming is None:
            return Result("bug" if trace else "refused", error=error)
        if item.stream in self._snapshot.assumed:
            raise PlaceUnsure(f"{item.stream} may have gone on since")
        id_ = make_id("DL", self._source, item.place)
        if not item.dead_letter:
            self.changes.dead_letters[id_] = DeadLetter(item, problems, trace)
        answer = REPLAY_FAILED.refusal(409, reason=problems[0].en)
        return Result(
            "bug" if trace else "dead_letter", answer=answer, problems=problems, dead_letter=id_
        )


def _with_correlation(state: State, item: Item) -> State:
    if state.correlation_id:
        return state
    return state.model_copy(update={"correlation_id": item.cause[0]})
