"""A gap in a subject's events is an alarm, and is asked for again where the events come from.

The source has them in its outbox and publishes them once more; who has them already drops them.
Bounded on both sides: a subject is asked for ever more rarely, and one call names few events.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from shared import mongo, telemetry
from shared.contracts.resending import (
    EVENTS_MAX,
    RESEND_PATH,
    SUBJECTS_MAX,
    Missing,
    ResendQuery,
)
from shared.contracts.topics import SERVICES
from shared.http import CallError, HttpClient
from shared.messaging.batch_store import DEAD_LETTERS, PARKED, SEQUENCES
from shared.runtime import Runtime
from shared.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
NAMED_MAX = 20
"""Lines of the log at each look, of those that are new."""
GAPS_MAX = 10_000
ASKED_MAX = 500
"""Subjects at one look."""
ASK_AGAIN_S_MIN = 30.0
ASK_AGAIN_S_MAX = 3600.0


@dataclass(frozen=True, slots=True)
class Gap:
    """stream: source and subject. first, last: the sequences that are missing."""

    stream: str
    first: int
    last: int

    @property
    def source(self) -> str:
        """The name of a service; empty where none of ours is meant."""
        name = self.stream.partition("|")[0].removeprefix("/")
        return name if name in SERVICES else ""

    @property
    def missing(self) -> Missing:
        subject = self.stream.partition("|")[2]
        last = min(self.last, self.first + EVENTS_MAX - 1)
        return Missing(subject=subject, first=self.first, last=last)


async def find_gaps(database: mongo.Database, parked_before: datetime) -> list[Gap]:
    """Those whose next event has waited since then."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"parked_at": {"$lt": parked_before}}},
        {"$group": {"_id": "$stream", "next": {"$min": "$sequence"}}},
        {"$limit": GAPS_MAX},
    ]
    rows = await database[PARKED].aggregate(pipeline).to_list(None)
    nexts = {row["_id"]: row["next"] for row in rows}
    if not nexts:
        return []
    sequences = await database[SEQUENCES].find({"_id": {"$in": list(nexts)}}).to_list(None)
    lasts = {row["_id"]: row["last"] for row in sequences}
    gaps = (Gap(stream, lasts.get(stream, 0) + 1, nexts[stream] - 1) for stream in sorted(nexts))
    return [gap for gap in gaps if gap.first <= gap.last]


async def find_settleable(database: mongo.Database, gaps: Sequence[Gap]) -> frozenset[str]:
    """Streams whose missing event is here as a dead letter: a person settles it, and to send it
    again would only fail again."""
    query = {"state": {"$in": ["open", "erased"]}, "stream": {"$in": [gap.stream for gap in gaps]}}
    rows = await database[DEAD_LETTERS].find(query, {"stream": 1, "sequence": 1}).to_list(None)
    firsts = {gap.stream: gap.first for gap in gaps}
    return frozenset(row["stream"] for row in rows if row["sequence"] == firsts[row["stream"]])


class Requests:
    """Which gaps are asked for now: each at once, and ever more rarely while it stays as it is."""

    def __init__(self) -> None:
        self._due: dict[Gap, tuple[float, float]] = {}

    def choose(self, gaps: Iterable[Gap], now_s: float) -> list[Gap]:
        """now_s: of a clock that only grows. What is chosen counts as asked for; the others' turn
        comes at a later look."""
        self._due = {gap: self._due.get(gap, (now_s, ASK_AGAIN_S_MIN)) for gap in gaps}
        chosen: list[Gap] = []
        for gap, (due_s, wait_s) in self._due.items():
            if due_s <= now_s and len(chosen) < ASKED_MAX:
                chosen.append(gap)
                self._due[gap] = now_s + wait_s, min(2 * wait_s, ASK_AGAIN_S_MAX)
        return chosen


class GapWatch:
    """Of one process. Others of its service may ask too: sending twice harms nobody."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._requests = Requests()
        self._named: frozenset[str] = frozenset()

    async def look(self) -> None:
        runtime = self._runtime
        alarm = timedelta(seconds=runtime.settings.gap_alarm_s)
        gaps = await find_gaps(runtime.database, await runtime.processor.now() - alarm)
        telemetry.GAPS_OPEN.labels(runtime.name).set(len(gaps))
        streams = frozenset(gap.stream for gap in gaps)
        for stream in sorted(streams - self._named)[:NAMED_MAX]:
            log.error("sequence_gap_open", service=runtime.name, stream=stream)
        self._named = streams
        settleable = await find_settleable(runtime.database, gaps) if gaps else ()
        askable = [gap for gap in gaps if gap.source and gap.stream not in settleable]
        chosen = self._requests.choose(askable, asyncio.get_running_loop().time())
        for source, missing in group_by_source(chosen).items():
            for start in range(0, len(missing), SUBJECTS_MAX):
                await self._ask(source, missing[start : start + SUBJECTS_MAX])

    async def _ask(self, source: str, missing: Sequence[Missing]) -> None:
        runtime = self._runtime
        query = ResendQuery(missing=tuple(missing))
        outcome = await ask_source(runtime.http, runtime.settings, source, query)
        telemetry.GAPS_ASKED.labels(runtime.name, source).inc(len(missing))
        log.warning(
            "gaps_asked_for", service=runtime.name, source=source, gaps=len(missing), answer=outcome
        )


def group_by_source(gaps: Iterable[Gap]) -> dict[str, list[Missing]]:
    missing: dict[str, list[Missing]] = {}
    for gap in gaps:
        missing.setdefault(gap.source, []).append(gap.missing)
    return missing


async def ask_source(http: HttpClient, settings: Settings, source: str, query: ResendQuery) -> str:
    """What it answered, in a word or two; who does not answer is asked again later."""
    url: str = getattr(settings, f"{source}_url")
    try:
        token = (settings.secrets_dir / "service.token").read_text().strip()
        reply = await http.post(
            f"{url.rstrip('/')}{RESEND_PATH}",
            orjson.dumps(query.model_dump(mode="json")),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
    except (CallError, OSError) as error:
        return type(error).__name__
    return f"status {reply.status}"


async def watch_gaps(runtime: Runtime) -> None:
    """Endless."""
    watch = GapWatch(runtime)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await watch.look()
