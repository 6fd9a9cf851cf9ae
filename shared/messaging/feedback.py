"""What became of each record from outside, for who sent it: a numbered line for each source.

It is written in the transaction that decides the record, so no line is missing and none is told
twice. A line says ids, codes and our own texts; nothing of what the record said.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared import mongo
from shared.contracts import topics
from shared.contracts.events import Finding, RecordAnswered, RecordOutcome
from shared.errors import Problem
from shared.messaging.changes import Result
from shared.messaging.decision import Answer, State
from shared.messaging.inbox import Item
from shared.personal import has_personal_number

COLLECTION = "feedback"
KEPT_S = 30 * 86_400

NUMBER_DIGITS = 12
AFTER_ALL = "9" * NUMBER_DIGITS
ROWS_READ = 200
NO_EFFECT: Collection[RecordOutcome] = ("refused", "dead_letter")
MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,100}")
OUTCOMES: Mapping[str, RecordOutcome] = {
    "applied": "accepted",
    "repeated": "repeated",
    "dead_letter": "refused",
    "bug": "dead_letter",
    "discarded": "discarded",
}


class FeedbackLine(State):
    """How far the feedback for one source has come. id: the source."""

    COLLECTION: ClassVar[str] = "feedback_lines"


INDEXES: tuple[mongo.Index, ...] = (
    (COLLECTION, [("at", 1)], {"expireAfterSeconds": KEPT_S}),
    (FeedbackLine.COLLECTION, [("_id", 1)], {}),
)


def is_answered(item: Item) -> bool:
    """Whether somebody outside is told what becomes of it."""
    incoming = item.incoming
    return bool(item.sender) and incoming is not None and topics.BY_NAME[incoming.topic].inbound


def describe_result(item: Item, result: Result) -> RecordAnswered | None:
    """None where nothing became of it that its sender does not know: a replay that fails again."""
    outcome = OUTCOMES.get(result.kind)
    if outcome is None or (item.dead_letter and result.problems):
        return None
    incoming, answer = item.incoming, result.answer
    assert incoming is not None
    problems = _list_findings(result.problems)
    if outcome == "accepted":
        outcome = _judge_decision(answer)
    if outcome == "refused" and answer is not None and not problems:
        problems = _read_findings(answer, "problems")
    letter = result.dead_letter or (item.dead_letter if outcome == "discarded" else "")
    return RecordAnswered(
        record_topic=incoming.topic,
        partition=incoming.partition,
        offset=incoming.offset,
        message_id=item.message_id if may_repeat(item.message_id) else None,
        outcome=outcome,
        reference=letter or _find_reference(answer),
        state=_find_state(answer),
        problems=problems,
        warnings=_read_findings(answer, "warnings") if outcome == "accepted" else (),
    )


def _judge_decision(answer: Answer | None) -> RecordOutcome:
    """Of what was decided without a failure. What changes nothing answers nothing."""
    if answer is None:
        return "repeated"
    return "refused" if answer.status >= 400 else "accepted"


def may_repeat(message_id: str) -> bool:
    """Whether an id of somebody else's making may stand in an event: no name, no number of his."""
    return bool(MESSAGE_ID.fullmatch(message_id)) and not has_personal_number(message_id)


def _list_findings(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    return tuple(
        Finding(code=each.code, field=each.field, zh=each.zh, en=each.en)
        for each in (problem.hide_values() for problem in problems)
    )


def _read_findings(answer: Answer | None, name: str) -> tuple[Finding, ...]:
    """Of an answer that a decision made for a caller; its problems are texts already."""
    rows = answer.body.get(name, ()) if answer else ()
    return tuple(Finding(**row) for row in rows)


def _find_reference(answer: Answer | None) -> str | None:
    """The first id that the answer names is what the record became."""
    body = answer.body if answer else {}
    return next((str(v) for k, v in body.items() if k.endswith("_id")), None)


def _find_state(answer: Answer | None) -> str | None:
    body = answer.body if answer else {}
    state = body.get("decision") or body.get("state")
    return str(state) if state else None


# --- as it is stored and read ---


def build_row(
    source: str, entries: Sequence[tuple[int, RecordAnswered]], now: datetime
) -> dict[str, object]:
    """All that one transaction says to one source. Its id sorts by the last number."""
    return {
        "_id": _build_id(source, f"{entries[-1][0]:0{NUMBER_DIGITS}}"),
        "source": source,
        "at": now,
        "entries": [{"number": n, **fact.model_dump(mode="json")} for n, fact in entries],
    }


async def list_feedback(
    database: mongo.Database, source: str, after: int, limit: int
) -> list[dict[str, object]]:
    """What became of the records of this source, in order, behind this number."""
    first = _build_id(source, f"{after:0{NUMBER_DIGITS}}")
    query = {"_id": {"$gt": first, "$lte": _build_id(source, AFTER_ALL)}}
    entries: list[dict[str, object]] = []
    async for row in database[COLLECTION].find(query).sort("_id", 1):
        entries += [
            {**entry, "at": row["at"].isoformat()}
            for entry in row["entries"]
            if entry["number"] > after
        ]
        if len(entries) >= limit:
            break
    return entries[:limit]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that had no effect. at: when that was decided."""

    at: datetime
    record: RecordAnswered


async def list_newest_refusals(database: mongo.Database, source: str, limit: int) -> list[Refusal]:
    """Of the newest records of this source; of its last ROWS_READ transactions at most."""
    query = {"_id": {"$gt": _build_id(source, ""), "$lte": _build_id(source, AFTER_ALL)}}
    cursor = database[COLLECTION].find(query).sort("_id", -1).limit(ROWS_READ)
    refusals = [
        Refusal(row["at"], _parse_entry(entry))
        async for row in cursor
        for entry in reversed(row["entries"])
        if entry["outcome"] in NO_EFFECT
    ]
    return refusals[:limit]


def _parse_entry(entry: Mapping[str, object]) -> RecordAnswered:
    fields = {name: value for name, value in entry.items() if name != "number"}
    return RecordAnswered.model_validate(fields)


def _build_id(source: str, number: str) -> str:
    return f"{source}|{number}"
