"""Folding a batch over the loaded states, in order, in memory: the pure half of the processor.

In: what was loaded (`Snapshot`) and the items. Out: `Changes`, everything one transaction writes.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from shared.contracts import topics
from shared.contracts.envelope import cloud_event
from shared.contracts.events import DeadLetterStored
from shared.errors import Invalid, Problem, refuse
from shared.ids import derived_id
from shared.messages import KEY_REUSED, REPLAY_FAILED
from shared.messaging.changes import Changes, DeadLetter, Known, Outgoing, Result, Snapshot
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Decision,
    Ref,
    State,
    States,
)
from shared.messaging.inbox import Item, bug_problem, followed, traceback_of

log = structlog.get_logger()

TRANSACTION_BYTES_MAX = 4_000_000
DONE = ("applied", "skipped")
TRACE_CONTEXT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class Fold:
    """One batch. `run` works a prefix of the items: `len(changes.results)` of them."""

    def __init__(self, source: str, snapshot: Snapshot, now: datetime) -> None:
        self._source = source
        self._snapshot = snapshot
        self._now = now
        self._view: dict[AnyRef, State | None] = {
            ref: loaded.state for ref, loaded in snapshot.states.items()
        }
        self.changes = Changes()

    def run(self, items: Sequence[Item]) -> Changes:
        for item in items:
            if self.changes.bytes > TRANSACTION_BYTES_MAX or not self._covers(item):
                break
            self.changes.results.append(self._one(item))
            self.changes.bytes += len(item.incoming.value) if item.incoming else 0
        return self.changes

    def _covers(self, item: Item) -> bool:
        """An earlier item of this batch may have made it follow to something not loaded."""
        if not self.changes.results:
            return True
        return all(ref in self._view for ref in followed(item, States(self._view)))

    def _one(self, item: Item) -> Result:
        if item.discard:
            return self._discard(item)
        if item.stream:
            return self._in_sequence(item)
        result = self._by_identity(item)
        if item.dead_letter and result.kind == "applied":
            self.changes.settled_dead_letters[item.dead_letter] = "replayed"
        return result

    # --- our own events: gapless within their subject ---

    def _in_sequence(self, item: Item) -> Result:
        last = self._last(item.stream)
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
            self._unpark(item.stream)
        return result

    def _discard(self, item: Item) -> Result:
        """Steps over what nobody can work, so that what waits behind it goes on."""
        if item.stream and item.sequence == self._last(item.stream) + 1:
            self._advance(item.stream, item.sequence)
            self._unpark(item.stream)
        self.changes.settled_dead_letters[item.dead_letter] = "discarded"
        return Result("discarded", answer=Answer(200, {"discarded": item.dead_letter}))

    def _unpark(self, stream: str) -> None:
        while True:
            sequence = self._last(stream) + 1
            waiting = self.changes.parked.get((stream, sequence)) or (
                self._snapshot.parked.get(stream, {}).get(sequence)
            )
            if waiting is None or self._apply(waiting).kind not in DONE:
                return
            self._advance(stream, sequence)

    def _park(self, item: Item) -> None:
        place = (item.stream, item.sequence)
        if item.sequence not in self._snapshot.parked.get(item.stream, {}):
            self.changes.parked[place] = item
        # Written though unchanged: whoever closes the gap meanwhile would not see what waits.
        self.changes.sequences.setdefault(item.stream, self._last(item.stream))
        self._unpark(item.stream)

    def _last(self, stream: str) -> int:
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

    def _by_identity(self, item: Item) -> Result:
        known = self._known(item.key)
        if known is None:
            return self._apply(item)
        if known.digest == item.digest:
            self._settle(item, "replayed")
            return Result("repeated", answer=known.answer)
        problem = KEY_REUSED.problem("Idempotency-Key")
        if item.incoming is None:
            return Result("refused", answer=refuse(422, problem))
        return self._bury(item, (problem,))

    def _known(self, key: str) -> Known | None:
        if not key:
            return None
        return self.changes.keys.get(key) or self._snapshot.keys.get(key)

    # --- deciding ---

    def _apply(self, item: Item) -> Result:
        if item.problems:
            error = Invalid(*item.problems)
            return self._bury(item, item.problems, trace=item.traceback, error=error)
        if item.input is None or item.handler is None:
            return Result("skipped")
        states = States(self._view)
        try:
            decision = item.handler.decide(states, item.input, self._now)
            staged = self._encode(item, decision)
        except Invalid as invalid:
            return self._bury(item, invalid.problems, error=invalid)
        except Exception as bug:
            return self._bury(item, (bug_problem(bug),), trace=traceback_of(bug), error=bug)
        self._keep(item, decision, states.read, staged)
        return Result("applied", answer=decision.answer)

    def _encode(self, item: Item, decision: Decision) -> tuple[list[Outgoing], dict[AnyRef, int]]:
        """Everything that may fail, before anything is kept: a bug leaves no trace in memory."""
        for state in decision.states:
            if Ref(type(state), state.id) not in self._view:
                raise KeyError(f"{type(state).__name__} was changed and not named by touches")
        for speaker, _ in decision.events:
            if speaker not in decision.states:
                raise ValueError(f"{type(speaker).__name__} speaks and is not among the states")
        correlation, causation, traceparent = item.cause
        emitted: dict[AnyRef, int] = {}
        outgoing = []
        for speaker, fact in decision.events:
            ref = Ref(type(speaker), speaker.id)
            emitted[ref] = sequence = emitted.get(ref, self._emitted(ref)) + 1
            story = speaker.correlation_id or correlation
            event = cloud_event(
                source=self._source,
                subject=speaker.id,
                sequence=sequence,
                time=self._now,
                data=fact,
                correlation_id=story,
                causation_id=causation,
                traceparent=trace_parent(traceparent, story, f"{speaker.id}:{sequence}"),
            )
            outgoing.append(Outgoing(fact.TOPIC, speaker.id, encode(event), event["id"], story))
        return outgoing, emitted

    def _emitted(self, ref: AnyRef) -> int:
        changed = self.changes.emitted.get(ref)
        return self._snapshot.states[ref].emitted if changed is None else changed

    def _keep(
        self,
        item: Item,
        decision: Decision,
        read: set[AnyRef],
        staged: tuple[list[Outgoing], dict[AnyRef, int]],
    ) -> None:
        outgoing, emitted = staged
        for state in decision.states:
            ref: AnyRef = Ref(type(state), state.id)
            is_new = self._snapshot.states[ref].state is None
            kept = _in_story(state, item) if is_new else state
            self._view[ref] = self.changes.states[ref] = kept
        if decision.states or decision.events or decision.records:
            self.changes.read |= read
        self.changes.emitted |= emitted
        self.changes.outgoing += outgoing
        self.changes.records += decision.records
        self.changes.bytes += sum(len(o.value) for o in outgoing)
        if item.key:
            self.changes.keys[item.key] = Known(item.digest, decision.answer)

    def _bury(
        self,
        item: Item,
        problems: tuple[Problem, ...],
        *,
        trace: str = "",
        error: Exception | None = None,
    ) -> Result:
        """A record becomes a dead letter; the caller of a command is told directly."""
        if item.incoming is None:
            return Result("bug" if trace else "refused", error=error)
        id_ = derived_id("DL", self._source, item.place)
        if not item.dead_letter:
            self.changes.dead_letters[id_] = DeadLetter(item, problems, trace)
        answer = REPLAY_FAILED.refusal(409, reason=problems[0].en)
        return Result("bug" if trace else "dead_letter", answer=answer)


def _in_story(state: State, item: Item) -> State:
    if state.correlation_id:
        return state
    return state.model_copy(update={"correlation_id": item.cause[0]})


def trace_parent(cause: str, correlation_id: str, span: str) -> str:
    """W3C trace context: one trace from the first channel event on, one span an event.

    Derived, so that deciding stays pure: a batch decided again says the same.
    """
    given = TRACE_CONTEXT.fullmatch(cause)
    trace = given.group(1) if given else _hex(correlation_id, 16)
    return f"00-{trace}-{_hex(span, 8)}-01"


def _hex(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def encode(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def dead_letter_notice(source: str, id_: str, letter: DeadLetter, now: datetime) -> Outgoing:
    """Tells the operators' topic: ids only, the content stays with the service."""
    assert letter.item.incoming is not None
    fact = DeadLetterStored(
        service=source.removeprefix("/"),
        topic=letter.item.incoming.topic,
        reason=letter.problems[0].code,
    )
    event = cloud_event(
        source=source,
        subject=id_,
        sequence=1,
        time=now,
        data=fact,
        correlation_id=letter.item.correlation_id or id_,
        causation_id=id_,
        traceparent="",
    )
    return Outgoing(topics.DEAD_LETTERS, id_, encode(event))
